/** `POST /registrations`: a file of machines becomes one change of the inventory, or every mistake with its place. */

import { formatIpv4 } from '../../base/addresses.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import { fingerprintOf } from '../../cke-bridge/fingerprint.ts';
import type { Applied, ApplyTerms, ConfigOutcome, MachineOutcome } from '../../inventory/apply.ts';
import type { Actor } from '../../inventory/audit.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import type { Machine } from '../../inventory/machine.ts';
import type { MachineRefusal } from '../../inventory/problem.ts';
import {
  mergedWishes,
  mistakeText,
  type Roster,
  type RosterFormat,
  type RosterMistakes,
  readRoster,
  rosterBytesMax,
  servedYamlBytesMax,
} from '../../inventory/roster.ts';
import type { Spot } from '../../inventory/roster-spot.ts';
import { applyRegistration, type RegistrationV2 } from '../contract/registration.ts';
import type { Exchange } from '../exchange.ts';
import type { Place, Problem } from '../problems.ts';
import { actorOf } from '../rest/noun.ts';
import { json } from './collection-endpoints.ts';
import type { Call, Endpoint, RawBody, Refusal } from './endpoint.ts';
import { readIfMatch } from './precondition.ts';

/** How often machines may change between the look at their labels and the commit. */
const triesMax = 4;
/** Of mistakes that the sentence names; the list has more. */
const namedMax = 3;

const formats: ReadonlyMap<string, RosterFormat> = new Map([
  ['text/csv', 'csv'],
  ['application/json', 'json'],
  ['application/yaml', 'yaml'],
  ['application/x-yaml', 'yaml'],
  ['text/yaml', 'yaml'],
  ['text/x-yaml', 'yaml'],
]);

type Deps = { readonly inventory: Inventory; readonly serverName: string };

export function registrationEndpoint({ inventory, serverName }: Deps): Endpoint {
  const rosterOf = (call: Call): Result<Roster, Refusal> => {
    const format = formatOf(call);
    if (!format.ok) return format;
    const { bytes } = call.body as RawBody;
    const terms = { present: inventory.ipam(), yamlBytesMax: servedYamlBytesMax };
    const roster = readRoster(bytes, format.value, terms);
    return roster.ok ? roster : fail(mistaken(roster.error));
  };
  return {
    operation: applyRegistration,
    bodyBytesMax: rosterBytesMax,
    handle: async (call) => {
      const expected = expectedTags(call.exchange);
      if (!expected.ok) return expected;
      const roster = rosterOf(call);
      if (!roster.ok) return roster;
      const dryRun = call.query.get('dryRun') === 'true';
      const approve = approval(expected.value, call.query.get('expect'));
      const terms = { dryRun, approve, evenInUse: isEvenInUse(call) };
      const actor = actorOf(call.exchange, serverName);
      const applied = await apply(inventory, roster.value, terms, actor);
      if (!applied.ok) return fail(refusalOf(applied.error, roster.value));
      const etag = dryRun ? { etag: `"${tagOf(applied.value)}"` } : {};
      return ok(json(published(applied.value, roster.value, dryRun), etag));
    },
    // What the same file would do now: nothing more, unless somebody has changed its machines since.
    again: async (call) => {
      const roster = rosterOf(call);
      if (!roster.ok) return undefined;
      const terms = { dryRun: true, approve: () => undefined, evenInUse: isEvenInUse(call) };
      const now = await apply(inventory, roster.value, terms, actorOf(call.exchange, serverName));
      return now.ok ? json(published(now.value, roster.value, false)) : undefined;
    },
  };
}

function isEvenInUse({ query }: Call): boolean {
  return query.get('evenInUse') === 'true';
}

function formatOf({ exchange, query }: Call): Result<RosterFormat, Refusal> {
  const given = query.get('format');
  if (given !== undefined) return ok(given as RosterFormat);
  const type = exchange.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  const format = formats.get(type);
  if (format !== undefined) return ok(format);
  const text = `the body is ${JSON.stringify(type.slice(0, 80))}; it must be text/csv, application/json or application/yaml, or say ?format=csv, json or yaml`;
  return fail({ problem: { kind: 'media-type-unknown', text } });
}

/** The tags of previews one of which will do; undefined: whatever it is. */
function expectedTags(exchange: Exchange): Result<readonly string[] | undefined, Refusal> {
  return exchange.headers.get('if-match') === undefined ? ok(undefined) : readIfMatch(exchange);
}

type Approve = (outcome: Pick<Applied, 'outcomes' | 'config'>) => string | undefined;

function approval(tags: readonly string[] | undefined, expect: string | undefined): Approve {
  return (outcome) => {
    if (tags !== undefined && !tags.includes(tagOf(outcome))) {
      return 'the fleet has changed since that preview, or the file has: what would be done now is something else; nothing was done';
    }
    const { registered, changed } = countsOf(outcome.outcomes);
    if (expect === undefined || registered + changed === Number(expect)) return undefined;
    return `${registered} machines would be registered and ${changed} changed, not ${expect} as expected; nothing was done`;
  };
}

/** The same for a preview and its application as long as they would do the same to the same machines. */
function tagOf({ outcomes, config }: Pick<Applied, 'outcomes' | 'config'>): string {
  const machines = outcomes.map((outcome) => {
    const { serial, rack, indexInRack } = outcome.machine.spec;
    // What stays as it is may change its state meanwhile.
    const seen = outcome.kind === 'changed' ? changesOf(outcome) : null;
    return [serial, outcome.kind, rack, indexInRack, seen];
  });
  return fingerprintOf(JSON.stringify([machines, config]));
}

