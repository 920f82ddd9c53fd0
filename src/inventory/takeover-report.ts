/** What `tetsu migrate --check` found, for programs: a stable JSON form. */

import type { Finding, SchemaFound, TakeoverPlan } from './takeover.ts';

export type TakeoverReport = {
  readonly prefix: string;
  readonly plan: TakeoverPlan;
  /** What was read, and where the store was when everything had been looked at: the same unless others wrote. */
  readonly revision: string;
  readonly revisionAfter: string;
  readonly seconds: number;
};

export function countOf(findings: readonly Finding[], weight: Finding['weight']): number {
  return findings.filter((finding) => finding.weight === weight).length;
}

/** `1`, `2`, `3`, `fresh`, or what else stands there. */
export function schemaText(found: SchemaFound): string {
  return typeof found === 'object' ? found.unknown : found;
}

export function takeoverReportJson(report: TakeoverReport): unknown {
  const { found, steps, findings, records } = report.plan;
  return {
    prefix: report.prefix,
    schema: schemaText(found),
    known: typeof found !== 'object',
    records,
    revision: report.revision,
    revisionAfter: report.revisionAfter,
    seconds: report.seconds,
    steps: steps.map(({ from, to, changes }) => ({
      from,
      to,
      changes: changes.map(({ key, what, writes }) => ({
        key,
        what,
        puts: writes.filter(({ kind }) => kind === 'put').map((write) => write.key),
        deletes: writes.filter(({ kind }) => kind === 'delete').map((write) => write.key),
      })),
    })),
    problems: countOf(findings, 'problem'),
    notices: countOf(findings, 'notice'),
    findings,
  };
}
