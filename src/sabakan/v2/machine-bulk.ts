/** Changes of many machines: who is meant, whether that is what the caller saw, and what became of each. */

import { fail, ok, type Result } from '../../base/result.ts';
import { absent, compareRevisions } from '../../base/store.ts';
import type { Instant } from '../../base/time.ts';
import type { Clock } from '../../base/world.ts';
import type { Inventory, ManyChange, ManyOutcome } from '../../inventory/inventory.ts';
import type { Machine } from '../../inventory/machine.ts';
import { bulkMachines, bulkMachinesMax, type MachineBulkV2 } from '../contract/machine-bulk.ts';
import { badRequest, type Place, placesText, v2Status } from '../problems.ts';
import { actorOf } from '../rest/noun.ts';
import type { Works } from '../works/desk.ts';
import type { Collection } from './collection.ts';
import { json } from './collection-endpoints.ts';
import type { Endpoint, Refusal } from './endpoint.ts';
import { readSelectors } from './list-query.ts';
import { filtered } from './listing.ts';
import { answeredWithin, type Hooks } from './long.ts';
import { readPatch } from './machine-writes.ts';
import { waitMsOf } from './prefer.ts';

/** 20,000 serials and a patch. */
const bytesMax = 2 * 1024 * 1024;
/** More than a person reads. */
const namesShownMax = 10;
const placesMax = 20;

export function bulkEndpoint(
  machines: Collection<Machine>,
  deps: {
    readonly inventory: Inventory;
    readonly serverName: string;
    readonly clock: Clock;
    readonly works: Works;
  },
): Endpoint {
  const { inventory, serverName } = deps;
  return {
    operation: bulkMachines,
    bodyBytesMax: bytesMax,
    isPiecemeal: ({ exchange, body }) =>
      (body as MachineBulkV2).atomic !== true ||
      waitMsOf(exchange.headers.get('prefer')) !== undefined,
    handle: async ({ exchange, query, body }) => {
      const asked = body as MachineBulkV2;
      const actor = actorOf(exchange, serverName);
      const by = actor.user === '' ? actor.ip : actor.user;
      const what = readChange(asked, by, deps.clock.now());
      if (!what.ok) return what;
      const meant = selected(machines, asked.select);
      if (!meant.ok) return meant;
      if (meant.value.length !== asked.expect)
        return fail(countDiffers(machines, asked, meant.value));
      const targets = meant.value.map((machine) => ({
        machine,
        expected: machines.revisionOf(machine),
      }));
      const atomic = asked.atomic === true;
      const terms = { atomic, dryRun: query.get('dryRun') === 'true' };
      const change: BulkWork = async (hooks) => {
        // An operation is answered before its change: what a repeated request hears is that answer.
        const { receipt, ...nobody } = actor;
        const who = hooks === undefined && receipt !== undefined ? actor : nobody;
        const done = await inventory.changeMany(targets, what.value, { ...terms, ...hooks }, who);
        return done.ok ? judged(done.value, atomic) : fail({ problem: done.error });
      };
      const waitMs = terms.dryRun ? undefined : waitMsOf(exchange.headers.get('prefer'));
      if (waitMs === undefined) {
        const done = await change();
        return done.ok ? ok(json(done.value)) : done;
      }
      const about = { kind: bulkMachines.id, by, total: targets.length, unit: 'machines' };
      return answeredWithin(waitMs, deps, about, change);
    },
  };
}

function judged(outcomes: readonly ManyOutcome[], atomic: boolean): Result<Summed, Refusal> {
  const refused = outcomes.filter((outcome) => outcome.kind === 'refused');
  const [first] = refused;
  const isAway = refused.every(({ problem: { kind } }) => kind === 'store-unavailable');
  if (first !== undefined && isAway && refused.length === outcomes.length) {
    return fail({ problem: first.problem });
  }
  if (atomic && first !== undefined) return fail(bulkRefused(refused, outcomes.length));
  return ok(summed(outcomes));
}

/** Exactly one of them. */
function readChange(asked: MachineBulkV2, by: string, now: Instant): Result<ManyChange, Refusal> {
  if ((asked.patch === undefined) === (asked.delete === undefined)) {
    const detail = 'must have one of `patch` and `delete`';
    return fail({ problem: badRequest(`the body ${detail}`), places: [{ pointer: '', detail }] });
  }
  if (asked.patch === undefined) return ok({ kind: 'remove' });
  const patch = readPatch(asked.patch, by, now);
  if (patch.ok) return ok({ kind: 'patch', patch: patch.value });
  const { problem, places = [] } = patch.error;
  return fail({
    problem,
    places: places.map((place) => ({ ...place, pointer: `/patch${place.pointer ?? ''}` })),
  });
}

