import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/base/memory-store.ts';
import { addMs, instant } from '../../../src/base/time.ts';
import type { BootStep } from '../../../src/pxe/boot.ts';
import { encodeRecord, recordKey } from '../../../src/pxe/boots/record.ts';
import { createBootShelf } from '../../../src/pxe/boots/shelf.ts';
import { manualClock, settled } from '../../support/clock.ts';
import { silentLog } from '../../support/silent-log.ts';

const began = instant(Date.UTC(2026, 10, 21, 6));

function encoded(steps: number): Uint8Array {
  const of = (at: number): BootStep => ({
    name: 'script',
    at: addMs(began, at * 1_000),
    lastAt: addMs(began, at * 1_000),
    times: 1,
    result: 'failed',
    text: 'x'.repeat(100),
    server: 'a',
    facts: {},
  });
  return encodeRecord({
    server: 'a',
    mac: undefined,
    serial: 's1',
    uuid: undefined,
    registered: false,
    stuckAt: undefined,
    steps: Array.from({ length: steps }, (_, at) => of(at)),
  });
}

describe('news of boots', () => {
  it('says how much memory its records hold, whether they are written or go, without making boots of them', async () => {
    const clock = manualClock();
    const store = createMemoryStore({ clock });
    const shelf = createBootShelf({ store, clock, log: silentLog });
    await shelf.mirror.start();
    const told: number[] = [];
    shelf.subscribe((news) => told.push(news.kind === 'listed' ? 0 : news.heldBytes));
    const [small, large] = [encoded(1), encoded(40)];
    const put = (subject: string, value: Uint8Array) =>
      ({ kind: 'put', key: recordKey(subject, began, 'a'), value }) as const;
    await store.commit([], [put('serial.s1', small)]);
    await store.commit([], [put('serial.s1', large), put('serial.s2', small)]);
    await store.commit([], [{ kind: 'delete', key: recordKey('serial.s1', began, 'a') }]);
    await settled();
    const [of1, of40] = [3_000 + 4 * small.length, 3_000 + 4 * large.length];
    expect(told).toEqual([of1, of40 + of1, of40]);
    expect(of40).toBeGreaterThan(4 * of1);
    shelf.mirror.stop();
  });
});
