/**
 * A whole fleet in the simulated world: servers on one store, racks of machines, an observer who writes down what
 * can be seen, and the invariants. Nothing here decides anything.
 */

import { assert } from '../base/assert.ts';
import { absent } from '../base/store.ts';
import { createTransact } from '../base/transact.ts';
import { decodeRecord, recordKey } from '../cke-bridge/record-json.ts';
import type { Actor } from '../inventory/audit.ts';
import { createInventory } from '../inventory/create.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { createApi } from './api.ts';
import { relayAddressOf } from './documents.ts';
import { createInvariants, type Invariants } from './invariants.ts';
import { createSimOsDirectory } from './os.ts';
import { planLines, waitLines } from './plan-lines.ts';
import { createSimProber } from './prober.ts';
import { createSimServer, type SimServer } from './sim-server.ts';
import { createSite, type Site } from './site.ts';
import { type FleetShape, formatTime } from './story.ts';
import { sendAll, uploadsFor } from './uploads.ts';
import { createSimWorld, type SimWorld } from './world.ts';

export type SimFleet = {
  readonly sim: SimWorld;
  readonly site: Site;
  readonly servers: readonly SimServer[];
  /** A reader of the store beside the servers, so that it outlives them. */
  readonly inventory: Inventory;
  readonly invariants: Invariants;
  /** What could be seen, as lines of a story. */
  readonly lines: () => readonly string[];
  /** Puts one line of counts in the place of all lines so far, if there are any. */
  readonly summarise: () => void;
  /** Everything that happens before the first machine is powered on. */
  readonly start: () => Promise<void>;
  readonly operator: Actor;
  /** Records that a story has overwritten, as they were. */
  readonly damaged: Map<string, Uint8Array>;
};

export type SimFleetOptions = {
  readonly shape: FleetShape;
  readonly seed: string;
  readonly turn: () => Promise<void>;
  /** Share of datagrams and DHCP frames that get lost. */
  readonly loss: number;
  /** Serials of machines that nobody registers. */
  readonly strangers?: readonly string[];
};

/** Saturday, 2026-11-21 06:00 UTC: any fixed morning will do. */
const startMs = Date.UTC(2026, 10, 21, 6);
const linesMax = 10_000;
const image = { kernelBytes: 2_000, initrdBytes: 5_000 };
/** Virtual time that each part of setting the scene may take. */
const sceneLimitMs = 60_000;
/** Servers live beside the pool of the racks. */
const serverAddress = (number: number): string => `10.68.0.${10 + number}`;
const operator: Actor = { user: 'operator', ip: '10.68.0.1', host: 'console' };

