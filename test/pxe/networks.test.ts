import { describe, expect, it } from 'vitest';
import { parseCidr, parseIpv4 } from '../../src/base/addresses.ts';
import { createMemoryStore } from '../../src/base/memory-store.ts';
import type { PutTerms } from '../../src/base/put-terms.ts';
import { createTransact } from '../../src/base/transact.ts';
import { type DhcpConfig, parseDhcpConfig } from '../../src/inventory/dhcp-config.ts';
import type { IpamConfig } from '../../src/inventory/ipam-config.ts';
import { readNetworkSpec } from '../../src/pxe/network-spec.ts';
import { createNetworks, networksMax } from '../../src/pxe/networks.ts';
import { manualClock, seededChance } from '../support/clock.ts';
import { ipamG } from '../support/machines.ts';
import { silentLog } from '../support/silent-log.ts';

const actor = { user: 'ops', ip: '127.0.0.1', host: 'one' };

function must<T>(result: { ok: true; value: T } | { ok: false; error: unknown }): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

async function bed(store = createMemoryStore({ clock: manualClock() })) {
  const clock = manualClock();
  const world = { clock, chance: seededChance(), log: silentLog };
  const facts: { ipam: IpamConfig | undefined; dhcp: DhcpConfig | undefined } = {
    ipam: ipamG,
    dhcp: must(parseDhcpConfig({})),
  };
  const networks = createNetworks({
    store,
    transact: createTransact(store, world),
    world,
    inventory: { ipam: () => facts.ipam, dhcp: () => facts.dhcp },
  });
  must(await networks.start());
  const put = async (name: string, json: object, terms?: PutTerms) => {
    const done = await networks.put(name, must(readNetworkSpec(json)), actor, terms);
    return done.ok ? 'done' : done.error.kind;
  };
  const of = (address: string) => networks.of(must(parseIpv4(address)))?.name;
  return { networks, put, of, facts, store };
}

describe('the network of an address', () => {
  it('is the node pool as soon as both configurations are there, and before that none', async () => {
    const { of, facts, networks } = await bed();
    expect([of('10.69.1.3'), of('192.168.0.1')]).toEqual(['node-pool', undefined]);
    expect(networks.of(must(parseIpv4('10.69.1.3')))).toMatchObject({
      mode: 'server',
      discovery: 'off',
      isImplicit: true,
    });
    facts.dhcp = undefined;
    expect([of('10.69.1.3'), networks.all()]).toEqual([undefined, []]);
  });

  it('is the narrowest record that contains it, and any record before the node pool', async () => {
    const { put, of, networks } = await bed();
    await put('all', { cidr: '10.0.0.0/8', mode: 'off' });
    await put('rack', { cidr: '10.69.1.0/24', mode: 'server', discovery: 'ask' });
    await put('one', { cidr: '10.69.1.3/32', mode: 'proxy' });
    expect(['10.69.1.3', '10.69.1.4', '10.69.2.1', '11.0.0.1'].map(of)).toEqual([
      'one',
      'rack',
      'all',
      undefined,
    ]);
    expect(networks.all().map(({ name }) => name)).toEqual(['all', 'one', 'rack']);
  });

  it('is the node pool where a record covers only a part of it', async () => {
    const { put, of, networks } = await bed();
    await put('rack', { cidr: '10.69.1.0/24', mode: 'off' });
    expect([of('10.69.1.3'), of('10.69.2.3')]).toEqual(['rack', 'node-pool']);
    expect(networks.all().map(({ name }) => name)).toEqual(['rack', 'node-pool']);
  });

  it('is another as soon as a record goes', async () => {
    const { networks, put, of } = await bed();
    await put('rack', { cidr: '10.69.1.0/24', mode: 'off' });
    must(await networks.remove('rack', actor));
    expect(of('10.69.1.3')).toBe('node-pool');
  });
});

