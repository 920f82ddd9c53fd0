import { describe, expect, it } from 'vitest';
import { blockBytes, createTapes } from '../../../src/pxe/recorder/tapes.ts';
import { seededChance } from '../../support/clock.ts';

/** A record of this length, of this octet. */
const record = (octet: number, length: number) => new Uint8Array(length).fill(octet);

describe('tapes', () => {
  it('give back what was written, whatever the lengths, without what was forgotten', () => {
    const chance = seededChance();
    const tapes = createTapes(3, 100);
    const kept: Uint8Array[][] = [[], [], []];
    for (let step = 0; step < 3_000; step += 1) {
      const tape = Math.floor(chance.next() * 3);
      const mine = kept[tape] ?? [];
      const length = 1 + Math.floor(chance.next() ** 3 * 4 * blockBytes);
      if (chance.next() < 0.02) expect(tapes.clear(tape)).toBe(mine.splice(0).length);
      while (tapes.blocksOf(tape) + tapes.growth(tape, length) > 20) {
        mine.splice(0, tapes.shorten(tape));
      }
      const one = record(step & 0xff, length);
      tapes.write(tape, one, length);
      mine.push(one);
      expect(Buffer.concat(mine).equals(tapes.read(tape))).toBe(true);
    }
    const blocks = [0, 1, 2].reduce((sum, tape) => sum + tapes.blocksOf(tape), 0);
    expect(tapes.blocks()).toBe(blocks);
  });

  it('are empty when their only record is forgotten', () => {
    const tapes = createTapes(1, 4);
    tapes.write(0, record(1, 3 * blockBytes), 3 * blockBytes);
    expect([tapes.shorten(0), tapes.blocks(), tapes.read(0).length]).toEqual([1, 0, 0]);
  });
});
