import { describe, expect, it } from 'vitest';
import { formatIpv4 } from '../../src/base/addresses.ts';
import { createMemoryStore } from '../../src/base/memory-store.ts';
import { fail } from '../../src/base/result.ts';
import { compareRevisions, type Revision, type Store } from '../../src/base/store.ts';
import type { Rfc3339 } from '../../src/base/time.ts';
import { createTransact } from '../../src/base/transact.ts';
import { createInventory } from '../../src/inventory/create.ts';
import type { Change, Inventory } from '../../src/inventory/inventory.ts';
import { transition } from '../../src/inventory/lifecycle.ts';
import { machineStates, type Serial } from '../../src/inventory/machine.ts';
import { encodeMachine } from '../../src/inventory/machine-json.ts';
import { manualClock, seededChance } from '../support/clock.ts';
import { aMachine, aNewMachine, ipamG, ipamWide, ipv4 } from '../support/machines.ts';
import { silentLog } from '../support/silent-log.ts';
import { actor, bring, desks, kindOf, must, put, stored, why } from './desks.ts';

const serial = (text: string) => text as Serial;
const add = (desk: Inventory, ...machines: Parameters<typeof aNewMachine>[0][]) =>
  desk.register(machines.map(aNewMachine), actor);
const indices = (desk: Inventory) =>
  desk.machines().map(({ spec }) => `${spec.serial} ${spec.rack}/${spec.indexInRack}`);

describe('registering', () => {
  it('the boot machine takes the first slot, workers the lowest free ones', async () => {
    const { one, store } = await desks();
    must(await add(one, { serial: 'w1' }, { serial: 'w2' }, { serial: 'b', role: 'boot' }));
    must(await add(one, { serial: 'w3', rack: 1 }, { serial: 'w4' }));
    expect(indices(one)).toEqual(['b 0/3', 'w1 0/4', 'w2 0/5', 'w3 1/4', 'w4 0/6']);
    expect(await stored(store, 'node-indices/')).toEqual({
      'node-indices/0': '[4,5,3,6]',
      'node-indices/1': '[4]',
    });
  });

  it('a new machine is uninitialized, with addresses and dates', async () => {
    const { one } = await desks();
    must(await add(one, { serial: 's', rack: 1 }));
    const machine = one.find(serial('s'));
    expect(machine?.spec.ipv4.map(formatIpv4)).toEqual(['10.69.0.196', '10.69.1.4', '10.69.1.68']);
    expect(machine).toMatchObject({
      spec: { registerDate: '2026-11-21T06:00:00Z', retireDate: '2026-11-21T06:00:00Z' },
      status: { state: 'uninitialized', since: '2026-11-21T06:00:00Z' },
    });
    expect(one.ownerOf(ipv4('10.69.1.4'))).toBe(machine);
  });

  it.each([
    ['without IPAM', 'ipam-missing', false, [{ serial: 'a' }]],
    ['a known serial', 'machine-exists', true, [{ serial: 'new' }, { serial: 'known' }]],
    ['a serial twice', 'serial-repeated', true, [{ serial: 'a' }, { serial: 'a', rack: 1 }]],
    [
      'a second boot machine',
      'boot-slot-taken',
      true,
      [
        { serial: 'a', role: 'boot' },
        { serial: 'b', role: 'boot' },
      ],
    ],
    ['a rack past the pool', 'outside-pool', true, [{ serial: 'a' }, { serial: 'b', rack: 21 }]],
    [
      'more than a rack holds',
      'rack-full',
      true,
      Array.from({ length: 28 }, (_, at) => ({ serial: `n${at}` })),
    ],
  ])('%s: %s, and nothing is written', async (_, kind, ipam, wanted) => {
    const { one, store } = await desks({ ipam });
    if (ipam) must(await add(one, { serial: 'known' }));
    const before = await stored(store, '');
    expect(await kindOf(add(one, ...wanted))).toBe(kind);
    expect(await stored(store, '')).toEqual(before);
  });

  it('an empty list is a success and is recorded, as Sabakan does it', async () => {
    const { one } = await desks({ ipam: false });
    must(await add(one));
    expect(must(await one.auditLog(undefined, undefined))).toMatchObject([
      { category: 'machines', action: 'register', instance: '', detail: '' },
    ]);
  });

  it('a whole rack and its boot machine fit, one more does not, and a removed one makes room', async () => {
    const { one } = await desks();
    const workers = Array.from({ length: 28 }, (_, at) => ({ serial: `w${at}` }));
    must(await add(one, ...workers, { serial: 'b', role: 'boot' }));
    expect(await kindOf(add(one, { serial: 'x' }))).toBe('rack-full');
    await bring(one, 'w7', 'retired');
    must(await one.remove(serial('w7'), actor));
    must(await add(one, { serial: 'x' }));
    expect(one.find(serial('x'))?.spec.indexInRack).toBe(11);
  });

  it('two servers that fill one rack at once never give a slot twice', async () => {
    const { one, two } = await desks();
    const asked = Array.from({ length: 40 }, (_, at) =>
      kindOf(add(at % 2 === 0 ? one : two, { serial: `m${at}` })),
    );
    const answers = await Promise.all(asked);
    expect(answers.filter((kind) => kind === 'done')).toHaveLength(28);
    expect(answers.filter((kind) => kind === 'rack-full')).toHaveLength(12);
    expect(new Set(one.machines().map(({ spec }) => spec.indexInRack)).size).toBe(28);
  });

  it('two servers that register the same serial at once: one wins', async () => {
    const { one, two } = await desks();
    const both = [one, two].map((desk, rack) => kindOf(add(desk, { serial: 's', rack })));
    expect((await Promise.all(both)).sort()).toEqual(['done', 'machine-exists']);
    expect(one.machines()).toHaveLength(1);
  });

  it('an index list of null, as Sabakan leaves it, is an empty rack; a broken one is left alone', async () => {
    const { one, store } = await desks();
    await put(store, 'node-indices/0', 'null');
    must(await add(one, { serial: 's' }));
    await put(store, 'node-indices/1', '{"x":1}');
    expect(await kindOf(add(one, { serial: 't', rack: 1 }))).toBe('record-broken');
  });

  it('more than one commit takes is refused before anything is written', async () => {
    const { one, store } = await desks({ ipam: false });
    must(await one.putIpam(ipamWide, actor));
    const before = await stored(store, '');
    const labels = new Map([['a'.repeat(60), 'b'.repeat(60)]]);
    const many = Array.from({ length: 2_000 }, (_, at) => {
      return { serial: `m${at}`, rack: Math.floor(at / 28), labels };
    });
    expect(await kindOf(add(one, ...many))).toBe('too-large');
    expect(await stored(store, '')).toEqual(before);
  });
});

