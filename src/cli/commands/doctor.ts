/** What an examination found, for people: the worst first, each with what to do. */

import type { DoctorReportV2 } from '../../sabakan/contract/doctor.ts';
import type { Get } from '../answer.ts';
import { Failure } from '../failure.ts';
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

export function formatReport({ server, findings }: DoctorReportV2): string {
  const of = (level: Finding['level']) => findings.filter((finding) => finding.level === level);
  const [problems, warnings, fine] = [of('problem'), of('warning'), of('ok')];
  const counts = [
    counted(problems.length, 'problem'),
    counted(warnings.length, 'warning'),
    `${fine.length} ok`,
  ];
  return [
    ...[...problems, ...warnings].flatMap(withAdvice),
    ...fine.map(line),
    '',
    `${printable(server)}: ${counts.join(', ')}`,
  ].join('\n');
}

function withAdvice(finding: Finding): readonly string[] {
  return [line(finding), `         ${' '.repeat(checkWidth)}→ ${printable(finding.advice)}`];
}

const checkWidth = 14;

function line({ level, check, subject, found }: Finding): string {
  const text = `${marks[level].padEnd(9)}${check.padEnd(checkWidth)}${subject}: ${found}`;
  return printable(text);
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
