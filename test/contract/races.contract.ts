/**
 * Two servers changing the same few machines at once. The audit log is the judge: replayed in order of revisions, every
 * record must have been allowed by what was before it, what comes out must be what lies in the store, and each
 * acknowledged change must have exactly one record. Run on the store in memory and on etcd.
 */

import { expect, it } from 'vitest';
import type { Store } from '../../src/base/store.ts';
import type { AuditRecord } from '../../src/inventory/audit.ts';
import type { Inventory } from '../../src/inventory/inventory.ts';
import { allowedTransitions } from '../../src/inventory/lifecycle.ts';
import { type MachineState, machineStates, type Serial } from '../../src/inventory/machine.ts';
import { actor, must, stored, why } from '../inventory/desks.ts';
import { seededChance } from '../support/clock.ts';
import { aNewMachine, ipamG } from '../support/machines.ts';

export type Racers = {
  readonly servers: readonly Inventory[];
  readonly store: Store;
  /** Until both servers show what the store holds. */
  readonly settle: (isSettled: () => boolean) => Promise<void>;
  readonly close: () => Promise<void>;
};

const serials = ['a', 'b', 'c', 'd', 'boot-1', 'boot-2'] as unknown as readonly Serial[];
const rackOf = (serial: string): number => (serial === 'd' ? 1 : 0);
const roleOf = (serial: string): string => (serial.startsWith('boot') ? 'boot' : 'cs');
const machineOf = (serial: string) =>
  aNewMachine({ serial, rack: rackOf(serial), role: roleOf(serial) });
const steps = 40;
const asksPerStep = 8;

export function raceContract(
  where: string,
  seeds: readonly number[],
  open: () => Promise<Racers>,
): void {
  it.each(seeds)(
    `${where}, seed %i: the audit log explains the store, record by record`,
    async (seed) => {
      const racers = await open();
      const { next } = seededChance(seed);
      const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
      const acknowledged: string[] = [];
      const [one, two] = racers.servers;
      if (one === undefined || two === undefined) throw new Error('two servers race');
      must(await one.putIpam(ipamG, actor));
      for (let step = 0; step < steps; step += 1) {
        const asked = Array.from({ length: asksPerStep }, async () => {
          const wish = wishOf(pick, next);
          const done = await wish.ask(pick(racers.servers));
          if (done) acknowledged.push(wish.record);
        });
        await Promise.all(asked);
      }
      const log = must(await two.auditLog(undefined, undefined));
      const truth = replay(log);
      const recorded = log.slice(1).map(recordName);
      // A state set to what it is already is acknowledged and changes nothing; all else has its record.
      const isRecorded = (name: string) => !name.startsWith('set-state');
      expect(recorded.filter(isRecorded).toSorted()).toEqual(
        acknowledged.filter(isRecorded).toSorted(),
      );
      expect(recorded.length).toBeLessThanOrEqual(acknowledged.length);
      expect(log.length).toBeGreaterThan(steps);
      await racers.settle(() =>
        racers.servers.every(
          (server) => JSON.stringify(shownBy(server)) === JSON.stringify(truthOf(truth)),
        ),
      );
      for (const server of racers.servers) expect(shownBy(server)).toEqual(truthOf(truth));
      await checkStore(racers.store, truth);
      await racers.close();
    },
  );
}

type Wish = { readonly record: string; readonly ask: (desk: Inventory) => Promise<boolean> };

function wishOf(pick: <T>(list: readonly T[]) => T, next: () => number): Wish {
  const serial = pick(serials);
  const wish = (
    record: string,
    ask: (desk: Inventory) => Promise<{ readonly ok: boolean }>,
  ): Wish => ({
    record,
    ask: async (desk) => (await ask(desk)).ok,
  });
  const kind = next();
  if (kind < 0.25) {
    const wanted = next() < 0.5 ? [serial] : [...new Set([serial, pick(serials)])];
    return wish(`register ${wanted.join('\n')}`, (desk) =>
      desk.register(wanted.map(machineOf), actor),
    );
  }
  if (kind < 0.6) {
    const to = pick([...machineStates, 'retiring', 'retired', 'retired', 'healthy'] as const);
    return wish(`set-state ${serial}`, (desk) => desk.setState({ serial, to, why }, actor));
  }
  if (kind < 0.7) return wish(`delete ${serial}`, (desk) => desk.remove(serial, actor));
  if (kind < 0.77) {
    return wish(`put-label ${serial}`, (desk) =>
      desk.setLabel(serial, 'x', pick(['1', '2']), actor),
    );
  }
  if (kind < 0.82) {
    return wish(`delete-label ${serial}`, (desk) => desk.removeLabel(serial, 'x', actor));
  }
  if (kind < 0.9) {
    const path = pick(['k1', 'k2']);
    return wish(`key ${serial}/${path}`, (desk) =>
      desk.putDiskKey(serial, path, new Uint8Array([1]), actor),
    );
  }
  if (kind < 0.96) return wish(`no-keys ${serial}`, (desk) => desk.deleteDiskKeys(serial, actor));
  return wish('ipam', (desk) => desk.putIpam(ipamG, actor));
}

