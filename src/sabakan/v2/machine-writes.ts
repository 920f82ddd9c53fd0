/** Changes of machines: what was sent becomes one change of the inventory, whatever it refuses a problem with its place. */

import { fail, ok, type Result } from '../../base/result.ts';
import type { Revision } from '../../base/store.ts';
import {
  formatInstant,
  type Instant,
  instantOf,
  parseRfc3339,
  type Rfc3339,
} from '../../base/time.ts';
import type { Clock } from '../../base/world.ts';
import type { HoldWish } from '../../inventory/hold.ts';
import type { Inventory, MachinePatch, WriteTerms } from '../../inventory/inventory.ts';
import { allowedTransitions } from '../../inventory/lifecycle.ts';
import {
  isLabelName,
  isLabelValue,
  type Machine,
  parseBmcType,
  parseRack,
  parseRole,
  type Serial,
} from '../../inventory/machine.ts';
import { deleteMachine, type MachinePatchV2, patchMachine } from '../contract/machine-writes.ts';
import { type Exchange, emptyAnswer } from '../exchange.ts';
import { type Place, type Problem, placesText } from '../problems.ts';
import { actorOf } from '../rest/noun.ts';
import type { Collection } from './collection.ts';
import { json } from './collection-endpoints.ts';
import type { Endpoint, Refusal } from './endpoint.ts';
import { readIfMatch } from './precondition.ts';

/** 64 labels are 9 KB. */
const patchBytesMax = 64 * 1024;

export function machineWriteEndpoints(
  machines: Pick<Collection<Machine>, 'toJson'>,
  deps: {
    readonly clock: Clock;
    readonly inventory: Inventory;
    readonly serverName: string;
  },
): readonly Endpoint[] {
  const { clock, inventory, serverName } = deps;

  /** A machine that has just been written is not among those whose revision is known by their value. */
  const shown = (machine: Machine, revision: Revision) => ({
    ...(machines.toJson(machine, clock.now()) as object),
    revision,
  });

  return [
    {
      operation: patchMachine,
      bodyBytesMax: patchBytesMax,
      handle: async ({ exchange, parameters, query, body }) => {
        const terms = readTerms(exchange, query);
        if (!terms.ok) return terms;
        const actor = actorOf(exchange, serverName);
        const by = actor.user === '' ? actor.ip : actor.user;
        const patch = readPatch(body as MachinePatchV2, by, clock.now());
        if (!patch.ok) return patch;
        const serial = (parameters.get('serial') ?? '') as Serial;
        const evenInUse = query.get('evenInUse') === 'true';
        const asked = { ...terms.value, evenInUse };
        const result = await inventory.patchMachine(serial, patch.value, asked, actor);
        if (!result.ok) return fail(refusalOf(result.error));
        const { machine, revision } = result.value;
        return ok(json(shown(machine, revision), { etag: `"${revision}"` }));
      },
      again: async ({ parameters }) => {
        const machine = inventory.find((parameters.get('serial') ?? '') as Serial);
        if (machine === undefined) return undefined;
        const revision = inventory.revisionOf(machine);
        return json(shown(machine, revision), { etag: `"${revision}"` });
      },
    },
    {
      operation: deleteMachine,
      handle: async ({ exchange, parameters, query }) => {
        const terms = readTerms(exchange, query);
        if (!terms.ok) return terms;
        const serial = (parameters.get('serial') ?? '') as Serial;
        const removed = await inventory.remove(serial, actorOf(exchange, serverName), terms.value);
        return removed.ok ? ok(emptyAnswer(204)) : fail(refusalOf(removed.error));
      },
    },
  ];
}

function readTerms(
  exchange: Exchange,
  query: ReadonlyMap<string, string>,
): Result<WriteTerms, Refusal> {
  const expected = readIfMatch(exchange);
  if (!expected.ok) return expected;
  const dryRun = query.get('dryRun') === 'true';
  return ok(expected.value === undefined ? { dryRun } : { expected: expected.value, dryRun });
}

