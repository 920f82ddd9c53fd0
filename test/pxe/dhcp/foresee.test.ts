import { describe, expect, it } from 'vitest';
import { formatIpv4 } from '../../../src/base/addresses.ts';
import { createMemoryStore } from '../../../src/base/memory-store.ts';
import { createTransact } from '../../../src/base/transact.ts';
import { createLeaseBook } from '../../../src/pxe/lease-book.ts';
import { manualClock, seededChance, settled } from '../../support/clock.ts';
import { silentLog } from '../../support/silent-log.ts';
import { aBed, bind, ip, mac, message } from './bed.ts';

/** A server whose copy of the lease tables follows the store. */
async function aServer() {
  const clock = manualClock();
  const store = createMemoryStore({ clock });
  const world = { clock, chance: seededChance(), log: silentLog };
  const book = createLeaseBook({ store, transact: createTransact(store, world), world });
  await book.start();
  return aBed({ store, clock, copy: book.copy });
}

const place = ip('10.69.1.3');

function foreseen(bed: Awaited<ReturnType<typeof aServer>>, of: number): string {
  const answer = bed.responder.foresee(mac(of), place);
  if (typeof answer !== 'object') return `${answer}`;
  return answer.kind === 'offer' ? formatIpv4(answer.address) : answer.kind;
}

const stored = async (bed: Awaited<ReturnType<typeof aServer>>) => {
  const listing = await bed.store.list('lease-usages/');
  return listing.ok ? listing.value.entries.map(({ modRevision }) => modRevision) : undefined;
};

describe('what a client would be offered', () => {
  it('is what it is offered then; foreseeing it holds and stores nothing', async () => {
    const bed = await aServer();
    await bind(bed, { mac: 7 });
    await settled();
    // The last prefers the address of the second.
    for (const one of [1, 2, 7, 0xabcdef, 2 + 31]) {
      const before = [bed.responder.holds(), await stored(bed)];
      const expected = foreseen(bed, one);
      expect(foreseen(bed, one)).toBe(expected);
      expect([bed.responder.holds(), await stored(bed)]).toEqual(before);
      const offer = await bed.ask(message('discover', { mac: one }));
      expect(offer?.yourAddress).toBe(expected);
    }
  });

  it('is nothing in a range that is used up', async () => {
    const bed = await aServer();
    for (let one = 1; one <= 31; one += 1) await bind(bed, { mac: one });
    await settled();
    expect(foreseen(bed, 99)).toBe('silence');
    expect(foreseen(bed, 4)).toBe(await bind(bed, { mac: 4 }));
  });

  it('is why its table cannot be read, or unknown where nothing is lent', async () => {
    const bed = await aServer();
    const value = new TextEncoder().encode('no table');
    await bed.store.commit([], [{ kind: 'put', key: 'lease-usages/10.69.1.32', value }]);
    await settled();
    expect(foreseen(bed, 1)).toBe('the lease table is not JSON');
    expect(bed.responder.foresee(mac(1), ip('192.0.2.1'))).toBeUndefined();
  });
});
