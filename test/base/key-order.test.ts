import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareKeys, keyPosition } from '../../src/base/key-order.ts';

const anyKey = fc.string({ unit: 'binary', maxLength: 6 });

it('keys are in the order of their UTF-8 bytes', () => {
  fc.assert(
    fc.property(anyKey, anyKey, (a, b) => {
      expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
});

it('a key belongs where sorting would put it', () => {
  fc.assert(
    fc.property(fc.array(anyKey), anyKey, (keys, key) => {
      const sorted = [...keys].sort(compareKeys);
      const position = keyPosition(sorted, key, (item) => item);
      expect(sorted.slice(0, position).every((item) => compareKeys(item, key) < 0)).toBe(true);
      expect(sorted.slice(position).every((item) => compareKeys(item, key) >= 0)).toBe(true);
    }),
  );
});
