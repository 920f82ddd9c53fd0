import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryStore, type MemoryStore } from '../../src/base/memory-store.ts';
import { fail } from '../../src/base/result.ts';
import type { Store, Write } from '../../src/base/store.ts';
import { planTakeover, recordsOf } from '../../src/inventory/takeover.ts';
import { upgradeDatabase } from '../../src/inventory/takeover-run.ts';
import { takeoverParts } from '../../src/sabakan/takeover.ts';
import { manualClock, seededChance } from '../support/clock.ts';
import {
  type OldDatabase,
  sabakan1,
  sabakan2,
  sabakan3,
  upgraded,
} from '../support/old-database.ts';
import { type LogLine, rememberingLog, silentLog } from '../support/silent-log.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array): string => new TextDecoder().decode(value);

async function filled(database: OldDatabase, store = createMemoryStore()): Promise<MemoryStore> {
  const writes: Write[] = Object.entries(database).map(([key, value]) => ({
    kind: 'put',
    key,
    value: bytes(value),
  }));
  for (let at = 0; at < writes.length; at += 100)
    await store.commit([], writes.slice(at, at + 100));
  return store;
}

async function contents(store: Store): Promise<OldDatabase> {
  const listing = await store.list('');
  if (!listing.ok) throw new Error(listing.error.text);
  return Object.fromEntries(listing.value.entries.map(({ key, value }) => [key, text(value)]));
}

async function revisions(store: Store): Promise<ReadonlyMap<string, string>> {
  const listing = await store.list('');
  if (!listing.ok) throw new Error(listing.error.text);
  return new Map(listing.value.entries.map(({ key, modRevision }) => [key, modRevision]));
}

const worldOf = (store: Store, seed = 1) => ({
  store,
  clock: manualClock(),
  chance: seededChance(seed),
  log: silentLog,
});
const upgrade = (store: Store, seed?: number) =>
  upgradeDatabase(worldOf(store, seed), takeoverParts);