/** Labels are put over those a machine has, so it is looked at again when it has changed in between. */
async function apply(
  inventory: Inventory,
  roster: Roster,
  terms: Pick<ApplyTerms, 'dryRun' | 'evenInUse'> & { readonly approve: Approve },
  actor: Actor,
): ReturnType<Inventory['applyMachines']> {
  const config = {
    ...(roster.ipam === undefined ? {} : { ipam: roster.ipam.config }),
    ...(roster.dhcp === undefined ? {} : { dhcp: roster.dhcp.config }),
  };
  for (let tries = 1; ; tries += 1) {
    const { wishes, expected } = mergedWishes(roster.machines, inventory);
    const result = await inventory.applyMachines(wishes, { ...terms, config, expected }, actor);
    const isStale =
      !result.ok &&
      result.error.kind === 'machines-refused' &&
      result.error.refusals.every(({ problem }) => problem.kind === 'precondition-failed');
    if (!isStale || tries >= triesMax) return result;
  }
}

function mistaken({ shown, total, isCut }: RosterMistakes): Refusal {
  const named = shown
    .slice(0, namedMax)
    .map((mistake) => `${lineText(mistake.spot)}: ${mistake.text}`);
  const more = total - named.length;
  const text = [
    `${total === 1 ? 'a mistake is' : `${isCut ? 'at least ' : ''}${total} mistakes are`} in the file, nothing was done: ${named.join('; ')}`,
    ...(more > 0 ? [`and ${more} more`] : []),
  ].join('; ');
  const places = shown.map((mistake) => ({
    ...placeAt(mistake.spot),
    detail: mistakeText(mistake),
  }));
  return { problem: { kind: 'invalid', mistakes: [], text }, places };
}

/** What the fleet has against it, at the rows that ask for it. */
function refusalOf(problem: Problem, roster: Roster): Refusal {
  if (problem.kind === 'machines-exist' && roster.ipam !== undefined) {
    const place = { ...placeAt(roster.ipam.spot), detail: problem.text };
    return { problem, places: [place] };
  }
  if (problem.kind !== 'machines-refused') return { problem };
  const place = ({ at, member, problem: { text } }: MachineRefusal): Place => {
    const spot = roster.machines[at]?.spotOf(member);
    return { ...(spot === undefined ? {} : placeAt(spot)), detail: text };
  };
  return { problem, places: problem.refusals.map(place) };
}

function placeAt(spot: Spot): Omit<Place, 'detail'> {
  return spot.kind === 'cell'
    ? { row: spot.row, column: spot.column }
    : { pointer: spot.pointer, line: spot.line, column: spot.column };
}

function lineText(spot: Spot): string {
  return spot.kind === 'cell' ? `row ${spot.row}` : `line ${spot.line}`;
}

function countsOf(outcomes: readonly MachineOutcome[]): RegistrationV2['counts'] {
  const counts = { registered: 0, changed: 0, unchanged: 0 };
  for (const { kind } of outcomes) counts[kind] += 1;
  return counts;
}

function published(
  { outcomes, config, revision }: Applied,
  { machines }: Roster,
  dryRun: boolean,
): RegistrationV2 {
  return {
    dryRun,
    revision,
    counts: countsOf(outcomes),
    config: config.map((one) => ({
      noun: one.noun,
      outcome: one.kind,
      changes: configChanges(one),
    })),
    machines: outcomes.map((outcome, at) => {
      const { spec, status } = outcome.machine;
      const spot = machines[at]?.spotOf('machine');
      return {
        serial: spec.serial,
        outcome: outcome.kind,
        ...(spot === undefined
          ? {}
          : spot.kind === 'cell'
            ? { row: spot.row }
            : { line: spot.line }),
        state: status.state,
        spec: shownSpec(outcome.machine),
        changes: outcome.kind === 'changed' ? changesOf(outcome) : [],
      };
    }),
  };
}

function shownSpec({ spec }: Machine) {
  return {
    rack: spec.rack,
    indexInRack: spec.indexInRack,
    role: spec.role,
    labels: Object.fromEntries(spec.labels),
    ipv4: spec.ipv4.map(formatIpv4),
    bmc: { type: spec.bmc.type, ipv4: formatIpv4(spec.bmc.ipv4) },
    retireDate: spec.retireDate,
  };
}

type MemberChange = RegistrationV2['config'][number]['changes'][number];

/** Member by member, those that differ alone. */
function changesOf(outcome: Extract<MachineOutcome, { kind: 'changed' }>): MemberChange[] {
  const members = (machine: Machine): ReadonlyMap<string, unknown> => {
    const { labels: _, bmc, ...rest } = shownSpec(machine);
    return new Map<string, unknown>([
      ...Object.entries(rest).map(([name, value]) => [`spec.${name}`, value] as const),
      ['spec.bmc.type', bmc.type],
      ['spec.bmc.ipv4', bmc.ipv4],
      ...[...machine.spec.labels].map(([name, value]) => [`spec.labels.${name}`, value] as const),
    ]);
  };
  return differences(members(outcome.before), members(outcome.machine));
}

function configChanges({ kind, before, after }: ConfigOutcome): MemberChange[] {
  if (kind === 'unchanged') return [];
  return differences(new Map(Object.entries(before ?? {})), new Map(Object.entries(after)));
}

function differences(
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
): MemberChange[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((member) => {
    const [was, is] = [before.get(member) ?? null, after.get(member) ?? null];
    if (JSON.stringify(was) === JSON.stringify(is)) return [];
    return [{ member, before: was, after: is }];
  });
}