function selected(
  machines: Collection<Machine>,
  select: MachineBulkV2['select'],
): Result<readonly Machine[], Refusal> {
  const { names, labelSelector = '', fieldSelector = '', all } = select;
  const hasSelectors = labelSelector.trim() !== '' || fieldSelector.trim() !== '';
  const ways = [names !== undefined, hasSelectors, all === true].filter(Boolean).length;
  if (ways !== 1) {
    const detail =
      ways === 0
        ? 'selects nothing: give `names`, selectors, or `all: true` for every machine'
        : 'must have `names` or selectors or `all: true`, not several of them';
    return fail({
      problem: badRequest(`select ${detail}`),
      places: [{ pointer: '/select', detail }],
    });
  }
  const snapshot = machines.snapshot();
  if (!snapshot.ok) return fail({ problem: snapshot.error });
  if (names !== undefined) {
    const wanted = new Set(names);
    return ok(snapshot.value.items.filter((machine) => wanted.has(machines.nameOf(machine))));
  }
  const query = new Map(Object.entries({ labelSelector, fieldSelector }));
  const selectors = readSelectors(machines, query);
  if (!selectors.ok) {
    const places = (selectors.error.places ?? []).map(({ parameter, detail }) => ({
      pointer: `/select/${parameter}`,
      detail,
    }));
    return fail({ problem: badRequest(placesText(places)), places });
  }
  const found = filtered(machines, snapshot.value.items, selectors.value);
  if (found.length <= bulkMachinesMax) return ok(found);
  const text = `${found.length} machines are selected; at most ${bulkMachinesMax} are changed at once`;
  return fail({ problem: badRequest(text) });
}

function countDiffers(
  machines: Collection<Machine>,
  { select: { names }, expect }: MachineBulkV2,
  meant: readonly Machine[],
): Refusal {
  const found = meant.map(machines.nameOf);
  const known = new Set(found);
  const missing = [...new Set(names ?? [])].filter((name) => !known.has(name));
  const which = missing.length > 0 ? `not registered: ${some(missing)}` : some(found);
  const text = `${meant.length} machines are selected, not ${expect}${which === '' ? '' : ` (${which})`}; nothing was done`;
  return { problem: { kind: 'count-differs', text, selected: meant.length } };
}

function some(names: readonly string[]): string {
  const more = names.length - namesShownMax;
  return [...names.slice(0, namesShownMax), ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}

type Refused = Extract<ManyOutcome, { kind: 'refused' }>;

function bulkRefused(refused: readonly Refused[], of: number): Refusal {
  const places = refused
    .slice(0, placesMax)
    .map(({ serial, problem }): Place => ({ detail: `${serial}: ${problem.text}` }));
  const text = `${refused.length} of ${of} machines refuse, so none was changed`;
  return { problem: { kind: 'bulk-refused', text }, places };
}

type Summed = ReturnType<typeof summed>;
type BulkWork = (hooks?: Hooks) => Promise<Result<Summed, Refusal>>;

function summed(outcomes: readonly ManyOutcome[]) {
  const count = (kind: ManyOutcome['kind']) =>
    outcomes.filter((outcome) => outcome.kind === kind).length;
  const revision = outcomes
    .map((outcome) => ('revision' in outcome ? outcome.revision : absent))
    .reduce((a, b) => (compareRevisions(a, b) >= 0 ? a : b), absent);
  return {
    selected: outcomes.length,
    changed: count('changed'),
    unchanged: count('unchanged'),
    failed: count('refused'),
    skipped: count('skipped'),
    revision,
    items: outcomes.map((outcome) => {
      const { serial: name, kind } = outcome;
      if (kind === 'skipped') return { name, outcome: kind };
      if (kind !== 'refused') return { name, outcome: kind, revision: outcome.revision };
      const { problem } = outcome;
      const type = `urn:tetsukan:problem:${problem.kind}`;
      const told = { type, status: v2Status(problem.kind), detail: problem.text };
      return { name, outcome: 'failed', problem: told };
    }),
  };
}