const oldKeys = (database: OldDatabase): readonly string[] =>
  Object.keys(database).filter((key) => /^ignitions\/(templates|meta)\//.test(key));

/** What `database` is after an upgrade. */
function expected(database: OldDatabase): OldDatabase {
  const kept = Object.entries(database).filter(([key]) => !oldKeys(database).includes(key));
  const { ipam, ...others } = upgraded;
  if (database['version'] !== '2') return { ...Object.fromEntries(kept), ...upgraded };
  // Its machines and its IPAM configuration are right already, so they stay word for word.
  const changed = Object.entries(others).filter(([key]) => !key.startsWith('machines/'));
  return { ...Object.fromEntries(kept), ...Object.fromEntries(changed) };
}

describe('an upgrade to schema version 3', () => {
  it.each([
    ['Sabakan 1.1', sabakan1],
    ['Sabakan 1.2', sabakan2],
  ])(
    'turns the records of %s into those of Sabakan 2, and touches no other',
    async (_, database) => {
      const store = await filled(database);
      const before = await revisions(store);
      expect(await upgrade(store)).toMatchObject({ ok: true });
      const after = await contents(store);
      expect(after).toEqual(expected(database));
      const moved = await revisions(store);
      for (const [key, value] of Object.entries(after)) {
        if (database[key] === value) expect([key, moved.get(key)]).toEqual([key, before.get(key)]);
      }
    },
  );

  it('says what it did, step by step', async () => {
    expect(await upgrade(await filled(sabakan1))).toEqual({
      ok: true,
      value: {
        found: '1',
        steps: [
          { from: '1', to: '2', changed: 4 },
          { from: '2', to: '3', changed: 3 },
        ],
      },
    });
  });

  it.each([
    ['version 3', sabakan3],
    ['nothing', {}],
    ['no version and no IPAM configuration', { 'kernel-params/coreos': 'quiet' }],
  ])('leaves a database with %s as it is', async (_, database) => {
    const store = await filled(database);
    const before = (await store.get([])) as { value: { revision: string } };
    expect(await upgrade(store)).toMatchObject({ ok: true, value: { steps: [] } });
    expect(await store.get([])).toMatchObject({ value: { revision: before.value.revision } });
  });

  it('done twice changes nothing the second time', async () => {
    const store = await filled(sabakan1);
    await upgrade(store);
    const before = await revisions(store);
    expect(await upgrade(store)).toMatchObject({ ok: true, value: { found: '3', steps: [] } });
    expect(await revisions(store)).toEqual(before);
  });

  it('finds nothing to complain about in what it has made', async () => {
    const store = await filled(sabakan1);
    await upgrade(store);
    const listing = await store.list('');
    if (!listing.ok) throw new Error(listing.error.text);
    const plan = planTakeover(recordsOf(listing.value.entries), takeoverParts);
    expect(plan).toMatchObject({ found: '3', steps: [], findings: [] });
  });

  it('keeps what a later release added to a record', async () => {
    const machine = JSON.parse(sabakan1['machines/1234abcd'] ?? '') as Record<string, object>;
    const odd = {
      ...machine,
      spec: { ...machine['spec'], nics: [{ mac: '52:54:00:00:00:01' }] },
      uuid: 'x',
    };
    const store = await filled({ ...sabakan1, 'machines/1234abcd': JSON.stringify(odd) });
    await upgrade(store);
    expect(JSON.parse((await contents(store))['machines/1234abcd'] ?? '')).toMatchObject({
      spec: { nics: [{ mac: '52:54:00:00:00:01' }] },
      uuid: 'x',
    });
  });

  it('keeps the addresses a machine runs with, and computes their networks', async () => {
    const moved = (sabakan1['machines/5678efgh'] ?? '').replace('"10.69.1.68"', '"10.69.1.99"');
    const store = await filled({ ...sabakan1, 'machines/5678efgh': moved });
    await upgrade(store);
    const machine = JSON.parse((await contents(store))['machines/5678efgh'] ?? '');
    expect(machine.spec.ipv4[2]).toBe('10.69.1.99');
    expect(machine.info.network.ipv4[2]).toEqual({
      address: '10.69.1.99',
      netmask: '255.255.255.192',
      maskbits: 26,
      gateway: '10.69.1.65',
    });
  });
});

describe('what an upgrade does not understand', () => {
  it.each<[string, OldDatabase, string]>([
    ['an unknown version', { ...sabakan3, version: '4' }, 'the schema version is "4"'],
    ['an empty version', { ...sabakan3, version: '' }, 'the schema version is ""'],
    [
      'a broken machine',
      { ...sabakan1, 'machines/x': '{"spec":' },
      'machines/x: the record is not a JSON object',
    ],
    [
      'a machine under another key',
      { ...sabakan1, 'machines/x': sabakan1['machines/1234abcd'] ?? '' },
      'machines/x: the record is that of machine 1234abcd',
    ],
    ['a broken ipam', { ...sabakan1, ipam: '[]' }, 'ipam: is not a JSON object'],
    [
      'an ipam older than Sabakan 1.0',
      {
        ...sabakan1,
        ipam: (sabakan1['ipam'] ?? '').replace(',"bmc-ipv4-gateway-offset":1', ''),
      },
      'ipam: bmc-ipv4-gateway-offset must not be zero',
    ],
    [
      'a broken dhcp',
      { ...sabakan1, dhcp: '{"gateway-offset":"1"}' },
      'dhcp: gateway-offset must be',
    ],
    [
      'no gateway offset anywhere',
      { ...sabakan1, dhcp: '{"gateway-offset":0}' },
      'ipam: the gateway of the node networks is unknown',
    ],
    [
      'a template that is no object',
      { ...sabakan2, 'ignitions/templates/cs/1.0.0': '"x"' },
      'ignitions/templates/cs/1.0.0: is not a JSON object',
    ],
    [
      'meta data that are none',
      { ...sabakan2, 'ignitions/meta/boot/1545271384': '[1]' },
      'ignitions/meta/boot/1545271384: is neither a JSON object nor null',
    ],
    [
      'files that are none',
      { ...sabakan2, 'ignitions/templates/cs/1.0.0': '{"storage":{"files":[7]}}' },
      'ignitions/templates/cs/1.0.0: storage.files[0] is not an object',
    ],
    [
      'a member in another spelling',
      { ...sabakan2, 'ignitions/templates/cs/1.0.0': '{"storage":{"Files":[{"path":"/a"}]}}' },
      'ignitions/templates/cs/1.0.0: the member Files must be spelt files',
    ],
    [
      'a new template where an old one goes',
      {
        ...sabakan2,
        'ignitions/cs/1.0.0': '{"version":"2.3","template":{},"meta":null}',
      },
      'ignitions/templates/cs/1.0.0: ignitions/cs/1.0.0 exists with other content',
    ],
    ['a key of nobody', { ...sabakan2, 'somebody/else': 'x' }, 'somebody/else: belongs to nothing'],
    [
      'a broken lease table',
      { ...sabakan2, 'lease-usages/10.69.0.32': '{' },
      'lease-usages/10.69.0.32:',
    ],
  ])('%s stops it with the key, and nothing is written', async (_, database, says) => {
    const store = await filled(database);
    const before = await contents(store);
    const result = await upgrade(store);
    expect(result).toMatchObject({ ok: false, error: { kind: 'not-understood' } });
    expect(result.ok ? '' : result.error.text).toContain(says);
    expect(await contents(store)).toEqual(before);
  });

  it('names five and counts the rest', async () => {
    const many = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`machines/x${at}`, '{']));
    const result = await upgrade(await filled({ ...sabakan1, ...many }));
    expect(result.ok ? '' : result.error.text).toContain('and 4 more');
  });
});

