/** Several servers' inventories on one store. */

import { createMemoryStore, type MemoryStore } from '../../src/base/memory-store.ts';
import type { Store } from '../../src/base/store.ts';
import { createTransact } from '../../src/base/transact.ts';
import type { Actor } from '../../src/inventory/audit.ts';
import { createInventory } from '../../src/inventory/create.ts';
import type { Inventory } from '../../src/inventory/inventory.ts';
import type { MachineState, Serial } from '../../src/inventory/machine.ts';
import { type ManualClock, manualClock, seededChance } from '../support/clock.ts';
import { ipamG, testStart } from '../support/machines.ts';
import { silentLog } from '../support/silent-log.ts';

export const actor: Actor = { user: 'tester', ip: '192.0.2.1', host: 'server-1' };
export const why = { by: 'tester', text: 'because', evidence: [] };

export type Desks = {
  readonly store: MemoryStore;
  readonly clock: ManualClock;
  readonly one: Inventory;
  readonly two: Inventory;
};

/** Two servers; IPAM is set unless `ipam` is false. `storeOf` puts something between the servers and the store. */
export async function desks(
  options: {
    readonly ipam?: boolean;
    readonly seed?: number;
    readonly store?: MemoryStore;
    readonly clock?: ManualClock;
    readonly storeOf?: (store: Store) => Store;
  } = {},
): Promise<Desks> {
  const clock = options.clock ?? manualClock(testStart);
  const store = options.store ?? createMemoryStore({ clock });
  const chance = seededChance(options.seed);
  const open = async (): Promise<Inventory> => {
    const session = options.storeOf?.(store.session()) ?? store.session();
    const world = { clock, store: session, chance, log: silentLog };
    const inventory = createInventory({ world, transact: createTransact(session, world) });
    must(await inventory.start());
    return inventory;
  };
  const [one, two] = [await open(), await open()];
  if (options.ipam !== false) must(await one.putIpam(ipamG, actor));
  return { store, clock, one, two };
}

export function must<T>(result: { ok: true; value: T } | { ok: false; error: unknown }): T {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.error)}`);
  return result.value;
}

export async function kindOf(
  pending: Promise<{ ok: true } | { ok: false; error: { kind: string } }>,
): Promise<string> {
  const result = await pending;
  return result.ok ? 'done' : result.error.kind;
}

/** Walks a machine through legal states to this one. */
export async function bring(desk: Inventory, serial: string, to: MachineState): Promise<void> {
  const roads: Readonly<Record<MachineState, readonly MachineState[]>> = {
    uninitialized: [],
    healthy: ['healthy'],
    unhealthy: ['healthy', 'unhealthy'],
    unreachable: ['healthy', 'unreachable'],
    updating: ['healthy', 'updating'],
    retiring: ['retiring'],
    retired: ['retiring', 'retired'],
  };
  for (const state of roads[to]) {
    must(await desk.setState({ serial: serial as Serial, to: state, why }, actor));
  }
}

/** What lies in the store under a prefix, as text. */
export async function stored(store: Store, prefix: string): Promise<Record<string, string>> {
  const listing = must(await store.list(prefix));
  return Object.fromEntries(
    listing.entries.map(({ key, value }) => [key, new TextDecoder().decode(value)]),
  );
}

export async function put(store: Store, key: string, value: string): Promise<void> {
  must(await store.commit([], [{ kind: 'put', key, value: new TextEncoder().encode(value) }]));
}

/** Calls reach the store, and answers come back, after a few turns: servers overtake one another. */
export function dawdling(store: Store, chance: { readonly next: () => number }): Store {
  const slowly = async <T>(call: () => Promise<T>): Promise<T> => {
    for (let turns = Math.floor(chance.next() * 6); turns > 0; turns -= 1) await null;
    const answer = await call();
    for (let turns = Math.floor(chance.next() * 6); turns > 0; turns -= 1) await null;
    return answer;
  };
  return {
    ...store,
    get: (keys) => slowly(() => store.get(keys)),
    list: (prefix) => slowly(() => store.list(prefix)),
    commit: (conditions, writes) => slowly(() => store.commit(conditions, writes)),
  };
}