function recordName({ category, instance, action, detail }: AuditRecord): string {
  if (category === 'ipam') return 'ipam';
  if (category === 'crypts')
    return action === 'put' ? `key ${instance}/${detail}` : `no-keys ${instance}`;
  return action === 'register' ? `register ${detail}` : `${action} ${instance}`;
}

type Known = { state: MachineState; labels: Record<string, string>; keys: Set<string> };
type Truth = ReadonlyMap<string, Known>;

/** Throws at the first record that what was before it did not allow. */
function replay(log: readonly AuditRecord[]): Truth {
  const truth = new Map<string, Known>();
  for (const record of log) {
    const { category, instance, action, detail } = record;
    const refuse = (text: string): never => {
      throw new Error(`${text}: ${JSON.stringify(record)}`);
    };
    if (category === 'ipam') {
      if (truth.size > 0) refuse('machines are there');
      continue;
    }
    if (action === 'register') {
      for (const serial of detail.split('\n')) {
        if (truth.has(serial)) refuse(`${serial} is there`);
        const boots = [...truth.keys()].filter((one) => roleOf(one) === 'boot');
        if (roleOf(serial) === 'boot' && boots.length > 0) refuse('the boot slot is taken');
        truth.set(serial, { state: 'uninitialized', labels: {}, keys: new Set() });
      }
      continue;
    }
    const known = truth.get(instance) ?? refuse('nobody');
    const isLeaving = known.state === 'retiring' || known.state === 'retired';
    if (category === 'crypts' && action === 'put') {
      if (isLeaving || known.keys.has(detail)) refuse('too late, or there');
      known.keys.add(detail);
    } else if (category === 'crypts') {
      if (known.state !== 'retiring') refuse('not retiring');
      known.keys.clear();
    } else if (action === 'set-state') {
      const [, from = '', to = ''] =
        /^(\w+) -> (\w+): because$/.exec(detail) ?? refuse('no states');
      if (known.state !== from) refuse(`it was ${known.state}`);
      if (!allowedTransitions[known.state].includes(to as MachineState)) refuse('no such step');
      if (to === 'retired' && known.keys.size > 0) refuse('keys are there');
      known.state = to as MachineState;
    } else if (action === 'put-label') {
      known.labels = { x: detail.split('/')[1] ?? '' };
    } else if (action === 'delete-label') {
      if (known.labels['x'] === undefined) refuse('no label');
      known.labels = {};
    } else if (action === 'delete') {
      if (known.state !== 'retired') refuse('not retired');
      truth.delete(instance);
    } else {
      refuse('unknown');
    }
  }
  return truth;
}

function truthOf(truth: Truth): readonly unknown[] {
  return [...truth]
    .map(([serial, { state, labels }]) => ({ serial, state, labels }))
    .toSorted((a, b) => (a.serial < b.serial ? -1 : 1));
}

function shownBy(server: Inventory): readonly unknown[] {
  return server.machines().map(({ spec, status }) => ({
    serial: spec.serial,
    state: status.state,
    labels: Object.fromEntries(spec.labels),
  }));
}

/** Every slot and address once, the racks' lists and the disk keys as replayed. */
async function checkStore(store: Store, truth: Truth): Promise<void> {
  const records = Object.values(await stored(store, 'machines/')).map((text) => JSON.parse(text));
  expect(records.map(({ spec }) => spec.serial).toSorted()).toEqual([...truth.keys()].toSorted());
  const slots = records.map(({ spec }) => `${spec.rack}/${spec['index-in-rack']}`);
  const lists = Object.entries(await stored(store, 'node-indices/')).flatMap(([key, text]) =>
    (JSON.parse(text) as number[]).map((index) => `${key.split('/')[1]}/${index}`),
  );
  expect(lists.toSorted()).toEqual(slots.toSorted());
  const addresses = records.flatMap(({ spec }) => [...spec.ipv4, spec.bmc.ipv4]);
  expect(new Set(addresses).size).toBe(addresses.length);
  expect(Object.keys(await stored(store, 'crypts/')).toSorted()).toEqual(
    [...truth]
      .flatMap(([serial, { keys }]) => [...keys].map((path) => `crypts/${serial}/${path}`))
      .toSorted(),
  );
}
