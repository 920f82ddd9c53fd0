import { describe, expect, it } from 'vitest';
import { type MacAddress, macFromBytes } from '../../../src/base/addresses.ts';
import { createMemoryStore } from '../../../src/base/memory-store.ts';
import { createTransact } from '../../../src/base/transact.ts';
import type { Note } from '../../../src/pxe/discovery/fold.ts';
import {
  candidatesMax,
  createNotebook,
  unconfirmedPerMinuteMax,
} from '../../../src/pxe/discovery/notebook.ts';
import { type Discovery, decodeDiscovery, discoveryPrefix } from '../../../src/pxe/discovery.ts';
import { manualClock, seededChance } from '../../support/clock.ts';
import { silentLog } from '../../support/silent-log.ts';

const macOf = (number: number): MacAddress =>
  macFromBytes(Uint8Array.of(2, 0, 0, number >> 16, (number >> 8) & 255, number & 255));

async function aNotebook() {
  const clock = manualClock();
  const store = createMemoryStore({ clock });
  const chance = seededChance(1);
  const transact = createTransact(store, { clock, chance });
  let known = new Map<string, Discovery>();
  const notebook = createNotebook({
    world: { clock, log: silentLog },
    transact,
    stored: (id) => known.get(id),
    all: () => [...known.values()],
  });
  const list = async () => {
    const listed = await store.list(discoveryPrefix);
    if (!listed.ok) throw new Error(listed.error.text);
    return listed.value.entries.flatMap(({ key, value }) => {
      const discovery = decodeDiscovery(key.slice(discoveryPrefix.length), value);
      return discovery.ok ? [discovery.value] : [];
    });
  };
  const see = async () => {
    known = new Map((await list()).map((one) => [one.id, one]));
  };
  const note = (number: number, more: Partial<Note> = {}) =>
    notebook.note({
      ...{ mac: macOf(number), at: clock.now(), signs: ['dhcp'], claims: {}, macs: [], place: {} },
      ...more,
    });
  return { clock, notebook, note, list, see };
}

describe('the notebook', () => {
  it('keeps a card that asked once in memory, and writes it with its second sign', async () => {
    const { clock, note, list } = await aNotebook();
    note(1);
    await clock.run(5_000);
    expect(await list()).toEqual([]);
    note(1);
    await clock.run(5_000);
    expect((await list()).map(({ mac }) => mac)).toEqual([macOf(1)]);
  });

  it('writes a machine that reached iPXE at once', async () => {
    const { clock, note, list } = await aNotebook();
    note(1, { signs: ['ipxe'], claims: { serial: 'ABC123' } });
    await clock.run(1_000);
    expect(await list()).toMatchObject([{ signs: ['ipxe'], claims: { serial: 'ABC123' } }]);
  });

  it('writes that a machine still waits once a minute', async () => {
    const { clock, note, list, see } = await aNotebook();
    const stamps = new Set<string>();
    for (let second = 0; second < 180; second += 5) {
      note(1, { signs: ['ipxe'] });
      await clock.run(5_000);
      await see();
      for (const { lastSeen } of await list()) stamps.add(lastSeen);
    }
    expect(stamps.size).toBe(3);
  });

  it('is not filled by a flood of made-up addresses: neither the store nor memory', async () => {
    const { clock, notebook, note, list } = await aNotebook();
    for (let number = 0; number < 2 * candidatesMax; number += 1) note(number);
    await clock.run(10_000);
    expect(await list()).toEqual([]);
    expect(notebook.counters().candidatesForgotten).toBe(candidatesMax);
    // Each asks twice: a minute's worth is taken, the rest is counted.
    for (let number = 0; number < 1_000; number += 1) {
      note(100_000 + number);
      note(100_000 + number);
    }
    await clock.run(10_000);
    expect(await list()).toHaveLength(unconfirmedPerMinuteMax);
    expect(notebook.counters().heldBack).toBe(1_000 - unconfirmedPerMinuteMax);
  });

  it('gives up cards that never reached iPXE for those that do, the oldest first', async () => {
    const { clock, note, list, see } = await aNotebook();
    for (let number = 0; number < 1_000; number += 100) {
      for (let more = 0; more < 100; more += 1) {
        note(number + more);
        note(number + more);
      }
      await clock.run(61_000);
      await see();
    }
    expect(await list()).toHaveLength(1_000);
    note(5_000, { signs: ['ipxe'] });
    await clock.run(1_000);
    const macs = (await list()).map(({ mac }) => mac);
    expect(macs).toHaveLength(1_000);
    expect(macs).toContain(macOf(5_000));
    expect(macs).not.toContain(macOf(0));
  });
});