describe('IPAM and DHCP configuration', () => {
  it('IPAM may be put again while there is no machine, and shows at once', async () => {
    const { one } = await desks();
    must(await one.putIpam({ ...ipamG, maxNodesInRack: 20 }, actor));
    expect(one.ipam()?.maxNodesInRack).toBe(20);
    must(await add(one, { serial: 's' }));
    expect(await kindOf(one.putIpam(ipamG, actor))).toBe('machines-exist');
    expect(one.ipam()?.maxNodesInRack).toBe(20);
  });

  it('a machine that only the store knows of forbids it, too', async () => {
    const { one, store } = await desks();
    const restore = store.cutWatches();
    await put(store, 'machines/unseen', 'broken');
    expect(await kindOf(one.putIpam(ipamG, actor))).toBe('machines-exist');
    restore();
  });

  it('a machine that this server believes in but is gone does not', async () => {
    const { one, two, store, clock } = await desks();
    must(await add(one, { serial: 's' }));
    await bring(one, 's', 'retired');
    const restore = store.cutWatches();
    const removing = two.remove(serial('s'), actor);
    await clock.run(5_000);
    must(await removing);
    expect(one.find(serial('s'))).toBeDefined();
    const putting = one.putIpam(ipamG, actor);
    await clock.run(5_000);
    must(await putting);
    restore();
  });

  it('DHCP may be put at any time; both are stored as Sabakan stores them', async () => {
    const { one, store } = await desks();
    must(await add(one, { serial: 's' }));
    const dns = [ipv4('10.0.0.1')];
    must(await one.putDhcp({ leaseMinutes: 30, dnsServers: dns, gatewayOffset: 0 }, actor));
    expect(one.dhcp()?.leaseMinutes).toBe(30);
    expect((await stored(store, 'dhcp'))['dhcp']).toBe(
      '{"gateway-offset":0,"lease-minutes":30,"dns-servers":["10.0.0.1"]}',
    );
    const ipam = (await stored(store, 'ipam'))['ipam'] ?? '';
    expect(JSON.parse(ipam)).toMatchObject({
      'node-ipv4-pool': '10.69.0.0/20',
      'bmc-ipv4-offset': '0.0.1.0',
    });
    expect(must(await one.auditLog(undefined, undefined))).toMatchObject([
      { category: 'ipam', instance: 'config', action: 'put', detail: ipam },
      { category: 'machines' },
      { category: 'dhcp', detail: (await stored(store, 'dhcp'))['dhcp'] },
    ]);
  });
});