describe('a network', () => {
  it('is refused with the CIDR of another, whoever makes it where', async () => {
    const { put, store } = await bed();
    const elsewhere = await bed(store);
    const spec = { cidr: '10.1.0.0/24', mode: 'proxy' };
    const both = await Promise.all([put('a', spec), elsewhere.put('b', spec)]);
    expect(both.sort()).toEqual(['done', 'network-exists']);
    expect(await put('c', spec)).toBe('network-exists');
    expect(await put('c', { ...spec, cidr: '10.1.0.0/25' })).toBe('done');
  });

  it('may be changed under its name, and has an audit record of before and after', async () => {
    const { put, store } = await bed();
    await put('a', { cidr: '10.1.0.0/24', mode: 'off', note: 'mine' });
    expect(await put('a', { cidr: '10.1.0.0/24', mode: 'proxy' })).toBe('done');
    const audit = must(await store.list('audit/')).entries.map(({ value }) =>
      JSON.parse(new TextDecoder().decode(value)),
    );
    expect(audit.map(({ category, instance, action }) => [category, instance, action])).toEqual([
      ['networks', 'a', 'put'],
      ['networks', 'a', 'put'],
    ]);
    expect(audit[1]).toMatchObject({
      before: { cidr: '10.1.0.0/24', mode: 'off', note: 'mine' },
      after: { cidr: '10.1.0.0/24', mode: 'proxy', discovery: 'off' },
    });
  });

  it('is not written in a dry run, nor over what must not be there', async () => {
    const { put, networks } = await bed();
    const spec = { cidr: '10.1.0.0/24', mode: 'off' };
    expect(await put('a', spec, { dryRun: true })).toBe('done');
    expect(networks.records.kept().size).toBe(0);
    await put('a', spec);
    expect(await put('a', spec, { over: 'nothing' })).toBe('precondition-failed');
  });

  it.each(['', 'A', 'a/b', '-a', 'a-', 'x'.repeat(64), 'node-pool'])(
    'is not called %j',
    async (name) => {
      const { put } = await bed();
      expect(await put(name, { cidr: '10.1.0.0/24', mode: 'off' })).toBe('network-invalid');
    },
  );

  it('that is not there cannot be taken away', async () => {
    const { networks } = await bed();
    const gone = await networks.remove('node-pool', actor);
    expect(!gone.ok && gone.error).toMatchObject({ kind: 'network-unknown' });
  });

  it(`is one of at most ${networksMax}`, async () => {
    const store = createMemoryStore({ clock: manualClock() });
    const names = Array.from({ length: networksMax }, (_, at) => `n${at}`);
    const index = names.map((name, at) => [name, `10.${at >> 8}.${at & 255}.0/24`]);
    const value = new TextEncoder().encode(JSON.stringify(Object.fromEntries(index)));
    await store.commit([], [{ kind: 'put', key: 'tetsukan/networks', value }]);
    const { put } = await bed(store);
    expect(await put('more', { cidr: '11.0.0.0/8', mode: 'off' })).toBe('networks-too-many');
    expect(await put('n0', { cidr: '11.0.0.0/8', mode: 'off' })).toBe('done');
  });

  it('whose record cannot be read is told of', async () => {
    const store = createMemoryStore({ clock: manualClock() });
    const value = new TextEncoder().encode('{"cidr":"10.1.0.1/24","mode":"on"}');
    await store.commit([], [{ kind: 'put', key: 'tetsukan/networks/a', value }]);
    const { networks } = await bed(store);
    expect([...networks.records.broken().values()][0]).toContain('mode must be one of');
  });
});

describe('what a record says', () => {
  it.each([
    [{}, ['cidr', 'mode']],
    [{ cidr: 7, mode: 'server' }, ['cidr']],
    [{ cidr: '10.0.0.1/8', mode: 'server' }, ['cidr']],
    [{ cidr: '10.0.0.0/8', mode: 'on', discovery: 'on', note: 1 }, ['mode', 'discovery', 'note']],
    [[], ['']],
  ])('%j is wrong at %j', (json, members) => {
    const read = readNetworkSpec(json);
    expect(read.ok ? [] : read.error.map(({ member }) => member)).toEqual(members);
  });

  it('is `off` for discovery when it does not say', () => {
    expect(must(readNetworkSpec({ cidr: '10.0.0.0/8', mode: 'proxy' }))).toEqual({
      cidr: must(parseCidr('10.0.0.0/8')),
      mode: 'proxy',
      discovery: 'off',
    });
  });
});
