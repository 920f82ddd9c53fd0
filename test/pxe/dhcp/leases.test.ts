import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MacAddress } from '../../../src/base/addresses.ts';
import { addMs, formatInstant, instant } from '../../../src/base/time.ts';
import {
  declinedMac,
  type LeaseTable,
  leaseIndexOf,
  leaseKey,
  openLeaseTable,
} from '../../../src/pxe/dhcp/leases.ts';
import { createPicker } from '../../../src/pxe/dhcp/picker.ts';
import { testStart } from '../../support/machines.ts';
import { aBed, ip, mac, message } from './bed.ts';

const range = { first: ip('10.69.10.32'), count: 31 };
const now = testStart;
const hour = addMs(now, 3_600_000);

function table(json?: unknown): LeaseTable {
  const opened = openLeaseTable(
    json === undefined ? undefined : new TextEncoder().encode(JSON.stringify(json)),
  );
  if (!opened.ok) throw new Error(opened.error);
  return opened.value;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

describe('the stored form', () => {
  it('has the key of its first address', () => {
    expect(leaseKey(range)).toBe('lease-usages/10.69.10.32');
    expect(leaseIndexOf(range, ip('10.69.10.35'))).toBe(3);
    expect(leaseIndexOf(range, ip('10.69.10.63'))).toBeUndefined();
    expect(leaseIndexOf(range, ip('10.69.10.31'))).toBeUndefined();
  });

  it('has the fake hardware address of a declined index', () => {
    expect(declinedMac(257)).toBe('ff:00:00:00:01:01');
  });

  it('is read when it is null, as Sabakan writes an empty one', () => {
    expect(table(null).entries().size).toBe(0);
  });

  it('keeps what it does not know, whatever its names and numbers are', () => {
    const foreign =
      '"__proto__":{"__proto__":12345678901234567890},"\\ud800":1e400,"é\u2028":-0,"constructor":[1.0,"\\u0000"]';
    const opened = openLeaseTable(new TextEncoder().encode(`{${foreign}}`));
    if (!opened.ok) throw new Error(opened.error);
    expect(new TextDecoder().decode(opened.value.encode())).toBe(`{${foreign}}`);
  });

  it('keeps nanoseconds and members it does not know word for word', () => {
    const lease = '2026-11-21T06:30:00.123456789Z';
    const stored = { [mac(1)]: { index: 4, lease, note: 'x' }, other: 7 };
    const opened = openLeaseTable(
      new TextEncoder().encode(`{"__proto__":{"a":1},${JSON.stringify(stored).slice(1)}`),
    );
    if (!opened.ok) throw new Error(opened.error);
    opened.value.grant(mac(2), 0, hour);
    const written = text(opened.value.encode());
    expect(written).toContain(`"${mac(1)}":{"index":4,"lease":"${lease}","note":"x"}`);
    expect(written).toContain('"other":7');
    expect(written).toContain('"__proto__":');
  });

  it.each(['', '[]', '"text"', '7', '{"a":', '{"a":1}x'])('%j is broken or harmless', (value) => {
    const opened = openLeaseTable(new TextEncoder().encode(value));
    expect(opened.ok).toBe(false);
  });

  it('that is broken is never overwritten, and nothing is lent from it', async () => {
    const bed = aBed();
    const broken = new TextEncoder().encode('{"torn":');
    await bed.store.commit([], [{ kind: 'put', key: 'lease-usages/10.69.1.32', value: broken }]);
    const request = message('request', { wants: '10.69.1.32', server: bed.server });
    for (const payload of [message('discover'), request]) {
      expect(await bed.ask(payload)).toBeUndefined();
    }
    expect(bed.responder.counters().brokenTables).toBe(2);
    const listing = await bed.store.get(['lease-usages/10.69.1.32']);
    expect(listing.ok && listing.value.entries[0]?.value).toEqual(broken);
    expect((await bed.ask(message('discover', { giaddr: '10.69.0.129' })))?.type).toBe('offer');
  });

  it('an entry whose time cannot be read lasts for ever', () => {
    const odd = table({ [mac(1)]: { index: 0, lease: 'soon' } });
    expect(odd.isFreeFor(mac(2), 0, instant(8e15))).toBe(false);
    odd.decline(mac(1));
    expect(text(odd.encode())).toBe('{"ff:00:00:00:00:00":{"index":0,"lease":"soon"}}');
  });
});

describe('a row that is a lease but for an index', () => {
  const soon = formatInstant(hour);
  const over = formatInstant(addMs(now, -120_001));
  it.each([
    ['ends later', `{"${mac(1)}":{"lease":"${soon}"}}`, true],
    ['has no readable end', `{"${mac(1)}":{"lease":"soon"}}`, true],
    ['has no end', `{"${mac(1)}":{}}`, true],
    ['is a number', `{"${mac(1)}":7}`, true],
    ['lies below the range', `{"${mac(1)}":{"index":-1,"lease":"${soon}"}}`, true],
    ['has a half for an index', `{"${mac(1)}":{"index":1.5,"lease":"${soon}"}}`, true],
    ['has another name', `{"somebody":{"lease":"${soon}"}}`, true],
    ['has ended', `{"${mac(1)}":{"lease":"${over}"}}`, false],
    ['is null, which Sabakan reads as ended', `{"${mac(1)}":null}`, false],
    ['is no lease', '{"note":{"a":1},"other":7}', false],
  ])('that %s: %s; what is free may be its: %s', (_, text, isStray) => {
    const some = openLeaseTable(new TextEncoder().encode(text));
    if (!some.ok) throw new Error(some.error);
    const upTo = addMs(now, -120_000);
    expect(some.value.strayFor(mac(2), upTo) !== undefined).toBe(isStray);
    expect(some.value.isFreeFor(mac(2), 0, upTo)).toBe(!isStray);
  });

  it('keeps new machines from all of its range, and nobody from renewing', async () => {
    const bed = aBed();
    const key = 'lease-usages/10.69.1.32';
    const rows = (more: object) => ({
      kind: 'put' as const,
      key,
      value: new TextEncoder().encode(
        JSON.stringify({ [mac(1)]: { index: 4, lease: soon }, ...more }),
      ),
    });
    const stray = { [mac(7)]: { lease: soon } };
    await bed.store.commit([], [rows(stray)]);
    expect(await bed.ask(message('discover', { mac: mac(2) }))).toBeUndefined();
    expect(bed.responder.counters().brokenTables).toBe(1);
    const wants = { mac: mac(2), wants: '10.69.1.33', server: bed.server };
    expect((await bed.ask(message('request', wants)))?.type).toBe('nak');
    const renewal = message('request', { mac: mac(1), ciaddr: '10.69.1.36' });
    expect((await bed.ask(renewal))?.type).toBe('ack');
    // The machine itself gets an address like any other, and its row with it.
    expect((await bed.ask(message('discover', { mac: mac(7) })))?.type).toBe('offer');
    const own = { mac: mac(7), wants: '10.69.1.40', server: bed.server };
    expect((await bed.ask(message('request', own)))?.type).toBe('ack');
    expect((await bed.ask(message('discover', { mac: mac(2) })))?.type).toBe('offer');
    const stored = await bed.store.get([key]);
    const left = text((stored.ok && stored.value.entries[0]?.value) || new Uint8Array());
    expect(Object.keys(JSON.parse(left)).sort()).toEqual([mac(1), mac(7)]);
  });
});

it.each(['52-54-1E-00-00-07', '5254.1e00.0007', '52:54:1e:00:00:07'])(
  'a lease without an index ends with a new one of its machine, which it calls %s',
  (name) => {
    const some = table({ [name]: { lease: 'never' } });
    expect(some.strayFor(mac(1), hour)).toBe(name);
    expect(some.strayFor(mac(7), hour)).toBeUndefined();
    some.grant(mac(7), 3, hour);
    expect(Object.keys(JSON.parse(text(some.encode())))).toEqual([mac(7)]);
    expect(some.strayFor(mac(1), hour)).toBeUndefined();
  },
);

describe('the choice of an index', () => {
  const pick = (from: LeaseTable, startAt = 0, mayLend = (_: number) => true) =>
    createPicker(from, range, () => now).unheld(startAt, mayLend, () => false);

  it('walks on past what is held, and when all is held says so until something is freed', () => {
    const some = table();
    const picker = createPicker(some, { ...range, count: 3 }, () => now);
    const held = new Set<number>();
    const next = () => {
      const index = picker.unheld(
        0,
        () => true,
        (at) => held.has(at),
      );
      if (index !== undefined) held.add(index);
      return index;
    };
    expect([next(), next(), next(), next()]).toEqual([0, 1, 2, undefined]);
    expect(picker.any(2, () => true)).toBe(2);
    held.clear();
    some.grant(mac(1), 0, hour);
    expect([next(), next(), next()]).toEqual([1, 2, undefined]);
  });

  it('is the lowest that was never used, then the one that ended longest ago', () => {
    const some = table();
    for (let index = 0; index < 30; index += 1) {
      some.grant(mac(index + 1), index, addMs(now, -60_000 * (index % 7 === 3 ? 9 + index : 1)));
    }
    expect(pick(some)).toBe(30);
    some.grant(mac(99), 30, hour);
    expect(pick(some)).toBe(24);
    expect(pick(some, 0, (index) => index !== 24)).toBe(17);
  });

  it('is none when all are lent', () => {
    const full = table();
    for (let index = 0; index < 31; index += 1) full.grant(mac(index + 1), index, hour);
    expect(pick(full)).toBeUndefined();
  });

  it('counts up from where it is told and wraps', () => {
    const some = table();
    some.grant(mac(1), 30, hour);
    expect(pick(some, 30)).toBe(0);
  });
});

describe('any history', () => {
  it('leaves each index with one owner and each owner with one index', () => {
    const step = fc.record({
      kind: fc.constantFrom('grant', 'release', 'decline', 'reopen'),
      who: fc.integer({ min: 1, max: 6 }),
      index: fc.integer({ min: 0, max: 4 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let current = table();
        for (const { kind, who, index } of steps) {
          if (kind === 'grant' && current.isFreeFor(mac(who), index, now)) {
            current.grant(mac(who), index, hour);
            expect(current.leaseOf(mac(who))?.index).toBe(index);
          }
          if (kind === 'release') current.release(mac(who), now);
          if (kind === 'decline') current.decline(mac(who));
          if (kind === 'reopen') current = table(JSON.parse(text(current.encode())));
          const indices = Array.from(current.entries().values(), (lease) => lease.index);
          expect(new Set(indices).size).toBe(indices.length);
          for (const [owner, lease] of current.entries()) {
            expect(current.holderOf(lease.index)).toBe(owner as MacAddress);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