describe('states', () => {
  it('all 49 changes answer as the table says', async () => {
    const { one } = await desks();
    for (const from of machineStates) {
      for (const to of machineStates) {
        const name = `${from}-${to}`;
        // One machine per rack leaves room for 21; they are reused by removal.
        must(await add(one, { serial: name }));
        await bring(one, name, from);
        const expected = transition(from, to).ok ? 'done' : 'transition-forbidden';
        expect(await kindOf(one.setState({ serial: serial(name), to, why }, actor)), name).toBe(
          expected,
        );
        await forget(one, name);
      }
    }
  });

  async function forget(desk: Inventory, name: string): Promise<void> {
    const roads = {
      uninitialized: ['retiring', 'retired'],
      healthy: ['retiring', 'retired'],
      unhealthy: ['retiring', 'retired'],
      unreachable: ['retiring', 'retired'],
      updating: ['uninitialized', 'retiring', 'retired'],
      retiring: ['retired'],
      retired: [],
    } as const;
    const now = desk.find(serial(name))?.status.state ?? 'retired';
    for (const to of roads[now])
      must(await desk.setState({ serial: serial(name), to, why }, actor));
    must(await desk.remove(serial(name), actor));
  }

  it('a change sets the time, the reason and the audit entry in one commit', async () => {
    const { one, two, clock, store } = await desks();
    must(await add(one, { serial: 's' }));
    clock.advance(1_500);
    const evidence = ['tcp 22 answered', 'http 9105 answered'];
    const set = must(
      await one.setState(
        { serial: serial('s'), to: 'healthy', why: { by: 'health', text: 'is up', evidence } },
        actor,
      ),
    );
    expect(set.machine.status).toEqual({
      state: 'healthy',
      since: '2026-11-21T06:00:01.5Z',
      reason: { by: 'health', text: 'is up', evidence },
    });
    for (const desk of [one, two]) expect(desk.find(serial('s'))).toEqual(set.machine);
    const listing = must(await store.list(''));
    const touched = listing.entries
      .filter((entry) => entry.modRevision === set.revision)
      .map((entry) => entry.key.replace(/[0-9a-f]{16}$/, '…'));
    expect(touched).toEqual(['audit/20261121/…', 'machines/s']);
    expect(must(await one.auditLog(undefined, undefined)).at(-1)).toEqual({
      ts: '2026-11-21T06:00:01.5Z',
      rev: set.revision,
      ...actor,
      category: 'machines',
      instance: 's',
      action: 'set-state',
      detail: 'uninitialized -> healthy: is up',
      before: { status: { state: 'uninitialized' } },
      after: { status: { state: 'healthy' } },
    });
  });

  it('the same state again is a success that writes nothing, and answers at once', async () => {
    const { one, store, clock } = await desks();
    must(await add(one, { serial: 's' }));
    await bring(one, 's', 'healthy');
    must(await one.setLabel(serial('s'), 'a', 'b', actor));
    const before = await stored(store, '');
    clock.advance(5_000);
    const again = must(await one.setState({ serial: serial('s'), to: 'healthy', why }, actor));
    expect(again.machine.status.since).toBe('2026-11-21T06:00:00Z');
    expect(await stored(store, '')).toEqual(before);
  });

  it('a decision on a state that has moved is refused', async () => {
    const { one } = await desks();
    must(await add(one, { serial: 's' }));
    await bring(one, 's', 'unhealthy');
    const change = { serial: serial('s'), from: 'healthy', to: 'unreachable', why } as const;
    expect(await one.setState(change, actor)).toEqual(
      fail({ kind: 'state-moved', serial: 's', text: 's is unhealthy by now, not healthy' }),
    );
  });

  it('of two servers with the same wish from the same state, one wins', async () => {
    const { one, two } = await desks();
    must(await add(one, { serial: 's' }));
    await bring(one, 's', 'healthy');
    const answers = [one, two].map((desk, at) => {
      const to = at === 0 ? 'unhealthy' : 'unreachable';
      return kindOf(desk.setState({ serial: serial('s'), from: 'healthy', to, why }, actor));
    });
    expect((await Promise.all(answers)).sort()).toEqual(['done', 'state-moved']);
  });

  it('a decision of a leader that lost its claim changes nothing', async () => {
    const { one, store, clock } = await desks();
    must(await add(one, { serial: 's' }));
    const claim = must(await store.claim('leader', new Uint8Array(), 10));
    const fence = { kind: 'held', key: 'leader', createRevision: claim.createRevision } as const;
    const change = { serial: serial('s'), to: 'healthy', why, fence } as const;
    must(await one.setState(change, actor));
    await claim.release();
    const late = kindOf(one.setState({ ...change, to: 'unhealthy' }, actor));
    await clock.run(5_000);
    expect(await late).toBe('contended');
    expect(one.find(serial('s'))?.status.state).toBe('healthy');
  });

  it('a machine that still holds disk keys cannot be retired; its neighbour by prefix can', async () => {
    const { one, store } = await desks();
    must(await add(one, { serial: 's1' }, { serial: 's' }));
    await put(store, 'crypts/s1/disk', 'key');
    for (const name of ['s1', 's']) await bring(one, name, 'retiring');
    const retire = (name: string) =>
      kindOf(one.setState({ serial: serial(name), to: 'retired', why }, actor));
    expect(await retire('s1')).toBe('disk-keys-exist');
    expect(await retire('s')).toBe('done');
    must(await store.commit([], [{ kind: 'delete', key: 'crypts/s1/disk' }]));
    expect(await retire('s1')).toBe('done');
  });

  it('a disk key that comes while a machine is being retired wins', async () => {
    let intrude: (() => Promise<void>) | undefined;
    const late = (store: Store): Store => ({
      ...store,
      commit: async (conditions, writes) => {
        const intruder = intrude;
        intrude = undefined;
        await intruder?.();
        return store.commit(conditions, writes);
      },
    });
    const { one, store } = await desks({ storeOf: late });
    must(await add(one, { serial: 's' }));
    await bring(one, 's', 'retiring');
    intrude = () => put(store, 'crypts/s/disk', 'key');
    const retire = one.setState({ serial: serial('s'), to: 'retired', why }, actor);
    expect(await kindOf(retire)).toBe('disk-keys-exist');
    expect(one.find(serial('s'))?.status.state).toBe('retiring');
  });

  it('a reason that another program has outdated is not shown', async () => {
    const { one, store } = await desks();
    must(await add(one, { serial: 's' }));
    await bring(one, 's', 'healthy');
    const machine = one.find(serial('s'));
    if (machine === undefined) throw new Error('registered');
    const [entry] = must(await store.get(['machines/s'])).entries;
    const stored = JSON.parse(new TextDecoder().decode(entry?.value));
    expect(stored.tetsukan.reason).toMatchObject({ state: 'healthy', text: 'because' });
    // All but the status is kept, which is more than Sabakan does.
    const status = { state: 'unhealthy', timestamp: '2026-11-22T06:00:00Z', duration: 0 };
    await put(store, 'machines/s', JSON.stringify({ ...stored, status }));
    expect(one.find(serial('s'))?.status).toEqual({
      state: 'unhealthy',
      since: '2026-11-22T06:00:00Z',
    });
  });

  it('a thousand changes within one millisecond all get their audit entry', async () => {
    const { one, clock } = await desks();
    must(await one.putIpam({ ...ipamG, maxNodesInRack: 1 }, actor));
    const names = Array.from({ length: 20 }, (_, at) => `m${at}`);
    must(await add(one, ...names.map((name, rack) => ({ serial: name, rack }))));
    const flips: Promise<string>[] = [];
    for (let round = 0; round < 50; round += 1) {
      const to = round % 2 === 0 ? 'healthy' : 'unhealthy';
      for (const name of names) {
        flips.push(kindOf(one.setState({ serial: serial(name), to, why }, actor)));
      }
    }
    await clock.run(0);
    for (let tries = 0; tries < 100; tries += 1) await clock.run(10);
    expect(new Set(await Promise.all(flips))).toEqual(new Set(['done']));
    const changes = must(await one.auditLog(undefined, undefined)).filter(
      ({ action }) => action === 'set-state',
    );
    expect(changes).toHaveLength(1000);
  });
});

