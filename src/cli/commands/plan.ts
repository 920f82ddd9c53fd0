/** `tetsu plan`: what the bridge would have the cluster be, for people. */

import { formatTable } from '../table.ts';

type Told = { readonly text: string };

type Plan = {
  readonly leading: boolean;
  readonly madeAt: string | null;
  readonly generation: number;
  readonly changes: readonly Told[];
  readonly swaps: readonly (Told & { readonly failed: string; readonly newcomer: string })[];
  readonly refusals: readonly (Told & { readonly kind: string; readonly release: string })[];
  readonly waitingFor: readonly Told[];
  readonly decisions: readonly {
    readonly serial: string;
    readonly is: string;
    readonly text: string;
  }[];
  readonly controlPlanes: readonly string[];
  readonly workers: readonly string[];
  readonly writes: readonly {
    readonly at: string;
    readonly generation: number;
    readonly changes: readonly string[];
  }[];
  readonly problem?: string | null;
};

/** More lines of one kind are counted instead of printed; `-o json` has them all. */
const linesMax = 40;

export function formatPlan(body: unknown): string {
  if (typeof body !== 'object' || body === null || !('decisions' in body)) {
    return 'no plan: the server has no cluster template (member `cluster` of its configuration)';
  }
  const plan = body as Plan;
  const { length: controlPlanes } = plan.controlPlanes;
  const parts = [
    `cluster generation ${plan.generation}: ${controlPlanes} control planes, ${plan.workers.length} workers` +
      (plan.madeAt === null ? '' : ` (looked at ${plan.madeAt})`),
    section('problem', plan.problem ? [plan.problem] : []),
    section(
      'held back',
      plan.refusals.map(({ text, release }) => `${text}; ${release}`),
    ),
    section(
      'swaps',
      plan.swaps.map(({ text }) => text),
    ),
    section(
      'changes due',
      plan.changes.map(({ text }) => text),
    ),
    section(
      'waiting for',
      plan.waitingFor.map(({ text }) => text),
    ),
    section(
      'last writes',
      plan.writes
        .slice(-5)
        .map((write) => `${write.at} generation ${write.generation}: ${summary(write.changes)}`),
    ),
    decisions(plan),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function section(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return '';
  const rest = lines.length > linesMax ? [`  … and ${lines.length - linesMax} more (-o json)`] : [];
  return [`${title}:`, ...lines.slice(0, linesMax).map((line) => `  ${line}`), ...rest].join('\n');
}

function summary(changes: readonly string[]): string {
  return changes.length <= 3
    ? changes.join('; ')
    : `${changes.slice(0, 3).join('; ')} and ${changes.length - 3} more`;
}

function decisions(plan: Plan): string {
  if (plan.decisions.length === 0) return '';
  return formatTable(
    [
      { title: 'MACHINE', cell: ({ serial }) => serial },
      { title: 'CLUSTER', cell: ({ is }) => is },
      { title: 'WHY', cell: ({ text }) => text },
    ],
    plan.decisions,
  );
}
