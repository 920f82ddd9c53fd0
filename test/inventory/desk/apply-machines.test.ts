import { describe, expect, it } from 'vitest';
import { formatIpv4 } from '../../../src/base/addresses.ts';
import { absent, type Revision } from '../../../src/base/store.ts';
import type { Rfc3339 } from '../../../src/base/time.ts';
import type { Applied, ApplyTerms, MachineWish } from '../../../src/inventory/apply.ts';
import type { Inventory } from '../../../src/inventory/inventory.ts';
import type { Machine, MachineState, Serial } from '../../../src/inventory/machine.ts';
import { aNewMachine, ipamG, ipamWide } from '../../support/machines.ts';
import { actor, bring, desks, must, put, stored } from '../desks.ts';

type Options = Parameters<typeof aNewMachine>[0];

const wishes = (...list: Options[]): MachineWish[] => list.map(aNewMachine);
const apply = (desk: Inventory, list: readonly MachineWish[], terms: ApplyTerms = {}) =>
  desk.applyMachines(list, terms, actor);
const fleetOf = (count: number, labels: Record<string, string> = {}) =>
  Array.from({ length: count }, (_, at) =>
    aNewMachine({
      serial: `m-${String(at).padStart(4, '0')}`,
      rack: Math.floor(at / 28),
      labels: new Map(Object.entries(labels)),
    }),
  );
const kindsOf = ({ outcomes }: Applied) => outcomes.map(({ kind }) => kind);
const serial = (text: string) => text as Serial;

/** Serial, member and kind of each refusal, in order. */
async function refusals(pending: ReturnType<typeof apply>): Promise<string[]> {
  const result = await pending;
  if (result.ok || result.error.kind !== 'machines-refused')
    throw new Error(JSON.stringify(result));
  return result.error.refusals.map(
    ({ at, serial: who, member, problem }) => `${at} ${who} ${member} ${problem.kind}`,
  );
}

/** Lists of used indices equal the machines; no slot and no address twice. */
async function expectSound({ store, one }: Awaited<ReturnType<typeof desks>>): Promise<void> {
  const machines = one.machines();
  const slots = machines.map(({ spec }) => `${spec.rack}/${spec.indexInRack}`);
  const lists = Object.entries(await stored(store, 'node-indices/')).flatMap(([key, text]) =>
    (JSON.parse(text) as number[]).map((index) => `${key.split('/')[1]}/${index}`),
  );
  expect(lists.sort()).toEqual([...slots].sort());
  const addresses = machines.flatMap(({ spec }) => [...spec.ipv4, spec.bmc.ipv4]);
  expect(new Set(addresses).size).toBe(addresses.length);
}

async function wide() {
  const fleet = await desks({ ipam: false });
  must(await fleet.one.putIpam(ipamWide, actor));
  return fleet;
}