describe('labels and retire date', () => {
  it('labels are put, replaced and removed, in order of their names', async () => {
    const { one } = await desks();
    must(await add(one, { serial: 's', labels: new Map([['b', '1']]) }));
    must(await one.setLabel(serial('s'), 'a', '', actor));
    must(await one.setLabel(serial('s'), 'b', '2', actor));
    expect([...(one.find(serial('s'))?.spec.labels ?? [])]).toEqual([
      ['a', ''],
      ['b', '2'],
    ]);
    must(await one.removeLabel(serial('s'), 'b', actor));
    expect([...(one.find(serial('s'))?.spec.labels ?? [])]).toEqual([['a', '']]);
    const details = must(await one.auditLog(undefined, undefined)).map(
      ({ action, instance, detail }) => `${action} ${instance} ${detail}`,
    );
    expect(details.slice(2)).toEqual(['put-label s a/', 'put-label s b/2', 'delete-label s b']);
  });

  it.each<[string, string, string]>([
    ['a b', 'x', 'invalid'],
    ['x'.repeat(64), 'x', 'invalid'],
    ['a', 'x'.repeat(64), 'invalid'],
    ['a', 'x\n', 'invalid'],
    ['a', '', 'done'],
  ])('label %j with value %j: %s', async (name, value, kind) => {
    const { one } = await desks();
    must(await add(one, { serial: 's' }));
    expect(await kindOf(one.setLabel(serial('s'), name, value, actor))).toBe(kind);
  });

  it('there is a bound on labels; those that are there may still be changed', async () => {
    const { one } = await desks();
    const labels = new Map(Array.from({ length: 64 }, (_, at) => [`l${at}`, '']));
    must(await add(one, { serial: 's', labels }));
    expect(await kindOf(one.setLabel(serial('s'), 'more', '', actor))).toBe('invalid');
    expect(await kindOf(one.setLabel(serial('s'), 'l7', 'new', actor))).toBe('done');
  });

  it('a retire date keeps its nanoseconds and its offset, on a retired machine, too', async () => {
    const { one, store } = await desks();
    must(await add(one, { serial: 's' }));
    await bring(one, 's', 'retired');
    const date = '2023-10-10T09:08:07.000000345+09:00' as Rfc3339;
    must(await one.setRetireDate(serial('s'), date, actor));
    expect(one.find(serial('s'))?.spec.retireDate).toBe(date);
    expect((await stored(store, 'machines/s'))['machines/s']).toContain(`"retire-date":"${date}"`);
    expect(must(await one.auditLog(undefined, undefined)).at(-1)).toMatchObject({
      action: 'set-retire-date',
      detail: '2023-10-10 09:08:07.000000345 +0900 +0900',
    });
  });

  it('what is not there is unknown', async () => {
    const { one } = await desks();
    must(await add(one, { serial: 's' }));
    expect(await kindOf(one.removeLabel(serial('s'), 'a', actor))).toBe('label-unknown');
    const gone = serial('gone');
    const date = '2030-01-01T00:00:00Z' as Rfc3339;
    expect(await kindOf(one.setLabel(gone, 'a', 'b', actor))).toBe('machine-unknown');
    expect(await kindOf(one.removeLabel(gone, 'a', actor))).toBe('machine-unknown');
    expect(await kindOf(one.setRetireDate(gone, date, actor))).toBe('machine-unknown');
    expect(await kindOf(one.remove(gone, actor))).toBe('machine-unknown');
    expect(await kindOf(one.setState({ serial: gone, to: 'healthy', why }, actor))).toBe(
      'machine-unknown',
    );
  });

  it('concurrent changes of one machine from two servers are all kept', async () => {
    const { one, two, clock } = await desks();
    must(await add(one, { serial: 's' }));
    const names = Array.from({ length: 30 }, (_, at) => `l${at}`);
    const all = names.map((name, at) =>
      kindOf((at % 2 === 0 ? one : two).setLabel(serial('s'), name, 'x', actor)),
    );
    for (let tries = 0; tries < 50; tries += 1) await clock.run(10);
    expect(new Set(await Promise.all(all))).toEqual(new Set(['done']));
    expect([...(one.find(serial('s'))?.spec.labels.keys() ?? [])].sort()).toEqual(names.sort());
  });
});