/** A store that dies, as a killed server does, after so many commits; `lost`: the last one is done, its answer lost. */
function mortal(store: Store, commits: number, lost: boolean): Store {
  let left = commits;
  return {
    ...store,
    commit: async (conditions, writes) => {
      left -= 1;
      if (left === 0 && lost) await store.commit(conditions, writes);
      if (left <= 0) return fail({ kind: 'store-unavailable', text: 'killed' });
      return store.commit(conditions, writes);
    },
    // Small commits, so that there are many places to die at.
    conditionsMax: 4,
  };
}

/** More machines than one transaction takes. */
function many(database: OldDatabase, count: number): OldDatabase {
  const machines = Array.from({ length: count }, (_, at) => {
    const serial = `many-${at}`;
    const rack = 2 + Math.floor(at / 28);
    const index = 4 + (at % 28);
    const first = (10 << 24) + (69 << 16) + 192 * rack + index;
    const dotted = (value: number): string =>
      [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
    const ipv4 = [first, first + 64, first + 128].map(dotted);
    const bmc = dotted((10 << 24) + (72 << 16) + (17 << 8) + 32 * rack + index);
    const record = (sabakan1['machines/5678efgh'] ?? '')
      .replace('5678efgh', serial)
      .replace('"rack":1,"index-in-rack":4', `"rack":${rack},"index-in-rack":${index}`)
      .replace(/"ipv4":\[[^\]]*\]/, `"ipv4":${JSON.stringify(ipv4)}`)
      .replaceAll('10.72.17.36', bmc);
    return [`machines/${serial}`, record] as const;
  });
  const indices = new Map<number, number[]>();
  for (let at = 0; at < count; at += 1) {
    const rack = 2 + Math.floor(at / 28);
    indices.set(rack, [...(indices.get(rack) ?? []), 4 + (at % 28)]);
  }
  return {
    ...database,
    ...Object.fromEntries(machines),
    ...Object.fromEntries(
      [...indices].map(([rack, list]) => [`node-indices/${rack}`, JSON.stringify(list)]),
    ),
  };
}

describe('an upgrade that is cut short', () => {
  it('is completed by the next start, wherever it stopped, with the same records in the end', async () => {
    const database = many(sabakan1, 20);
    const whole = await filled(database);
    await upgrade(whole);
    const wanted = await contents(whole);
    expect(wanted['version']).toBe('3');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 14 }), fc.boolean()), { maxLength: 6 }),
        async (deaths) => {
          const store = await filled(database);
          for (const [commits, lost] of deaths) {
            const session = store.session();
            const before = await contents(store);
            const done = await upgrade(mortal(session, commits, lost));
            const after = await contents(store);
            // The version moves last: as long as it has not, the next start looks at everything again.
            if (!done.ok && after['version'] !== '3') {
              expect(after['version']).toBe(before['version'] === '2' ? '2' : after['version']);
            }
            await session.close();
          }
          expect(await upgrade(store)).toMatchObject({ ok: true });
          expect(await contents(store)).toEqual(wanted);
        },
      ),
      { numRuns: 60, seed: 7 },
    );
  });

  it('dies at each commit once and is completed each time', async () => {
    const wanted = expected(sabakan1);
    let deaths = 0;
    for (const lost of [false, true]) {
      for (let commits = 1; ; commits += 1) {
        const store = await filled(sabakan1);
        const session = store.session();
        const cut = await upgrade(mortal(session, commits, lost));
        await session.close();
        if (cut.ok) break;
        deaths += 1;
        expect(await upgrade(store)).toMatchObject({ ok: true });
        expect(await contents(store)).toEqual(wanted);
      }
    }
    expect(deaths).toBe(8);
  });

  it('takes more records than one transaction does', async () => {
    const store = await filled(many(sabakan1, 500));
    expect(await upgrade(store)).toMatchObject({
      ok: true,
      value: { steps: [{ changed: 504 }, { changed: 3 }] },
    });
  });
});

