import { describe, expect, it } from 'vitest';
import { formatIpv4 } from '../../src/base/addresses.ts';
import { createMemoryStore } from '../../src/base/memory-store.ts';
import type { Entry, Store, WatchEvent } from '../../src/base/store.ts';
import { createTransact } from '../../src/base/transact.ts';
import { leasePrefix } from '../../src/pxe/dhcp/leases.ts';
import { createLeaseBook } from '../../src/pxe/lease-book.ts';
import { manualClock, seededChance, settled } from '../support/clock.ts';
import { silentLog } from '../support/silent-log.ts';

const key = `${leasePrefix}10.69.1.32`;
const utf8 = new TextEncoder();

/** Values come as etcd's client brings them: views on all that one read of its socket brought. */
function asRead(store: Store): Pick<Store, 'list' | 'watch'> {
  const view = (entry: Entry): Entry => {
    const whole = new Uint8Array(64 * 1024);
    whole.set(entry.value, 1_000);
    return { ...entry, value: whole.subarray(1_000, 1_000 + entry.value.length) };
  };
  const seen = (event: WatchEvent): WatchEvent =>
    event.kind === 'put' ? { ...event, entry: view(event.entry) } : event;
  return {
    list: async (prefix) => {
      const listed = await store.list(prefix);
      if (!listed.ok) return listed;
      return { ok: true, value: { ...listed.value, entries: listed.value.entries.map(view) } };
    },
    watch: (prefix, from, listener) =>
      store.watch(prefix, from, (news) =>
        listener(news.kind === 'events' ? { ...news, events: news.events.map(seen) } : news),
      ),
  };
}

async function aBook(table: string) {
  const clock = manualClock();
  const memory = createMemoryStore({ clock });
  const put = async (text: string) => {
    await memory.commit([], [{ kind: 'put', key, value: utf8.encode(text) }]);
    await settled();
  };
  await put(table);
  const store: Store = { ...memory, ...asRead(memory) };
  const world = { clock, chance: seededChance(), log: silentLog };
  const book = createLeaseBook({ store, transact: createTransact(store, world), world });
  await book.start();
  return { book, put };
}

const row = (index: number) =>
  `"52:54:00:00:00:0${index}":{"index":${index},"lease":"2026-11-21T07:00:00Z"}`;

describe('the book of leases', () => {
  it('holds the octets of its tables and not the read of the socket that brought them', async () => {
    const { book, put } = await aBook(`{${row(1)}}`);
    const held = () => book.copy.stored(key)?.value?.buffer.byteLength;
    expect(held()).toBe(row(1).length + 2);
    await put(`{${row(1)},${row(2)}}`);
    expect(held()).toBe(row(1).length * 2 + 3);
    expect(book.leases().map(({ address }) => formatIpv4(address))).toEqual([
      '10.69.1.33',
      '10.69.1.34',
    ]);
  });

  it('says how much memory a change holds without reading it: about a thousand octets a lease', async () => {
    const { book, put } = await aBook(`{${row(1)}}`);
    const told: number[] = [];
    book.subscribe((news) => told.push('kind' in news ? 0 : news.heldBytes));
    await put(`{${row(1)},${row(2)},${row(3)}}`);
    await put('{}');
    expect(told[0]).toBeGreaterThan(3_000);
    expect(told[0]).toBeLessThan(4_000);
    expect(told[1]).toBeGreaterThanOrEqual(500);
  });
});
