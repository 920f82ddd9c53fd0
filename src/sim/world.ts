/**
 * The simulated world: virtual time, chance from a seed, a network that loses packets, HTTP between hosts, one
 * store in memory, and a trace of everything. Each host gets its own `World` made of these.
 */

import { createMemoryStore, type MemoryStore } from '../base/memory-store.ts';
import type { Store } from '../base/store.ts';
import type { World } from '../base/world.ts';
import { createSeededChance, type SeededChance } from './chance.ts';
import { createSimClock, type SimClock } from './clock.ts';
import { createSimNetwork, type SimHost, type SimNetwork, type Weather } from './network.ts';
import { createTrace, type Trace } from './trace.ts';
import { createSimWeb, type SimWeb } from './web.ts';

export type SimWorld = {
  readonly seed: string;
  readonly clock: SimClock;
  readonly chance: SeededChance;
  readonly trace: Trace;
  readonly network: SimNetwork;
  readonly web: SimWeb;
  /** What all servers share, as they would share an etcd cluster. */
  readonly store: MemoryStore;
  /** The world as one host sees it: its interfaces, its chance, its log lines under its name. */
  readonly worldOf: (
    host: SimHost & {
      /** Where its HTTP requests come from. */
      readonly address: () => string;
      /** Default: the shared one. Servers with a faulty link to etcd get it wrapped. */
      readonly store?: Store;
    },
  ) => World;
};

const quietNetwork: Weather = { loss: 0, delayMs: 0.2, jitterMs: 0 };

/**
 * @param options `seed` decides everything that chance decides; `startMs` is the wall time of the beginning
 * (milliseconds since 1970); `turn` lets all promises settle (`io/turn.ts`).
 */
export function createSimWorld(options: {
  readonly seed: string;
  readonly startMs: number;
  readonly turn: () => Promise<void>;
  readonly weather?: Weather;
}): SimWorld {
  const chance = createSeededChance(options.seed);
  const clock = createSimClock(options);
  const trace = createTrace(clock.elapsedMs);
  const network = createSimNetwork(clock, chance.split('network'), options.weather ?? quietNetwork);
  const web = createSimWeb(clock);
  const store = createMemoryStore({ clock });
  return {
    seed: options.seed,
    clock,
    chance,
    trace,
    network,
    web,
    store,
    worldOf: (host) => ({
      clock,
      chance: chance.split(`host/${host.name}`),
      net: network.netOf(host),
      http: web.clientOf(host),
      store: host.store ?? store,
      log: trace.logOf(host.name),
    }),
  };
}
