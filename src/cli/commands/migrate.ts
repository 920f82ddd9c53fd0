/** `tetsu migrate`: what was found in a Sabakan's database, or what an upgrade of it did, as text. */

import { schemaVersion } from '../../inventory/keys.ts';
import type { Finding, SchemaFound, TakeoverStep } from '../../inventory/takeover.ts';
import { countOf, type TakeoverReport } from '../../inventory/takeover-report.ts';
import type { Upgrade } from '../../inventory/takeover-run.ts';
import { printable } from '../table.ts';

/** Per weight, unless everything is asked for: a mistake in IPAM shows in every machine. */
const findingsShownMax = 20;

/** 0: nothing in the way; 1: something is not understood. Stable: scripts depend on them. */
export function checkExitCode({ plan }: TakeoverReport): 0 | 1 {
  return countOf(plan.findings, 'problem') === 0 ? 0 : 1;
}

/** @param wide every change and every finding, not only their numbers and the first of them. */
export function formatCheck(report: TakeoverReport, wide: boolean): string {
  const { found, steps, findings, records } = report.plan;
  const others = report.revision === report.revisionAfter ? '' : '; others wrote meanwhile';
  const lines = [
    `schema   ${schemaLine(found)}`,
    `records  ${records} under ${printable(report.prefix)}`,
    `read at  revision ${report.revision}, in ${report.seconds.toFixed(1)} s; nothing was written${others}`,
    '',
    ...steps.flatMap((step) => stepLines(step, wide)),
    ...(steps.length === 0 ? [nothingToChange(found)] : []),
    '',
    ...findingLines(findings, 'problem', wide),
    ...findingLines(findings, 'notice', wide),
    verdict(report),
  ];
  return lines.join('\n');
}

export function formatUpgrade({ found, steps }: Upgrade): string {
  if (steps.length === 0) return nothingToChange(found);
  return [
    ...steps.map(({ from, to, changed }) => `schema ${from} → ${to}: ${records(changed)} changed`),
    `the database has schema version ${schemaVersion} now`,
  ].join('\n');
}

function schemaLine(found: SchemaFound): string {
  if (typeof found === 'object') return `${JSON.stringify(found.unknown)}, which is unknown`;
  const words = {
    '1': '1 (no version key: Sabakan before 1.2)',
    '2': '2 (Sabakan 1.2)',
    '3': '3 (Sabakan 2 and 3)',
    fresh: 'none: no version and no IPAM configuration; is etcd.prefix right?',
  };
  return words[found];
}

function nothingToChange(found: SchemaFound): string {
  if (typeof found === 'object') return 'An upgrade is not possible.';
  return found === 'fresh'
    ? `Nothing to upgrade: the first server start makes it a database of version ${schemaVersion}.`
    : `Nothing to upgrade: the records are used exactly as they are.`;
}

function stepLines({ from, to, changes }: TakeoverStep, wide: boolean): readonly string[] {
  const areas = Map.groupBy(changes, ({ key }) => key.split('/')[0] ?? '');
  const counts = [...areas].map(([area, list]) => `${printable(area)} ${list.length}`);
  const head = `Upgrade ${from} → ${to} changes ${records(changes.length)}: ${counts.join(', ')}`;
  if (!wide) return [head];
  const width = Math.max(...changes.map(({ key }) => key.length));
  const each = changes.map(
    ({ key, what }) => `  ${printable(key).padEnd(width)}  ${printable(what)}`,
  );
  return [head, ...each];
}

function findingLines(
  findings: readonly Finding[],
  weight: Finding['weight'],
  wide: boolean,
): readonly string[] {
  const ours = findings.filter((finding) => finding.weight === weight);
  if (ours.length === 0) return [];
  const shown = wide ? ours : ours.slice(0, findingsShownMax);
  const title = weight === 'problem' ? 'Not understood' : 'Worth a look';
  const more = ours.length - shown.length;
  return [
    `${title} (${ours.length}):`,
    ...shown.flatMap(({ key, what, does, remedy }) => [
      `  ${printable(key)}`,
      `    what      ${printable(what)}`,
      `    Tetsukan  ${printable(does)}`,
      `    you       ${printable(remedy)}`,
    ]),
    ...(more > 0 ? [`  and ${more} more: -o wide or -o json shows all`] : []),
    '',
  ];
}

function verdict({ plan }: TakeoverReport): string {
  const problems = countOf(plan.findings, 'problem');
  if (problems === 0) return 'Nothing is in the way.';
  const things = problems === 1 ? '1 thing is' : `${problems} things are`;
  const consequence =
    typeof plan.found === 'object'
      ? 'a server does not start on this database'
      : plan.steps.length > 0
        ? 'a server does not start, and upgrades nothing, until that is put right'
        : 'a server starts all the same';
  return `${things} not understood: ${consequence}.`;
}

function records(count: number): string {
  return count === 1 ? '1 record' : `${count} records`;
}
