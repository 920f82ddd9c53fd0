import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fail } from '../../../src/base/result.ts';
import type { Store, StoreProblem } from '../../../src/base/store.ts';
import { diskKeysPerMachineMax } from '../../../src/inventory/disk-key.ts';
import type { Inventory } from '../../../src/inventory/inventory.ts';
import { type MachineState, machineStates, type Serial } from '../../../src/inventory/machine.ts';
import { aNewMachine } from '../../support/machines.ts';
import { actor, bring, type Desks, desks, kindOf, must, put, stored, why } from '../desks.ts';

const s = 's' as Serial;
const bytes = (text: string) => new TextEncoder().encode(text);
const key = Uint8Array.from({ length: 64 }, (_, at) => (at * 37) % 256);

async function fleetOf(...serials: readonly string[]): Promise<Desks> {
  const fleet = await desks();
  must(
    await fleet.one.register(
      serials.map((serial) => aNewMachine({ serial })),
      actor,
    ),
  );
  return fleet;
}

const keysIn = async (fleet: Pick<Desks, 'store'>) =>
  Object.keys(await stored(fleet.store, 'crypts/'));
const set = (desk: Inventory, to: MachineState, serial = s) =>
  kindOf(desk.setState({ serial, to, why }, actor));

type Meddled = Desks & {
  /** Happens once, just before the next commit of the first server. */
  beforeCommit: (() => Promise<unknown>) | undefined;
  /** Happens once, when the first server has listed disk keys. */
  afterList: (() => Promise<unknown>) | undefined;
  /** What the first server hears when it reads or lists disk keys. */
  problem: StoreProblem | undefined;
};

/** Two servers and a machine; things come between the first server and the store. */
async function meddled(): Promise<Meddled> {
  const hooks: Partial<Pick<Meddled, 'beforeCommit' | 'afterList' | 'problem'>> = {};
  const take = async (name: 'beforeCommit' | 'afterList') => {
    const happens = hooks[name];
    hooks[name] = undefined;
    await happens?.();
  };
  const between = (store: Store): Store => ({
    ...store,
    commit: async (...how) => {
      await take('beforeCommit');
      return store.commit(...how);
    },
    get: async (wanted) => {
      const isKey = wanted.some((name) => name.startsWith('crypts/'));
      return hooks.problem !== undefined && isKey ? fail(hooks.problem) : store.get(wanted);
    },
    list: async (prefix) => {
      if (!prefix.startsWith('crypts/')) return store.list(prefix);
      if (hooks.problem !== undefined) return fail(hooks.problem);
      const listing = await store.list(prefix);
      await take('afterList');
      return listing;
    },
  });
  let servers = 0;
  const fleet = await desks({ storeOf: (store) => (servers++ === 0 ? between(store) : store) });
  must(await fleet.two.register([aNewMachine({ serial: 's' })], actor));
  return Object.assign(hooks, fleet) as Meddled;
}

