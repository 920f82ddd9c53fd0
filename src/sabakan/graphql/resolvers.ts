/** The root fields: the same calls into the inventory as REST makes, under GraphQL's names. */

import { GraphQLError } from 'graphql/index.js';
import type { World } from '../../base/world.ts';
import type { Actor } from '../../inventory/audit.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { parseMachineState } from '../../inventory/lifecycle.ts';
import type { Serial } from '../../inventory/machine.ts';
import type { Conditions, LabelPair } from '../../inventory/query.ts';
import { type Problem, problemTable } from '../problems.ts';
import { whyNotWhole } from '../whole-truth.ts';
import {
  type MachineObject,
  machineObject,
  type StatusObject,
  statusObject,
} from './machine-object.ts';
import type { SearchPages } from './search-pages.ts';

/** Of one request. */
export type GraphQLContext = {
  readonly actor: Actor;
  /** Why this caller may change nothing: the same rule as for REST, unless the configuration opens mutations. */
  readonly whyNoChange: () => string | undefined;
  /** A search that is answered in pages. */
  readonly pages?: SearchPages | undefined;
};

type Params = {
  readonly labels?: readonly LabelPair[] | null;
  readonly racks?: readonly number[] | null;
  readonly roles?: readonly string[] | null;
  readonly states?: readonly string[] | null;
  readonly minDaysBeforeRetire?: number | null;
};

type Search = { readonly having?: Params | null; readonly notHaving?: Params | null };
type StateWish = { readonly serial: string; readonly state: string };

export type Resolvers = {
  readonly machine: (wish: { readonly serial: string }) => MachineObject;
  readonly searchMachines: (search: Search, context: GraphQLContext) => readonly MachineObject[];
  readonly setMachineState: (wish: StateWish, context: GraphQLContext) => Promise<StatusObject>;
};

export function createResolvers(deps: {
  readonly clock: World['clock'];
  readonly inventory: Inventory;
}): Resolvers {
  const { clock, inventory } = deps;
  const find = ({ having, notHaving }: Search) => {
    refuseDoubt(inventory);
    const query = { having: conditions(having), notHaving: conditions(notHaving) };
    return { machines: inventory.search(query), now: clock.now() };
  };
  return {
    machine: ({ serial }) => {
      // "Not found" is a statement about the inventory, too, and so is an old state.
      refuseDoubt(inventory, [serial]);
      const machine = inventory.find(serial as Serial);
      if (machine !== undefined) return machineObject(machine, clock.now());
      throw new GraphQLError('not found');
    },
    searchMachines: (search, { pages }) => {
      const { machines, now } = pages?.found ?? find(search);
      if (pages !== undefined) pages.found = { machines, now };
      const wanted =
        pages === undefined ? machines : machines.slice(pages.from, pages.from + pages.length);
      return wanted.map((machine) => machineObject(machine, now));
    },
    setMachineState: async ({ serial, state }, context) => {
      const denied = context.whyNoChange();
      if (denied !== undefined) throw stateError(serial, 'forbidden', denied);
      const to = parseMachineState(state.toLowerCase());
      if (!to.ok) throw stateError(serial, 'bad-request', to.error);
      const by = context.actor.user === '' ? context.actor.ip : context.actor.user;
      const why = { by, text: `set by ${by}`, evidence: [] };
      const set = await inventory.setState(
        { serial: serial as Serial, to: to.value, why },
        context.actor,
      );
      if (!set.ok) throw stateError(serial, set.error.kind, set.error.text);
      return statusObject(set.value.machine, clock.now());
    },
  };
}

/** A list that may lack a machine is an error, never a shorter list. */
function refuseDoubt(inventory: Inventory, serials?: readonly string[]): void {
  const doubt = whyNotWhole(inventory, serials);
  if (doubt !== undefined) {
    throw new GraphQLError(doubt.text, { extensions: { type: 'INTERNAL_SERVER_ERROR' } });
  }
}

/** Null, an empty list and an absent member are all "no condition". */
function conditions(params: Params | null | undefined): Conditions {
  if (params === null || params === undefined) return {};
  return {
    ...(params.labels ? { labels: params.labels } : {}),
    ...(params.racks ? { racks: params.racks } : {}),
    ...(params.roles ? { roles: params.roles } : {}),
    ...(params.states ? { states: params.states.map((state) => state.toLowerCase()) } : {}),
    ...(typeof params.minDaysBeforeRetire === 'number'
      ? { minDaysBeforeRetire: params.minDaysBeforeRetire }
      : {}),
  };
}

/** Sabakan's texts, which clients match on, where it has one. */
function stateError(serial: string, kind: Problem['kind'], text: string): GraphQLError {
  const { graphql: type } = problemTable[kind];
  const message =
    type === 'MACHINE_NOT_FOUND'
      ? 'not found'
      : type === 'ENCRYPTION_KEY_EXISTS'
        ? 'encryption key exists'
        : text;
  return new GraphQLError(message, { extensions: { serial, type } });
}