describe('machines as they should be', () => {
  it('unknown ones are registered, others changed, and the same ones left alone, in one commit', async () => {
    const fleet = await desks();
    const { one, store } = fleet;
    must(await apply(one, wishes({ serial: 'same' }, { serial: 'other', rack: 1 })));
    const before = one.find(serial('other')) as Machine;
    const sameBefore = one.revisionOf(one.find(serial('same')) as Machine);
    const list = wishes(
      { serial: 'other', rack: 1, labels: new Map([['a', 'b']]), bmcType: 'IPMI-2.0' },
      { serial: 'same' },
      { serial: 'new', rack: 1 },
    );
    const applied = must(await apply(one, list));
    expect(kindsOf(applied)).toEqual(['changed', 'unchanged', 'registered']);
    const [changed, same, added] = applied.outcomes;
    expect(changed).toMatchObject({ before, revision: applied.revision });
    expect(changed?.machine).toEqual(one.find(serial('other')));
    expect(changed?.machine.spec).toMatchObject({ indexInRack: 4, bmc: { type: 'IPMI-2.0' } });
    expect(same?.revision).toBe(sameBefore);
    expect(added?.machine).toEqual(one.find(serial('new')));
    const listing = must(await store.list(''));
    const touched = listing.entries
      .filter((entry) => entry.modRevision === applied.revision)
      .map((entry) => entry.key.replace(/[0-9a-f]{16}$/, '…'));
    expect(touched).toEqual([
      'audit/20261121/…',
      'audit/20261121/…',
      'machines/new',
      'machines/other',
      'node-indices/1',
    ]);
    expect(must(await one.auditLog(undefined, undefined)).slice(-2)).toMatchObject([
      { action: 'register', instance: '', detail: 'new', rev: applied.revision },
      {
        action: 'change',
        instance: 'other',
        detail: 'bmc, labels',
        before: { bmc: { type: 'iDRAC-9', ipv4: '10.72.17.36' }, labels: {} },
        after: { bmc: { type: 'IPMI-2.0', ipv4: '10.72.17.36' }, labels: { a: 'b' } },
      },
    ]);
    await expectSound(fleet);
  });

  it('the same list again changes nothing, on another server, too', async () => {
    const { one, two, store } = await desks();
    const list = wishes({ serial: 'a' }, { serial: 'b', role: 'boot' });
    const first = must(await apply(one, list));
    const before = await stored(store, '');
    for (const desk of [one, two]) {
      const again = must(await apply(desk, list));
      expect(kindsOf(again)).toEqual(['unchanged', 'unchanged']);
      expect(again.revision).toBe(first.revision);
    }
    expect(await stored(store, '')).toEqual(before);
  });

  it('labels and retire date that are left out stay; those that are given are all', async () => {
    const { one } = await desks();
    const retireDate = '2031-04-01T00:00:00Z' as Rfc3339;
    const labels = new Map([
      ['a', '1'],
      ['b', '2'],
    ]);
    must(await apply(one, wishes({ serial: 's', labels, retireDate })));
    const { labels: _, ...bare } = aNewMachine({ serial: 's' });
    expect(kindsOf(must(await apply(one, [bare])))).toEqual(['unchanged']);
    must(await apply(one, wishes({ serial: 's', labels: new Map([['a', '1']]) })));
    expect(one.find(serial('s'))?.spec).toMatchObject({
      labels: new Map([['a', '1']]),
      retireDate,
    });
  });

  it('a dry run tells indices, addresses and differences, and writes nothing', async () => {
    const { one, store } = await desks();
    must(await apply(one, wishes({ serial: 'a' })));
    const before = await stored(store, '');
    const list = wishes({ serial: 'a', rack: 1 }, { serial: 'b' }, { serial: 'c', rack: 1 });
    const dry = must(await apply(one, list, { dryRun: true }));
    expect(await stored(store, '')).toEqual(before);
    expect(dry.outcomes.map(({ revision }) => revision)).toEqual([
      one.revisionOf(one.find(serial('a')) as Machine),
      absent,
      absent,
    ]);
    const real = must(await apply(one, list));
    expect(real.outcomes.map(({ machine }) => machine.spec)).toEqual(
      dry.outcomes.map(({ machine }) => machine.spec),
    );
  });

  it('every reason is told at once with its place, and nothing is done', async () => {
    const { one, store } = await desks();
    must(await apply(one, wishes({ serial: 'boot', role: 'boot' }, { serial: 'up' })));
    await bring(one, 'up', 'healthy');
    await put(store, 'machines/odd', '{');
    const before = await stored(store, '');
    const full = Array.from({ length: 30 }, (_, at) => ({ serial: `f-${at}`, rack: 2 }));
    const list = wishes(
      { serial: 'boot-2', role: 'boot' },
      { serial: 'far', rack: 21 },
      { serial: 'up', rack: 1, role: 'ss' },
      { serial: 'fine' },
      { serial: 'fine', rack: 1 },
      { serial: 'odd' },
      { serial: 'boot', role: 'boot' },
      ...full,
    );
    const expected = new Map([
      [serial('boot'), '1' as Revision],
      [serial('fine'), absent],
    ]);
    expect(await refusals(apply(one, list, { expected }))).toEqual([
      '0 boot-2 role boot-slot-taken',
      '1 far rack outside-pool',
      '2 up rack change-forbidden',
      '2 up role change-forbidden',
      '4 fine serial serial-repeated',
      '5 odd serial record-broken',
      '6 boot serial precondition-failed',
      '35 f-28 rack rack-full',
      '36 f-29 rack rack-full',
    ]);
    expect(await stored(store, '')).toEqual(before);
  });

  it('a sentence names ten of many refusals and counts the rest', async () => {
    const { one } = await desks();
    const list = wishes(...Array.from({ length: 14 }, (_, at) => ({ serial: `f${at}`, rack: 50 })));
    const result = await apply(one, list);
    const text = result.ok ? '' : result.error.text;
    expect(text).toMatch(/^f0: rack 50.*f9: .*; and 4 more$/);
  });
});