export function createSimFleet(options: SimFleetOptions): SimFleet {
  const { shape, seed, turn, loss } = options;
  const weather = { loss, delayMs: 0.2, jitterMs: loss > 0 ? 1 : 0 };
  const sim = createSimWorld({ seed, startMs, turn, weather });
  const invariants = createInvariants({
    controlPlanes: shape.controlPlanes,
    removalsPerPassMax: 5,
  });
  const lines: string[] = [];
  const see = (what: string): void => {
    const line = `${formatTime(sim.clock.elapsedMs())} ${what}`;
    sim.trace.add('seen', what);
    if (lines.length < linesMax) lines.push(line);
  };

  const os = createSimOsDirectory();
  const hostOf = (name: string, address: () => string) => ({
    name,
    interfaces: [],
    isUp: () => true,
    address,
  });
  const site = createSite(
    {
      racks: shape.racks,
      machines: shape.machines,
      serialOf: (number) => `s-${String(number).padStart(3, '0')}`,
      relayAddressOf: (rack) => relayAddressOf('10', rack),
      relayPort: 67,
      dhcpServers: Array.from({ length: shape.servers }, (_, at) => ({
        address: serverAddress(at + 1),
        port: 67,
      })),
      tftpPort: 69,
      hurry: 1,
      loss,
    },
    (name, address) => sim.worldOf(hostOf(name, address)),
    os,
    ({ serial, stage, text }) => {
      sim.trace.add(serial, `${stage} ${text}`);
      // Once it is up it has its own address and lets the lease run out.
      invariants.leased(serial, stage === 'up' ? undefined : site.find(serial)?.leased());
    },
  );

  const observerWorld = sim.worldOf({
    ...hostOf('observer', () => '10.68.0.1'),
    store: sim.store.session(),
  });
  const inventory = createInventory({
    world: observerWorld,
    transact: createTransact(observerWorld.store, observerWorld),
  });

  inventory.subscribe((changes) => {
    for (const change of changes) {
      // A record that does not decode is no removal.
      if (inventory.broken().size > 0 && change.after === undefined) {
        see(`${change.serial}  its record cannot be read`);
        continue;
      }
      invariants.machineChanged(change);
      const { serial, before, after } = change;
      const [from, to] = [before?.status.state ?? 'nothing', after?.status.state ?? 'nothing'];
      if (from === to || before === undefined) continue;
      see(`${serial}  ${from} -> ${to}   ${after?.status.reason?.text ?? ''}`.trimEnd());
    }
    invariants.fleetIs(inventory.machines());
  });

  let leader = '';
  const servers = Array.from({ length: shape.servers }, (_, at) => {
    const name = `server-${at + 1}`;
    let generation = 0;
    let held: ReadonlySet<string> = new Set();
    let waited: ReadonlySet<string> = new Set();
    return createSimServer({
      sim,
      name,
      address: serverAddress(at + 1),
      shape,
      proberOf: (isUp) => createSimProber(sim.clock, os, isUp),
      onHolds: (holds) => {
        for (const { scope, text } of holds) if (!held.has(scope)) see(`wait: ${text}`);
        for (const scope of held) {
          if (!holds.some((hold) => hold.scope === scope)) see(`wait no more: ${scope}`);
        }
        held = new Set(holds.map(({ scope }) => scope));
      },
      onPlan: (view) => {
        if (view.leading && leader !== name) {
          leader = name;
          if (shape.servers > 1) see(`${name} leads`);
        }
        for (const line of planLines(view, generation)) see(line);
        generation = view.generation;
        const waits = waitLines(view);
        for (const { key, line } of waits) if (!waited.has(key)) see(line);
        waited = new Set(waits.map(({ key }) => key));
      },
    });
  });

  let cluster: ReadonlyMap<string, { readonly controlPlane: boolean }> | undefined;
  observerWorld.store.watch(recordKey, absent, (news) => {
    if (news.kind !== 'events') return;
    for (const event of news.events) {
      if (event.kind !== 'put' || event.entry.key !== recordKey) continue;
      const record = decodeRecord(event.entry.value);
      assert(record.ok, 'the bridge wrote a record that it cannot read');
      const members = record.value.lastCluster?.members;
      if (members === undefined) continue;
      cluster = new Map(members.map((member) => [member.facts.serial, member]));
      const by = `generation ${record.value.lastCluster?.generation}`;
      invariants.clusterWritten({ by, members: cluster });
    }
  });

  const must = async (promise: Promise<{ readonly ok: boolean }>): Promise<void> => {
    const done = await promise;
    assert(done.ok, `setting the scene failed: ${JSON.stringify(done)}`);
  };

  return {
    sim,
    site,
    servers,
    inventory,
    invariants,
    operator,
    damaged: new Map(),
    summarise: () => {
      if (lines.length === 0) return;
      lines.length = 0;
      const states = Object.groupBy(inventory.machines(), (machine) => machine.status.state);
      const counts = Object.entries(states).map(([state, list]) => `${list.length} ${state}`);
      const members = [...(cluster?.values() ?? [])];
      const planes = members.filter(({ controlPlane }) => controlPlane).length;
      see(`${counts.join(', ')}; ${planes} control planes, ${members.length - planes} workers`);
    },
    lines: () => lines,
    start: async () => {
      await must(inventory.start());
      for (const server of servers) await server.start();
      await must(site.start());
      const strangers = new Set(options.strangers);
      const machines = site.machines.filter(({ serial }) => !strangers.has(serial));
      const uploads = uploadsFor({ machines }, '10', () => 'cs', image);
      const [first, ...others] = servers;
      const send = sendAll(createApi(observerWorld.http, first?.url ?? ''), uploads, () => {});
      // Requests take their time; virtual time must pass for them.
      await must(settled(sim, send));
      // Each server keeps images of its own; the others are given theirs here.
      const images = uploads.filter(({ path }) => path.includes('/images/'));
      for (const { url } of others) {
        await must(
          settled(
            sim,
            sendAll(createApi(observerWorld.http, url), images, () => {}),
          ),
        );
      }
    },
  };
}

/** Lets virtual time pass until the promise settles. */
async function settled<T>(sim: SimWorld, promise: Promise<T>): Promise<T> {
  let done = false;
  const mark = () => {
    done = true;
  };
  promise.then(mark, mark);
  const untilMs = sim.clock.elapsedMs() + sceneLimitMs;
  while (!done) {
    assert(sim.clock.elapsedMs() < untilMs, 'the scene was not set in time');
    await sim.clock.runUntil(sim.clock.elapsedMs() + 10);
  }
  return promise;
}