describe('removing', () => {
  it.each(machineStates)('a machine that is %s', async (state) => {
    const { one, two, store } = await desks();
    must(await add(one, { serial: 's' }, { serial: 't' }));
    await bring(one, 's', state);
    const retired = state === 'retired';
    expect(await kindOf(two.remove(serial('s'), actor))).toBe(retired ? 'done' : 'not-retired');
    expect(two.find(serial('s')) === undefined).toBe(retired);
    expect((await stored(store, 'node-indices/'))['node-indices/0']).toBe(
      retired ? '[5]' : '[4,5]',
    );
    if (retired) expect(await stored(store, 'tetsukan/')).toEqual({});
  });

  it('the serial can be registered again, and of two removals one finds nothing', async () => {
    const { one, two } = await desks();
    must(await add(one, { serial: 's' }));
    await bring(one, 's', 'retired');
    const both = [one, two].map((desk) => kindOf(desk.remove(serial('s'), actor)));
    expect((await Promise.all(both)).sort()).toEqual(['done', 'machine-unknown']);
    must(await add(one, { serial: 's', rack: 2 }));
    expect(one.find(serial('s'))).toMatchObject({
      spec: { rack: 2 },
      status: { state: 'uninitialized' },
    });
  });

  it('goes through when the rack does not list the index, unlike Sabakan', async () => {
    const { one, store } = await desks();
    must(await add(one, { serial: 's' }));
    await bring(one, 's', 'retired');
    await put(store, 'node-indices/0', '[9]');
    must(await one.remove(serial('s'), actor));
    expect(one.find(serial('s'))).toBeUndefined();
    expect((await stored(store, 'node-indices/'))['node-indices/0']).toBe('[9]');
  });

  it('a machine that was registered anew in another rack meanwhile frees its index there', async () => {
    let intrude: (() => Promise<void>) | undefined;
    const late = (store: Store): Store => ({
      ...store,
      get: async (keys) => {
        const got = await store.get(keys);
        const intruder = keys.length === 1 ? intrude : undefined;
        if (intruder !== undefined) intrude = undefined;
        await intruder?.();
        return got;
      },
    });
    const { one, store } = await desks({ storeOf: late });
    const other = await desks({ store, ipam: false, seed: 2 });
    must(await add(one, { serial: 's' }));
    await bring(one, 's', 'retired');
    intrude = async () => {
      must(await other.one.remove(serial('s'), actor));
      must(await add(other.one, { serial: 's', rack: 5 }));
      await bring(other.one, 's', 'retired');
    };
    must(await one.remove(serial('s'), actor));
    expect(await stored(store, 'node-indices/')).toEqual({
      'node-indices/0': '[]',
      'node-indices/5': '[]',
    });
  });

  it('an unreachable store is no unknown machine', async () => {
    let down = false;
    const unreliable = (store: Store): Store => ({
      ...store,
      get: async (keys) =>
        down ? fail({ kind: 'store-unavailable', text: 'no quorum' }) : store.get(keys),
    });
    const { one } = await desks({ storeOf: unreliable });
    must(await add(one, { serial: 's' }));
    down = true;
    expect(await kindOf(one.remove(serial('s'), actor))).toBe('store-unavailable');
  });
});