describe('the lock', () => {
  it('two servers upgrade one after the other, and only one of them writes', async () => {
    const store = await filled(sabakan1);
    const clock = manualClock();
    const results = [1, 2].map((seed) =>
      upgradeDatabase({ ...worldOf(store.session(), seed), clock }, takeoverParts),
    );
    let open = 2;
    for (const result of results) void result.then(() => (open -= 1));
    for (let rounds = 0; rounds < 100 && open > 0; rounds += 1) await clock.run(250);
    const [a, b] = await Promise.all(results);
    const counts = [a, b].map((result) => (result?.ok ? result.value.steps.length : -1));
    expect(counts.toSorted()).toEqual([0, 2]);
    expect(await contents(store)).toEqual(expected(sabakan1));
  });

  it('waits for an older key of a Sabakan, and begins when it is gone', async () => {
    const store = await filled(sabakan1);
    const theirs = 'schema-lock//694d7a8f3c2b1e05';
    await store.commit([], [{ kind: 'put', key: theirs, value: bytes('') }]);
    const clock = manualClock();
    const lines: LogLine[] = [];
    let ended = false;
    const result = upgradeDatabase(
      { ...worldOf(store), clock, log: rememberingLog(lines) },
      takeoverParts,
    );
    void result.then(() => (ended = true));
    await clock.run(30_000);
    expect(ended).toBe(false);
    expect((await contents(store))['version']).toBeUndefined();
    expect(lines).toContainEqual({
      level: 'info',
      message: 'waiting for another server to upgrade the database',
      fields: { key: theirs },
    });
    await store.commit([], [{ kind: 'delete', key: theirs }]);
    await clock.run(1_000);
    expect(await result).toMatchObject({ ok: true, value: { found: '1' } });
  });

  it('gives up after three minutes and names the key; nothing is written, and its own key is gone', async () => {
    const store = await filled({ ...sabakan1, 'schema-lock//1': '' });
    const clock = manualClock();
    const result = upgradeDatabase({ ...worldOf(store), clock }, takeoverParts);
    await clock.run(181_000);
    expect(await result).toMatchObject({
      ok: false,
      error: { kind: 'store-refused', text: expect.stringContaining('schema-lock//1') },
    });
    expect(await contents(store)).toEqual({ ...sabakan1, 'schema-lock//1': '' });
  });

  it('does not wait for a younger key: that one waits for us', async () => {
    const store = await filled(sabakan1);
    const late: Store = {
      ...store,
      claim: async (key, value, ttl) => {
        const claim = await store.claim(key, value, ttl);
        await store.commit([], [{ kind: 'put', key: 'schema-lock//2', value: bytes('') }]);
        return claim;
      },
    };
    expect(await upgrade(late)).toMatchObject({ ok: true, value: { found: '1' } });
  });

  it('writes nothing once the lock is lost', async () => {
    const store = await filled(sabakan1);
    let commits = 0;
    const robbed: Store = {
      ...store,
      commit: async (conditions, writes) => {
        commits += 1;
        if (commits === 2) {
          const listing = await store.list('schema-lock/');
          const [key = ''] = listing.ok ? listing.value.entries.map((entry) => entry.key) : [];
          await store.commit([], [{ kind: 'delete', key }]);
        }
        return store.commit(conditions, writes);
      },
    };
    expect(await upgrade(robbed)).toMatchObject({
      ok: false,
      error: { text: expect.stringContaining('the lock for upgrades was lost') },
    });
    const after = await contents(store);
    expect(after['version']).toBe('2');
    for (const key of oldKeys(sabakan1)) expect(after[key]).toBe(sabakan1[key]);
  });

  it('plans anew when a Sabakan that still runs changes a record', async () => {
    const store = await filled(sabakan1);
    const key = 'machines/5678efgh';
    const changed = (sabakan1[key] ?? '').replace('"uninitialized"', '"healthy"');
    let first = true;
    const busy: Store = {
      ...store,
      commit: async (conditions, writes) => {
        if (first) await store.commit([], [{ kind: 'put', key, value: bytes(changed) }]);
        first = false;
        return store.commit(conditions, writes);
      },
    };
    expect(await upgrade(busy)).toMatchObject({ ok: true });
    const after = JSON.parse((await contents(store))[key] ?? '');
    expect(after.status.state).toBe('healthy');
    expect(after.info.network.ipv4).toHaveLength(3);
  });
});