describe('a disk key', () => {
  it('is kept byte by byte, for both servers, and the audit names its path alone', async () => {
    const fleet = await fleetOf('s');
    must(await fleet.one.putDiskKey(s, 'disk-0', key, actor));
    expect(must(await fleet.two.diskKey(s, 'disk-0'))).toEqual(key);
    expect(must(await fleet.two.diskKey(s, 'disk-1'))).toBeUndefined();
    const log = must(await fleet.one.auditLog(undefined, undefined));
    expect(log.at(-1)).toMatchObject({
      ...{ category: 'crypts', instance: 's', action: 'put', detail: 'disk-0' },
      ...actor,
    });
  });

  it('is written once: other bytes and the same bytes are refused alike, without a record', async () => {
    const { one, two } = await fleetOf('s');
    must(await one.putDiskKey(s, 'd', key, actor));
    for (const desk of [one, two]) {
      expect(await kindOf(desk.putDiskKey(s, 'd', key, actor))).toBe('disk-key-exists');
      expect(await kindOf(desk.putDiskKey(s, 'd', bytes('x'), actor))).toBe('disk-key-exists');
    }
    expect(must(await two.diskKey(s, 'd'))).toEqual(key);
    const log = must(await one.auditLog(undefined, undefined));
    expect(log.filter(({ category }) => category === 'crypts')).toHaveLength(1);
  });

  it.each(machineStates)('of a machine that is %s is taken unless it is leaving', async (state) => {
    const fleet = await fleetOf('s');
    await bring(fleet.one, 's', state);
    const leaving = state === 'retiring' || state === 'retired';
    expect(await kindOf(fleet.two.putDiskKey(s, 'd', key, actor))).toBe(
      leaving ? 'disk-key-too-late' : 'done',
    );
    expect(await kindOf(fleet.two.deleteDiskKeys(s, actor))).toBe(
      state === 'retiring' ? 'done' : 'not-retiring',
    );
    expect(await keysIn(fleet)).toEqual(leaving ? [] : ['crypts/s/d']);
  });

  it('needs a machine to be put or deleted, and none to be read', async () => {
    const { one, store } = await desks();
    await put(store, 'crypts/gone/d', 'old');
    const gone = 'gone' as Serial;
    expect(await kindOf(one.putDiskKey(gone, 'd2', key, actor))).toBe('disk-key-owner-unknown');
    expect(await kindOf(one.deleteDiskKeys(gone, actor))).toBe('machine-unknown');
    expect(must(await one.diskKey(gone, 'd'))).toEqual(bytes('old'));
  });

  it.each(['store-unavailable', 'store-refused', 'outcome-unknown'] as const)(
    'is never called unknown when the store answers %s',
    async (kind) => {
      const fleet = await meddled();
      must(await fleet.one.putDiskKey(s, 'd', key, actor));
      await bring(fleet.two, 's', 'retiring');
      fleet.problem = { kind, text: 'permission denied' };
      expect(await kindOf(fleet.one.diskKey(s, 'd'))).toBe(kind);
      expect(await kindOf(fleet.one.diskKey(s, 'never'))).toBe(kind);
      expect(await kindOf(fleet.one.putDiskKey(s, 'e', key, actor))).toBe(kind);
      expect(await kindOf(fleet.one.deleteDiskKeys(s, actor))).toBe(kind);
      fleet.problem = undefined;
      expect(must(await fleet.one.diskKey(s, 'd'))).toEqual(key);
    },
  );

  it('is refused beyond the bound; one that is there is still refused for being there', async () => {
    const fleet = await fleetOf('s');
    for (let at = 0; at < diskKeysPerMachineMax; at += 1) {
      await put(fleet.store, `crypts/s/${at}`, 'k');
    }
    expect(await kindOf(fleet.one.putDiskKey(s, 'more', key, actor))).toBe('disk-keys-too-many');
    expect(await kindOf(fleet.one.putDiskKey(s, '7', key, actor))).toBe('disk-key-exists');
    await bring(fleet.one, 's', 'retiring');
    const deleted = must(await fleet.one.deleteDiskKeys(s, actor));
    expect(deleted.paths).toHaveLength(diskKeysPerMachineMax);
    expect(await keysIn(fleet)).toEqual([]);
  });
});

describe('deleting disk keys', () => {
  it('takes all of one serial and none of a longer one, and says which, in order', async () => {
    const fleet = await fleetOf('s', 'st', 's t');
    for (const serial of ['s', 'st', 's t'] as unknown as Serial[]) {
      for (const path of ['b', 'a', 'ä'])
        must(await fleet.one.putDiskKey(serial, path, key, actor));
    }
    await bring(fleet.one, 's', 'retiring');
    expect(must(await fleet.two.deleteDiskKeys(s, actor)).paths).toEqual(['a', 'b', 'ä']);
    expect(await keysIn(fleet)).toEqual(
      ['s t', 'st'].flatMap((serial) => ['a', 'b', 'ä'].map((path) => `crypts/${serial}/${path}`)),
    );
    expect(must(await fleet.two.deleteDiskKeys(s, actor)).paths).toEqual([]);
    expect(fleet.one.find(s)?.status.state).toBe('retiring');
    const log = must(await fleet.one.auditLog(undefined, undefined));
    expect(log.at(-1)).toMatchObject({ category: 'crypts', action: 'delete', detail: '' });
  });

  it('by two servers at once: each key is named by one of them', async () => {
    const fleet = await fleetOf('s');
    for (const path of ['a', 'b']) must(await fleet.one.putDiskKey(s, path, key, actor));
    await bring(fleet.one, 's', 'retiring');
    const asked = [fleet.one, fleet.two, fleet.one].map((desk) => desk.deleteDiskKeys(s, actor));
    await fleet.clock.run(1_000);
    const answers = await Promise.all(asked);
    expect(answers.flatMap((answer) => must(answer).paths)).toEqual(['a', 'b']);
  });

  it('another server may delete them between look and commit: nothing is claimed twice', async () => {
    const fleet = await meddled();
    must(await fleet.one.putDiskKey(s, 'a', key, actor));
    await bring(fleet.two, 's', 'retiring');
    fleet.beforeCommit = () => fleet.two.deleteDiskKeys(s, actor);
    const asked = fleet.one.deleteDiskKeys(s, actor);
    await fleet.clock.run(1_000);
    expect(must(await asked).paths).toEqual([]);
  });

  it('a key that came between look and commit goes, too, and is named', async () => {
    const fleet = await meddled();
    must(await fleet.one.putDiskKey(s, 'a', key, actor));
    await bring(fleet.two, 's', 'retiring');
    fleet.afterList = () => put(fleet.store, 'crypts/s/b', 'written by another program');
    const asked = fleet.one.deleteDiskKeys(s, actor);
    await fleet.clock.run(60_000);
    expect(must(await asked).paths).toEqual(['a', 'b']);
    expect(await keysIn(fleet)).toEqual([]);
  });

  it('a machine that left retiring between look and commit keeps its keys', async () => {
    const fleet = await meddled();
    await bring(fleet.two, 's', 'retiring');
    fleet.beforeCommit = async () => {
      await set(fleet.two, 'retired');
      await set(fleet.two, 'uninitialized');
      must(await fleet.two.putDiskKey(s, 'new', key, actor));
    };
    const asked = kindOf(fleet.one.deleteDiskKeys(s, actor));
    await fleet.clock.run(1_000);
    expect(await asked).toBe('not-retiring');
    expect(await keysIn(fleet)).toEqual(['crypts/s/new']);
  });
});