describe('reading', () => {
  it('a change shows on the server that made it before it is answered', async () => {
    const { one } = await desks();
    for (let at = 0; at < 5; at += 1) {
      must(await add(one, { serial: `s${at}` }));
      expect(one.find(serial(`s${at}`))).toBeDefined();
    }
  });

  it('is answered though the news does not come back, after a bounded wait', async () => {
    const { one, store, clock } = await desks();
    const restore = store.cutWatches();
    const adding = kindOf(add(one, { serial: 's' }));
    await clock.run(2_000);
    expect(await adding).toBe('done');
    expect(one.freshness().kind).toBe('behind');
    restore();
    await clock.run(0);
    expect(one.find(serial('s'))).toBeDefined();
    expect(one.freshness()).toEqual({ kind: 'live' });
  });

  it('after a compaction while it was away it shows what is, and tells of the differences only', async () => {
    const { one, store, clock } = await desks();
    must(await add(one, { serial: 'gone' }, { serial: 'moved' }, { serial: 'same' }));
    await bring(one, 'gone', 'retired');
    const heard: string[] = [];
    one.subscribe((changes) => {
      for (const change of changes) heard.push(change.serial);
    });
    const restore = store.cutWatches();
    const blind = await desks({ store, ipam: false, seed: 2 });
    const changing = Promise.all([
      blind.one.remove(serial('gone'), actor),
      blind.one.setState({ serial: serial('moved'), to: 'healthy', why }, actor),
      add(blind.one, { serial: 'new' }),
    ]);
    for (let tries = 0; tries < 30; tries += 1) await blind.clock.run(100);
    const newest = (await changing).map((result) => must<{ revision: Revision }>(result).revision);
    store.compact(newest.sort(compareRevisions).at(-1) as Revision);
    restore();
    for (let tries = 0; tries < 30; tries += 1) await clock.run(100);
    expect(indices(one)).toHaveLength(3);
    expect(heard.sort()).toEqual(['gone', 'moved', 'new']);
    const healthy = one.search({ having: { states: ['healthy'] } });
    expect(healthy.map(({ spec }) => spec.serial)).toEqual(['moved']);
    expect(one.find(serial('moved'))?.status.reason?.text).toBe('because');
  });

  it('the list is in order of serials and the same array while nothing changes', async () => {
    const { one } = await desks();
    must(await add(one, { serial: 'c' }, { serial: 'a' }, { serial: 'b' }));
    expect(one.machines().map(({ spec }) => spec.serial)).toEqual(['a', 'b', 'c']);
    const before = one.machines();
    must(await one.putDhcp({ leaseMinutes: 0, dnsServers: [], gatewayOffset: 0 }, actor));
    expect(one.machines()).toBe(before);
    must(await one.setLabel(serial('a'), 'x', 'y', actor));
    expect(one.machines()).not.toBe(before);
  });

  it('a search answers on what was just changed', async () => {
    const { one } = await desks();
    must(await add(one, { serial: 'a' }, { serial: 'b' }, { serial: 'c', role: 'boot' }));
    await bring(one, 'b', 'healthy');
    const serials = (query: Parameters<Inventory['search']>[0]) =>
      one.search(query).map(({ spec }) => spec.serial);
    expect(serials({ having: { states: ['healthy'] } })).toEqual(['b']);
    expect(serials({ notHaving: { roles: ['boot'], states: ['retired'] } })).toEqual(['a', 'b']);
    expect(serials({})).toEqual(['a', 'b', 'c']);
  });

  it('subscribers hear of every change with what was before, and may leave', async () => {
    const { one } = await desks();
    const heard: string[] = [];
    const leave = one.subscribe((changes: readonly Change[]) => {
      for (const { serial: name, before, after } of changes)
        heard.push(`${name} ${before?.status.state} ${after?.status.state}`);
    });
    must(await add(one, { serial: 's' }));
    await bring(one, 's', 'retired');
    must(await one.remove(serial('s'), actor));
    leave();
    must(await add(one, { serial: 's' }));
    expect(heard).toEqual([
      's undefined uninitialized',
      's uninitialized retiring',
      's retiring retired',
      's retired undefined',
    ]);
  });

  it('broken records are reported by key and change nothing for the others', async () => {
    const { one, two, store } = await desks();
    must(await add(one, { serial: 'good' }));
    await put(store, 'machines/bad', '{');
    await put(
      store,
      'machines/wrong',
      new TextDecoder().decode(encodeMachine(aMachine({ serial: 'right' }))),
    );
    await put(store, 'dhcp', '{"lease-minutes":-1}');
    await one.auditLog(undefined, undefined);
    expect([...two.broken()]).toEqual([
      ['machines/bad', 'the record is not JSON'],
      ['machines/wrong', 'the record is that of machine right'],
      ['dhcp', expect.stringContaining('lease-minutes')],
    ]);
    expect(two.machines().map(({ spec }) => spec.serial)).toEqual(['good']);
    expect(two.dhcp()).toBeUndefined();
    expect(await kindOf(one.setLabel(serial('bad'), 'a', 'b', actor))).toBe('record-broken');
    expect(await kindOf(one.remove(serial('bad'), actor))).toBe('record-broken');
    expect(await kindOf(add(one, { serial: 'bad' }))).toBe('machine-exists');
  });
});

