import { describe, expect, it } from 'vitest';
import { createSpareMemory, type Look } from '../../src/base/spare-memory.ts';

const mebi = 1024 * 1024;

/** At which looks it would give back; each time that leaves what it had at first. */
function givesBack(looks: readonly (readonly [busyShare: number, mebibytes: number])[]) {
  const spare = createSpareMemory((looks[0]?.[1] ?? 0) * mebi);
  return looks.flatMap(([busyShare, mebibytes], at) => {
    const look: Look = { busyShare, residentBytes: mebibytes * mebi };
    if (!spare.look(look)) return [];
    spare.gaveBack((looks[0]?.[1] ?? 0) * mebi);
    return [at];
  });
}

const rest = Array.from({ length: 6 }, () => [0.01, 150] as const);
const flood = Array.from({ length: 6 }, () => [0.9, 400] as const);
const after = Array.from({ length: 12 }, () => [0.01, 400] as const);

describe('memory is given back', () => {
  it('when it has grown and nobody has asked for anything for a while', () => {
    expect(givesBack([...rest, ...flood, ...after])).toEqual([15, 19, 23]);
  });

  it('and not while machines ask, after a start, or for little', () => {
    expect(givesBack([...rest, ...flood, ...flood])).toEqual([]);
    expect(givesBack([...after, ...after])).toEqual([]);
    expect(givesBack([...rest, ...after.map(([busy]) => [busy, 170] as const)])).toEqual([]);
    expect(
      givesBack([...rest, ...after.map((one, at) => (at % 3 === 0 ? flood[0] : one) ?? one)]),
    ).toEqual([]);
  });
});
