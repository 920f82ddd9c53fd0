import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ipv4 } from '../../../src/base/addresses.ts';
import {
  addressFrom,
  addressValue,
  optionCodes,
  readAddress,
  readEncapsulated,
  readText,
  readUint16List,
  textValue,
  uint32Value,
  userClassesFrom,
} from '../../../src/pxe/dhcp/options.ts';
import { decodeDhcp } from '../../../src/pxe/dhcp/packet.ts';

const check = <T>(values: fc.Arbitrary<T>, property: (value: T) => void): void =>
  fc.assert(fc.property(values, property), { numRuns: 300 });

const anyAddress = fc.nat(0xffff_ffff).map((number) => number as Ipv4);
const anyValue = fc.uint8Array({ maxLength: 255 });

describe('what is written is read again', () => {
  it('addresses', () => {
    check(anyAddress, (address) => {
      expect(addressFrom(addressValue(address))).toBe(address);
      expect(readAddress(new Map([[50, uint32Value(address)]]), 50)).toBe(address);
    });
  });

  it('texts of any octets but a NUL at the end', () => {
    check(
      anyValue.filter((value) => value.at(-1) !== 0),
      (value) => {
        const text = readText(new Map([[60, value]]), 60) ?? '';
        expect(textValue(text)).toEqual(value);
      },
    );
  });

  it('lists of architectures', () => {
    check(fc.array(fc.nat(0xffff), { minLength: 1, maxLength: 20 }), (numbers) => {
      const value = Uint8Array.from(numbers.flatMap((number) => [number >> 8, number & 0xff]));
      expect(readUint16List(new Map([[93, value]]), 93)).toEqual(numbers);
      expect(readUint16List(new Map([[93, value.subarray(1)]]), 93)).toBeUndefined();
    });
  });

  it('sub-options, the first of each number', () => {
    const parts = fc.uniqueArray(fc.tuple(fc.nat(255), anyValue), { selector: ([code]) => code });
    check(parts, (entries) => {
      const area = entries.flatMap(([code, value]) => [code, value.length, ...value]);
      const again = [...area, ...(entries[0] === undefined ? [] : [entries[0][0], 1, 7])];
      expect(readEncapsulated(Uint8Array.from(again))).toEqual(new Map(entries));
    });
  });

  it('user classes (RFC 3004)', () => {
    const classes = fc.array(fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 }), {
      minLength: 1,
      maxLength: 10,
    });
    check(classes, (texts) => {
      const value = texts.flatMap((text) => [text.length, ...textValue(text)]);
      expect(userClassesFrom(Uint8Array.from(value)).slice(1)).toEqual(texts);
    });
  });
});

describe('RFC 3396: however a client cuts its options up, over all three areas', () => {
  /** Code, value, and where to cut it. */
  const anyOption = fc.tuple(
    fc.integer({ min: 1, max: 254 }).filter((code) => code !== optionCodes.overload),
    fc.uint8Array({ maxLength: 400 }),
    fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 }),
  );

  it('they are read as they were', () => {
    const options = fc.uniqueArray(anyOption, { selector: ([code]) => code, maxLength: 8 });
    check(fc.tuple(options, fc.nat(3)), ([wished, overload]) => {
      const parts = wished.flatMap(([code, value, cuts]) => cut(code, value, cuts));
      const { bytes, left } = laidOut(parts, overload);
      const packet = decodeDhcp(bytes);
      if (!packet.ok) throw new Error(packet.error.text);
      const expected = new Map<number, Uint8Array>();
      for (const [code, part] of parts.slice(0, parts.length - left)) {
        expected.set(code, Uint8Array.of(...(expected.get(code) ?? []), ...part));
      }
      const { options: read } = packet.value;
      expect(new Map([...read].filter(([code]) => code !== optionCodes.overload))).toEqual(
        expected,
      );
    });
  });
});

type Part = readonly [code: number, value: Uint8Array];

function cut(code: number, value: Uint8Array, sizes: readonly number[]): readonly Part[] {
  const parts: Part[] = [];
  let at = 0;
  do {
    const size = sizes[parts.length % sizes.length] ?? 1;
    parts.push([code, value.subarray(at, at + size)]);
    at += size;
  } while (at < value.length);
  return parts;
}

/** The parts in their order over the options area, `file` and `sname`; `left` did not fit any more. */
function laidOut(parts: readonly Part[], overload: number): { bytes: Uint8Array; left: number } {
  const areas = [
    { from: 243, size: overload === 0 ? 100_000 : 200 },
    ...((overload & 1) === 1 ? [{ from: 108, size: 128 }] : []),
    ...((overload & 2) === 2 ? [{ from: 44, size: 64 }] : []),
  ];
  const size = parts.reduce((sum, [, value]) => sum + 2 + value.length, 0);
  const bytes = new Uint8Array(243 + (overload === 0 ? size + 1 : 201));
  bytes.set([1, 1, 6]);
  bytes.set([0x63, 0x82, 0x53, 0x63, optionCodes.overload, 1, overload], 236);
  let next = 0;
  for (const { from, size: room } of areas) {
    let at = from;
    for (let part = parts[next]; part !== undefined; part = parts[next]) {
      const [code, value] = part;
      if (at + 2 + value.length > from + room) break;
      bytes.set([code, value.length, ...value], at);
      at += 2 + value.length;
      next += 1;
    }
    if (at < from + room && at < bytes.length) bytes[at] = optionCodes.end;
  }
  return { bytes, left: parts.length - next };
}
