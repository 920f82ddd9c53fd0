/** The brakes of version 2. */

import { fail, ok } from '../../base/result.ts';
import type { Instant } from '../../base/time.ts';
import type { Clock } from '../../base/world.ts';
import type { BrakeBoard, StandingBrake } from '../../inventory/brake-board.ts';
import { type BrakeProblem, isOver, manualBrake } from '../../inventory/brakes.ts';
import {
  type BrakeV2,
  type BrakeWishV2,
  brakeReads,
  deleteBrake,
  type LiftWishV2,
  liftBrake,
  putBrake,
} from '../contract/brake.ts';
import type { brakeColumns } from '../contract/columns.ts';
import { emptyAnswer } from '../exchange.ts';
import { actorOf } from '../rest/noun.ts';
import { whyNotRead } from '../whole-truth.ts';
import { type ApiPart, collectionPart } from './api-part.ts';
import type { Collection, Column } from './collection.ts';
import { json } from './collection-endpoints.ts';

export type BrakePartDeps = {
  readonly clock: Clock;
  readonly serverName: string;
  readonly board: BrakeBoard;
};

export function brakeCollection({
  board,
  clock,
}: Omit<BrakePartDeps, 'serverName'>): Collection<StandingBrake> {
  const columns: Readonly<Record<keyof typeof brakeColumns, Omit<Column<StandingBrake>, 'name'>>> =
    {
      name: { text: ({ brake }) => brake.name },
      by: { text: ({ brake }) => brake.by },
      state: { text: (standing) => brakeStateOf(standing, clock.now()) },
      holds: { text: ({ brake }) => brake.holds },
      since: { text: ({ brake }) => brake.since },
      liftable: { text: ({ brake }) => String(brake.liftable) },
    };
  const whole = <T>(value: () => T) => {
    const doubt = whyNotRead(board, 'the list of brakes');
    return doubt === undefined ? ok(value()) : fail(doubt);
  };
  return {
    noun: 'brakes',
    columns: Object.entries(columns).map(([name, column]) => ({ name, ...column })),
    ages: true,
    nameOf: ({ brake }) => brake.name,
    toJson: brakeJson,
    revisionOf: ({ revision }) => revision,
    snapshot: () =>
      whole(() => ({
        changed: board.changed(),
        completeTo: board.completeTo(),
        items: board.brakes(),
      })),
    find: (name) => whole(() => board.find(name)),
    completeTo: board.completeTo,
    subscribe: board.subscribe,
  };
}

export function brakePart(deps: BrakePartDeps): ApiPart {
  const { board, clock, serverName } = deps;
  const shown = (standing: StandingBrake) =>
    json(brakeJson(standing, clock.now()), { etag: `"${standing.revision}"` });
  return collectionPart(brakeReads, brakeCollection(deps), 'name', clock, [
    {
      operation: liftBrake,
      handle: async ({ exchange, parameters, query, body }) => {
        const terms = { dryRun: query.get('dryRun') === 'true' };
        const name = parameters.get('name') ?? '';
        const actor = actorOf(exchange, serverName);
        const lifted = await board.lift(name, body as LiftWishV2, terms, actor);
        return lifted.ok ? ok(shown(lifted.value)) : fail({ problem: lifted.error });
      },
    },
    {
      operation: putBrake,
      handle: async ({ exchange, parameters, query, body }) => {
        const name = parameters.get('name') ?? '';
        if (name !== manualBrake) return fail({ problem: foreign(name) });
        const terms = { dryRun: query.get('dryRun') === 'true' };
        const { holds = 'everything', ...wish } = body as BrakeWishV2;
        const put = await board.put({ ...wish, holds }, terms, actorOf(exchange, serverName));
        return put.ok ? ok(shown(put.value)) : fail({ problem: put.error });
      },
    },
    {
      operation: deleteBrake,
      handle: async ({ exchange, parameters, query }) => {
        const name = parameters.get('name') ?? '';
        if (name !== manualBrake) return fail({ problem: foreign(name) });
        const terms = { dryRun: query.get('dryRun') === 'true' };
        const off = await board.release(terms, actorOf(exchange, serverName));
        return off.ok ? ok(emptyAnswer(204)) : fail({ problem: off.error });
      },
    },
  ]);
}

/** A lift that has run out lies in the store until the leader clears it away; it lifts nothing. */
function brakeStateOf({ lift }: StandingBrake, now: Instant): BrakeV2['state'] {
  return lift === undefined || isOver(lift.expires, now) ? 'holding' : 'lifted';
}

function brakeJson(standing: StandingBrake, now: Instant): BrakeV2 {
  const { brake, lift, revision } = standing;
  const { name, by, holds, text, since, release, liftable, user, expires } = brake;
  const state = brakeStateOf(standing, now);
  return {
    ...{ name, revision, by, holds, state, text, since, release, liftable },
    user: user ?? null,
    expires: expires ?? null,
    lift: lift === undefined ? null : { ...lift },
  };
}

function foreign(name: string): BrakeProblem {
  const shown = JSON.stringify(name.slice(0, 100));
  const text = `only the brake ${manualBrake} is put on and taken off by people, not ${shown}; others are lifted for a while`;
  return { kind: 'brake-fixed', text };
}