describe('rack and role', () => {
  it('a machine registered for the wrong rack moves with index and addresses, and leaves its slot', async () => {
    const fleet = await desks();
    const { one } = fleet;
    must(await apply(one, wishes({ serial: 'a' }, { serial: 'b' }, { serial: 'c', rack: 1 })));
    const applied = must(await apply(one, wishes({ serial: 'a', rack: 1 }, { serial: 'd' })));
    const [moved, added] = applied.outcomes.map(({ machine }) => machine);
    expect(moved?.spec).toMatchObject({ rack: 1, indexInRack: 5 });
    expect(moved?.spec.ipv4.map(formatIpv4)).toEqual(['10.69.0.197', '10.69.1.5', '10.69.1.69']);
    expect(moved?.info.network.map(({ address }) => address)).toEqual(moved?.spec.ipv4);
    expect(moved?.info.bmc.address).toBe(moved?.spec.bmc.ipv4);
    expect(added?.spec.indexInRack).toBe(4);
    await expectSound(fleet);
  });

  it('two machines of full racks change places', async () => {
    const fleet = await desks();
    const { one } = fleet;
    const full = Array.from({ length: 56 }, (_, at) => ({
      serial: `m${at}`,
      rack: at < 28 ? 0 : 1,
    }));
    must(await apply(one, wishes(...full)));
    must(await apply(one, wishes({ serial: 'm0', rack: 1 }, { serial: 'm28', rack: 0 })));
    expect(one.find(serial('m0'))?.spec).toMatchObject({ rack: 1, indexInRack: 4 });
    await expectSound(fleet);
  });

  it('becoming the boot machine is a move, another role is none', async () => {
    const fleet = await desks();
    const { one } = fleet;
    must(await apply(one, wishes({ serial: 'a' })));
    must(await apply(one, wishes({ serial: 'a', role: 'ss' })));
    expect(one.find(serial('a'))?.spec).toMatchObject({ role: 'ss', indexInRack: 4 });
    must(await apply(one, wishes({ serial: 'a', role: 'boot' })));
    expect(one.find(serial('a'))?.spec).toMatchObject({ role: 'boot', indexInRack: 3 });
    await expectSound(fleet);
  });

  it.each<[MachineState, boolean]>([
    ['uninitialized', true],
    ['healthy', false],
    ['unhealthy', false],
    ['unreachable', false],
    ['updating', false],
    ['retiring', true],
    ['retired', true],
  ])('of a machine that is %s may change: %s', async (state, may) => {
    const { one } = await desks();
    must(await apply(one, wishes({ serial: 's' })));
    await bring(one, 's', state);
    for (const list of [wishes({ serial: 's', rack: 1 }), wishes({ serial: 's', role: 'ss' })]) {
      const dry = await apply(one, list, { dryRun: true });
      expect(dry.ok ? 'ok' : dry.error.kind).toBe(may ? 'ok' : 'machines-refused');
      must(await apply(one, list, { dryRun: true, evenInUse: true }));
    }
    must(await apply(one, wishes({ serial: 's', bmcType: 'IPMI-2.0' })));
    expect(one.find(serial('s'))?.status.state).toBe(state);
  });

  it('what another version has added to a record stays when the machine moves', async () => {
    const { one, store, clock } = await desks();
    must(await apply(one, wishes({ serial: 's' })));
    const record = JSON.parse((await stored(store, 'machines/s'))['machines/s'] ?? '');
    record.spec.more = 1;
    record.info.network.more = 2;
    record.more = { big: 3 };
    const odd = JSON.stringify(record).replace('"big":3', '"big":12345678901234567890');
    await put(store, 'machines/s', odd);
    await clock.run(0);
    must(await apply(one, wishes({ serial: 's', rack: 1 })));
    const after = (await stored(store, 'machines/s'))['machines/s'] ?? '';
    expect(after).toContain('"big":12345678901234567890');
    expect(JSON.parse(after)).toMatchObject({
      spec: { more: 1, rack: 1 },
      info: { network: { more: 2 } },
    });
  });
});

describe('a thousand machines', () => {
  it('are registered, changed and left alone in one commit each', async () => {
    const fleet = await wide();
    const { one, store } = fleet;
    const list = fleetOf(1_000);
    for (const [labels, kind] of [
      [{}, 'registered'],
      [{}, 'unchanged'],
      [{ a: 'b' }, 'changed'],
    ] as const) {
      const before = (await store.list('')) as { value: { revision: string } };
      const applied = must(await apply(one, fleetOf(1_000, labels)));
      expect(new Set(kindsOf(applied))).toEqual(new Set([kind]));
      const after = (await store.list('')) as { value: { revision: string } };
      const commits = Number(after.value.revision) - Number(before.value.revision);
      expect(commits).toBe(kind === 'unchanged' ? 0 : 1);
    }
    expect(one.machines()).toHaveLength(list.length);
    expect(must(await one.auditLog(undefined, undefined))).toHaveLength(1 + 1 + 1_000);
    await expectSound(fleet);
  });

  it('that weigh more than a commit takes are refused with what fits, in a dry run, too', async () => {
    const { one, store } = await wide();
    const before = await stored(store, '');
    const list = fleetOf(3_000);
    for (const dryRun of [true, false]) {
      const result = await apply(one, list, { dryRun });
      expect(result).toMatchObject({ ok: false, error: { kind: 'too-large' } });
      const text = result.ok ? '' : result.error.text;
      const fitting = Number(/about (\d+) at a time/.exec(text)?.[1]);
      expect(fitting).toBeGreaterThan(1_000);
      must(await apply(one, list.slice(0, fitting), { dryRun: true }));
    }
    expect(await stored(store, '')).toEqual(before);
  });
});

describe('ipam', () => {
  it('must be set', async () => {
    const { one } = await desks({ ipam: false });
    expect(await apply(one, wishes({ serial: 'a' }))).toMatchObject({
      error: { kind: 'ipam-missing' },
    });
    must(await one.putIpam(ipamG, actor));
    must(await apply(one, wishes({ serial: 'a' })));
  });
});
