/**
 * What a search may ask, and whether a machine answers to it.
 *
 * One query serves REST (`without-labels` excludes a machine that has all the pairs) and GraphQL (`notHaving.labels`
 * excludes one that has any of them), as Sabakan 3.1.9 has it.
 */

import { formatIpv4 } from '../base/addresses.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { type Instant, instantOf, msBetween } from '../base/time.ts';
import type { Machine, MachineState } from './machine.ts';

export type LabelPair = { readonly name: string; readonly value: string };

/** Absent or empty: no condition. All given conditions must hold; within a list any value does. */
export type Conditions = {
  readonly serials?: readonly string[];
  readonly racks?: readonly number[];
  readonly roles?: readonly string[];
  /** Dotted node addresses; the BMC's does not count. */
  readonly ipv4?: readonly string[];
  readonly ipv6?: readonly string[];
  readonly bmcTypes?: readonly string[];
  readonly states?: readonly (MachineState | string)[];
  /** All pairs must be there. */
  readonly labels?: readonly LabelPair[];
  /** Whole days until the retire date, at least. */
  readonly minDaysBeforeRetire?: number;
};

export type MachineQuery = {
  readonly having?: Conditions;
  /** A machine that meets any one of these is left out. */
  readonly notHaving?: Conditions & {
    /** `all`: left out only with all label pairs (REST); `any`: with any of them (GraphQL, the default). */
    readonly labelsMode?: 'all' | 'any';
  };
};

const dayMs = 86_400_000;

export function matches(query: MachineQuery, machine: Machine, now: Instant): boolean {
  return matcher(query, now)(machine);
}

/** The query made ready once, for many machines. */
export function matcher(query: MachineQuery, now: Instant): (machine: Machine) => boolean {
  const { having = {}, notHaving = {} } = query;
  const wanted = testsOf(having, now);
  const unwanted = testsOf(notHaving, now);
  const wantedLabels = having.labels ?? [];
  const unwantedLabels = notHaving.labels ?? [];
  const hasUnwantedLabels = (machine: Machine): boolean =>
    notHaving.labelsMode === 'all'
      ? unwantedLabels.every((pair) => hasLabel(machine, pair))
      : unwantedLabels.some((pair) => hasLabel(machine, pair));
  return (machine) =>
    wanted.every((test) => test(machine)) &&
    wantedLabels.every((pair) => hasLabel(machine, pair)) &&
    !unwanted.some((test) => test(machine)) &&
    (unwantedLabels.length === 0 || !hasUnwantedLabels(machine));
}

/** Whole days from now to the retire date, cut toward zero. */
function daysBeforeRetire(machine: Machine, now: Instant): number {
  return Math.trunc(msBetween(now, instantOf(machine.spec.retireDate)) / dayMs);
}

type Test = (machine: Machine) => boolean;

/** One test per condition that is given, labels apart. */
function testsOf(conditions: Conditions, now: Instant): readonly Test[] {
  const tests: Test[] = [];
  const listed = <T>(
    values: readonly T[] | undefined,
    test: (machine: Machine, values: ReadonlySet<T>) => boolean,
  ): void => {
    if (values === undefined || values.length === 0) return;
    const set = new Set(values);
    tests.push((machine) => test(machine, set));
  };
  listed(conditions.serials, ({ spec }, serials) => serials.has(spec.serial));
  listed(conditions.racks, ({ spec }, racks) => racks.has(spec.rack));
  listed(conditions.roles, ({ spec }, roles) => roles.has(spec.role));
  listed(conditions.ipv4, ({ spec }, ipv4) => spec.ipv4.some((own) => ipv4.has(formatIpv4(own))));
  listed(conditions.ipv6, () => false);
  listed(conditions.bmcTypes, ({ spec }, types) => types.has(spec.bmc.type));
  listed(conditions.states, ({ status }, states) => states.has(status.state));
  const days = conditions.minDaysBeforeRetire;
  if (days !== undefined) tests.push((machine) => days <= daysBeforeRetire(machine, now));
  return tests;
}

function hasLabel({ spec }: Machine, { name, value }: LabelPair): boolean {
  return spec.labels.get(name) === value;
}

/** The eight fields of v1's `GET /machines`, each also as `without-…`. */
const restFields = [
  'serial',
  'rack',
  'role',
  'ipv4',
  'ipv6',
  'bmc-type',
  'state',
  'labels',
] as const;

export type RestQueryProblem =
  /** A field both plain and with `without-`. */
  | { readonly kind: 'contradiction'; readonly text: string }
  /** A labels item without `=`. */
  | { readonly kind: 'labels-malformed'; readonly text: string };

/**
 * Sabakan's query string: comma lists, empty values mean "not given". `unknownOnly` is true when something was given
 * but nothing that is known, which finds no machine.
 */
export function parseRestQuery(
  parameters: ReadonlyMap<string, string>,
): Result<{ readonly query: MachineQuery; readonly unknownOnly: boolean }, RestQueryProblem> {
  const given = (name: string): readonly string[] => {
    const text = parameters.get(name) ?? '';
    return text === '' ? [] : text.split(',');
  };
  if (restFields.some((field) => given(field).length > 0 && given(`without-${field}`).length > 0)) {
    const text = "'with' and 'without' options about the same things are specified.";
    return fail({ kind: 'contradiction', text });
  }
  for (const field of ['labels', 'without-labels']) {
    const bad = given(field).find((item) => !item.includes('='));
    if (bad !== undefined)
      return fail({ kind: 'labels-malformed', text: `invalid query in labels: ${bad}` });
  }
  const conditions = (prefix: string): Conditions => ({
    serials: given(`${prefix}serial`),
    // Text is compared with the decimal text of the rack, so `01` finds nothing.
    racks: given(`${prefix}rack`).map((text) => (/^(0|[1-9]\d*)$/.test(text) ? Number(text) : -1)),
    roles: given(`${prefix}role`),
    ipv4: given(`${prefix}ipv4`),
    ipv6: given(`${prefix}ipv6`),
    bmcTypes: given(`${prefix}bmc-type`),
    states: given(`${prefix}state`),
    labels: given(`${prefix}labels`).map(labelPair),
  });
  const known = new Set<string>(restFields.flatMap((field) => [field, `without-${field}`]));
  const filled = [...parameters].filter(([, value]) => value !== '').map(([name]) => name);
  return ok({
    query: { having: conditions(''), notHaving: { ...conditions('without-'), labelsMode: 'all' } },
    unknownOnly: filled.length > 0 && !filled.some((name) => known.has(name)),
  });
}

function labelPair(item: string): LabelPair {
  const cut = item.indexOf('=');
  return { name: item.slice(0, cut), value: item.slice(cut + 1) };
}
