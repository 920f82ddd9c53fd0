/** Registering machines: what was sent in the shape of version 2, checked by the inventory's own parser. */

import { fail, ok } from '../../base/result.ts';
import { absent } from '../../base/store.ts';
import type { Clock } from '../../base/world.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { type Machine, parseNewMachines, type Serial } from '../../inventory/machine.ts';
import { type NewMachineV2, registerMachines } from '../contract/machine-writes.ts';
import { type Place, type Problem, placesText } from '../problems.ts';
import { actorOf } from '../rest/noun.ts';
import type { Collection } from './collection.ts';
import { json } from './collection-endpoints.ts';
import type { Endpoint } from './endpoint.ts';

/** 10,000 machines with labels are 5 MB. */
const bytesMax = 16 * 1024 * 1024;
/** More than a person mends in one go. */
const placesMax = 20;

export function registerEndpoint(
  machines: Pick<Collection<Machine>, 'toJson'>,
  deps: {
    readonly clock: Clock;
    readonly inventory: Inventory;
    readonly serverName: string;
  },
): Endpoint {
  const { clock, inventory, serverName } = deps;
  return {
    operation: registerMachines,
    bodyBytesMax: bytesMax,
    handle: async ({ exchange, query, body }) => {
      const isList = Array.isArray(body);
      const sent = (isList ? body : [body]) as readonly NewMachineV2[];
      const pointerOf = (path: string): string => (isList ? path : path.replace(/^\/0/, ''));
      const parsed = parseNewMachines(sent.map(asSabakan));
      if (!parsed.ok) {
        const places = parsed.error
          .slice(0, placesMax)
          .map(({ path, text }) => ({ pointer: pointerOf(placeOf(path)), detail: text }));
        return fail({
          problem: { kind: 'invalid', mistakes: [], text: placesText(places) },
          places,
        });
      }
      const dryRun = query.get('dryRun') === 'true';
      const actor = actorOf(exchange, serverName);
      const result = await inventory.register(parsed.value, actor, { dryRun });
      if (!result.ok) {
        const places = placesOf(result.error, sent).map(({ pointer = '', detail }) => ({
          pointer: pointerOf(pointer),
          detail,
        }));
        return fail({ problem: result.error, places });
      }
      const revision = dryRun ? absent : result.value.revision;
      const now = clock.now();
      const items = result.value.machines.map((machine) => ({
        ...(machines.toJson(machine, now) as object),
        revision,
      }));
      return ok({ ...json({ items }), status: 201 });
    },
    again: async ({ body }) => {
      const sent = [body].flat() as readonly NewMachineV2[];
      const now = clock.now();
      const items = sent.flatMap(({ serial }) => {
        const machine = inventory.find(serial as Serial);
        return machine === undefined ? [] : [machines.toJson(machine, now)];
      });
      return { ...json({ items }), status: 201 };
    },
  };
}

function asSabakan({ serial, spec: { retireDate, ...rest } }: NewMachineV2): unknown {
  return { serial, ...rest, ...(retireDate === undefined ? {} : { 'retire-date': retireDate }) };
}

/** Version 1's path as version 2's: `/3/retire-date` is `/3/spec/retireDate`. */
function placeOf(path: string): string {
  return path.replace(/^(\/\d+)\/(?!serial$)/, '$1/spec/').replace(/retire-date$/, 'retireDate');
}

/** The machines that are in the way, and those sent for a rack that does not take them. */
function placesOf(problem: Problem, sent: readonly NewMachineV2[]): readonly Place[] {
  const detail = problem.text;
  const where = (member: string, isIt: (machine: NewMachineV2) => boolean): readonly Place[] =>
    sent
      .flatMap((machine, at) => (isIt(machine) ? [{ pointer: `/${at}${member}`, detail }] : []))
      .slice(0, placesMax);
  switch (problem.kind) {
    case 'machine-exists':
    case 'serial-repeated':
      return where('/serial', ({ serial }) => serial === problem.serial);
    case 'boot-slot-taken':
    case 'rack-full':
    case 'outside-pool':
      return where('/spec/rack', ({ spec }) => spec.rack === problem.rack);
    default:
      return [];
  }
}
