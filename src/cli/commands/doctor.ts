/** What an examination found, for people: the worst first, each with what to do. */

import type { DoctorReportV2 } from '../../sabakan/contract/doctor.ts';
import type { Get } from '../answer.ts';
import { Failure } from '../failure.ts';
import { type Paint, unpainted } from '../style.ts';
import { printable } from '../table.ts';

type Finding = DoctorReportV2['findings'][number];

/** A server examines itself. */
export async function askDoctor(get: Get): Promise<DoctorReportV2> {
  const { status, body } = await get('/api/v2/doctor');
  if (status === 200) return body as DoctorReportV2;
  throw new Failure(
    'this server has no doctor',
    'is it a Tetsukan of this version? on its host: tetsu doctor --config FILE',
  );
}

const marks = { problem: 'PROBLEM', warning: 'warning', ok: 'ok' } as const;

export function formatReport(
  { server, findings }: DoctorReportV2,
  paint: Paint = unpainted,
): string {
  const of = (level: Finding['level']) => findings.filter((finding) => finding.level === level);
  const [problems, warnings, fine] = [of('problem'), of('warning'), of('ok')];
  const counts = [
    counted(problems.length, 'problem'),
    counted(warnings.length, 'warning'),
    `${fine.length} ok`,
  ];
  return [
    ...[...problems, ...warnings].flatMap((one) => withAdvice(one, paint)),
    ...fine.map((one) => line(one, paint)),
    '',
    `${printable(server)}: ${counts.join(', ')}`,
  ].join('\n');
}

function withAdvice(finding: Finding, paint: Paint): readonly string[] {
  return [line(finding, paint), `         ${' '.repeat(checkWidth)}→ ${printable(finding.advice)}`];
}

const checkWidth = 14;

const styles = { problem: 'bad', warning: 'odd', ok: 'good' } as const;

function line({ level, check, subject, found }: Finding, paint: Paint): string {
  const text = `${check.padEnd(checkWidth)}${subject}: ${found}`;
  return paint(styles[level], marks[level].padEnd(9)) + printable(text);
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