export function readPatch(
  body: MachinePatchV2,
  by: string,
  now: Instant,
): Result<MachinePatch, Refusal> {
  const places: Place[] = [];
  const labels = Object.entries(body.spec?.labels ?? {});
  for (const [name, value] of labels) {
    const pointer = `/spec/labels/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (!isLabelName(name)) {
      const detail =
        'is no label name: 1 to 63 letters, digits, - _ . with a letter or digit at both ends';
      places.push({ pointer, detail });
    } else if (value !== null && !isLabelValue(value)) {
      const detail =
        'must be empty or 1 to 63 letters, digits, - _ . with a letter or digit at both ends';
      places.push({ pointer, detail });
    }
  }
  const retireDate = readDate(body.spec?.retireDate, places);
  const given = <T>(pointer: string, result: Result<T, string> | undefined): T | undefined => {
    if (result === undefined || result.ok) return result?.value;
    places.push({ pointer, detail: result.error });
    return undefined;
  };
  const { rack: rackNumber, role: roleText, bmc } = body.spec ?? {};
  const rack = given('/spec/rack', rackNumber === undefined ? undefined : parseRack(rackNumber));
  const role = given('/spec/role', roleText === undefined ? undefined : parseRole(roleText));
  const bmcType = given('/spec/bmc/type', bmc === undefined ? undefined : parseBmcType(bmc.type));
  const hold = readHold(body.spec?.hold, by, now, places);
  if (places.length > 0) return fail(invalid(places));
  const { state, reason } = body.status ?? {};
  return ok({
    labels: new Map(labels),
    ...(retireDate === undefined ? {} : { retireDate }),
    ...(rack === undefined ? {} : { rack }),
    ...(role === undefined ? {} : { role }),
    ...(bmcType === undefined ? {} : { bmcType }),
    ...(hold === undefined ? {} : { hold }),
    ...(state === undefined
      ? {}
      : { state: { to: state, why: { by, text: reason?.text ?? `set by ${by}`, evidence: [] } } }),
  });
}

function readHold(
  wish: NonNullable<MachinePatchV2['spec']>['hold'],
  by: string,
  now: Instant,
  places: Place[],
): HoldWish | null | undefined {
  if (wish === undefined || wish === null) return wish;
  const pointer = '/spec/hold/until';
  const until = readDate(wish.until, places, pointer);
  if (until !== undefined && instantOf(until) <= now) {
    const detail = `must lie ahead; it is ${formatInstant(now)} now. null releases a hold`;
    places.push({ pointer, detail });
  }
  return { by, reason: wish.reason, ...(until === undefined ? {} : { until }) };
}

function readDate(
  text: string | undefined,
  places: Place[],
  pointer = '/spec/retireDate',
): Rfc3339 | undefined {
  if (text === undefined) return undefined;
  // RFC 3339 allows small letters, Go's parser does not: what is stored must be readable by both.
  const date = parseRfc3339(text.trim().toUpperCase());
  if (date.ok) return date.value;
  places.push({ pointer, detail: date.error });
  return undefined;
}

function invalid(places: readonly Place[]): Refusal {
  return { problem: { kind: 'invalid', mistakes: [], text: placesText(places) }, places };
}

/** What of a patch is in the way. */
const placeMembers: Readonly<Partial<Record<Problem['kind'], string>>> = {
  'boot-slot-taken': '/spec/role',
  'rack-full': '/spec/rack',
  'outside-pool': '/spec/rack',
};

function refusalOf(problem: Problem): Refusal {
  if (problem.kind === 'transition-forbidden') {
    const next = allowedTransitions[problem.from].join(' or ');
    const detail = `a machine that is ${problem.from} can become ${next}, not ${problem.to}`;
    return { problem, places: [{ pointer: '/status/state', detail }] };
  }
  if (problem.kind === 'change-forbidden') {
    const detail = problem.text;
    const places = problem.members.map((member) => ({ pointer: `/spec/${member}`, detail }));
    return { problem, places };
  }
  const where = placeMembers[problem.kind];
  if (where !== undefined) return { problem, places: [{ pointer: where, detail: problem.text }] };
  if (problem.kind === 'invalid') {
    const places = problem.mistakes.map(({ text }) => ({ pointer: '/spec/labels', detail: text }));
    return { problem, places };
  }
  return { problem };
}