describe('an existing database', () => {
  const open = async (entries: Readonly<Record<string, string>>) => {
    const clock = manualClock();
    const store = createMemoryStore({ clock });
    for (const [key, value] of Object.entries(entries)) await put(store, key, value);
    const world = { clock, store: store.session(), chance: seededChance(), log: silentLog };
    const inventory = createInventory({ world, transact: createTransact(world.store, world) });
    return { inventory, store, started: await inventory.start() };
  };

  it('that is empty becomes ours', async () => {
    const { started, store } = await open({});
    expect(started.ok).toBe(true);
    expect(await stored(store, '')).toEqual({ version: '3' });
  });

  it('of version 3 is used as it stands', async () => {
    const record = new TextDecoder().decode(encodeMachine(aMachine({ serial: 'old', rack: 1 })));
    const config = {
      'max-nodes-in-rack': 28,
      'node-ipv4-pool': '10.69.0.0/20',
      'node-ipv4-range-size': 6,
      'node-ipv4-range-mask': 26,
      'node-ip-per-node': 3,
      'node-index-offset': 3,
      'node-gateway-offset': 1,
      'bmc-ipv4-pool': '10.72.16.0/20',
      'bmc-ipv4-range-size': 5,
      'bmc-ipv4-range-mask': 20,
      'bmc-ipv4-gateway-offset': 1,
    };
    const { inventory, store } = await open({
      version: '3',
      ipam: JSON.stringify(config),
      'machines/old': record,
      'node-indices/1': '[4]',
      audit: '"2026-11-20T06:00:00Z"',
      'audit/20261120/00000000000000ff':
        '{"ts":"2026-11-20T05:00:00Z","rev":"255","user":"u","ip":"i","host":"h","category":"machines","instance":"","action":"register","detail":"old"}',
    });
    expect(inventory.find(serial('old'))?.spec.rack).toBe(1);
    must(await add(inventory, { serial: 'new', rack: 1 }));
    expect(inventory.find(serial('new'))?.spec.indexInRack).toBe(5);
    expect((await stored(store, 'machines/'))['machines/old']).toBe(record);
    expect(must(await inventory.auditLog(undefined, undefined)).map(({ rev }) => rev)[0]).toBe(
      '255',
    );
  });

  it.each([
    [{ version: '2', ipam: '{}' }, 'has schema version "2"'],
    [{ version: '4' }, 'has schema version "4"'],
    [{ version: '' }, 'has schema version ""'],
    [{ ipam: '{}' }, 'has no schema version but an IPAM configuration'],
  ])('%j is not touched', async (entries, text) => {
    const { started, store, inventory } = await open(entries);
    expect(started.ok ? '' : started.error.text).toContain(text);
    expect(await stored(store, '')).toEqual(entries);
    expect(inventory.freshness()).toEqual({ kind: 'loading' });
  });
});