describe('a disk key and the life of its machine', () => {
  it('a machine set retiring between look and commit takes no key', async () => {
    const fleet = await meddled();
    fleet.beforeCommit = () => set(fleet.two, 'retiring');
    const asked = kindOf(fleet.one.putDiskKey(s, 'd', key, actor));
    await fleet.clock.run(1_000);
    expect(await asked).toBe('disk-key-too-late');
    expect(await keysIn(fleet)).toEqual([]);
  });

  it('a machine removed and registered anew meanwhile is the one that counts', async () => {
    const fleet = await meddled();
    fleet.beforeCommit = async () => {
      await bring(fleet.two, 's', 'retired');
      must(await fleet.two.remove(s, actor));
    };
    const asked = kindOf(fleet.one.putDiskKey(s, 'd', key, actor));
    await fleet.clock.run(1_000);
    expect(await asked).toBe('disk-key-owner-unknown');
  });

  it('a key that comes while its machine is set retiring is there when it is set retired', async () => {
    const fleet = await meddled();
    fleet.beforeCommit = () => fleet.two.putDiskKey(s, 'd', key, actor);
    expect(await set(fleet.one, 'retiring')).toBe('done');
    expect(await set(fleet.one, 'retired')).toBe('disk-keys-exist');
  });

  it('whatever two servers are asked, in any order: retired means no keys, and an answer holds', async () => {
    const wish = fc.tuple(
      fc.boolean(),
      fc.oneof(
        fc.record({ put: fc.constantFrom('a', 'b', 'c') }),
        fc.record({ to: fc.constantFrom<MachineState>('retiring', 'retired', 'uninitialized') }),
        fc.constant('delete' as const),
      ),
    );
    const rounds = fc.array(fc.array(wish, { minLength: 1, maxLength: 5 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(rounds, async (all) => {
        const fleet = await fleetOf('s');
        const held = new Map<string, string>();
        for (const [round, wishes] of all.entries()) {
          const asked = wishes.map(async ([first, what], at) => {
            const desk = first ? fleet.one : fleet.two;
            if (what === 'delete') {
              const deleted = await desk.deleteDiskKeys(s, actor);
              return deleted.ok ? { deleted: deleted.value.paths } : {};
            }
            if ('to' in what) {
              await set(desk, what.to);
              return {};
            }
            const value = `${round}/${at}`;
            const stored = await desk.putDiskKey(s, what.put, bytes(value), actor);
            return stored.ok ? { path: what.put, value } : {};
          });
          const answers = Promise.all(asked);
          for (let tries = 0; tries < 20; tries += 1) await fleet.clock.run(50);
          const done = await answers;
          const before = new Set(held.keys());
          for (const answer of done) {
            if (!('path' in answer) || answer.path === undefined) continue;
            // Write-once: no key that was there before the round was written again within it, unless it was deleted.
            const swept = done.some((one) => one.deleted?.includes(answer.path));
            expect(before.has(answer.path) && !swept).toBe(false);
            held.set(answer.path, answer.value);
          }
          for (const path of done.flatMap((answer) => answer.deleted ?? [])) {
            expect(held.has(path)).toBe(true);
          }
          const now = await stored(fleet.store, 'crypts/s/');
          const retired = fleet.one.find(s)?.status.state === 'retired';
          if (retired) expect(now).toEqual({});
          const gone = new Set(done.flatMap((answer) => answer.deleted ?? []));
          for (const [path, value] of held) {
            const here = now[`crypts/s/${path}`];
            // Acknowledged and not deleted since: it is there, as it was given.
            if (!gone.has(path)) expect(here).toBe(value);
            if (here === undefined) held.delete(path);
            else held.set(path, here);
          }
          expect(Object.keys(now).sort()).toEqual(
            [...held.keys()].map((p) => `crypts/s/${p}`).sort(),
          );
        }
      }),
      { numRuns: 150 },
    );
  });
});
