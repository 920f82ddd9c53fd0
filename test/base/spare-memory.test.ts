import { describe, expect, it } from 'vitest';
import {
  createSpareMemory,
  type Look,
  type SpareStep,
  usedBytesMax,
} from '../../src/base/spare-memory.ts';

const mebi = 1024 * 1024;

type Seen = Partial<Look> & { readonly mebibytes: number };

/** Which step at which look; each collection leaves what there is, and compacting what it had at first. */
function stepsAt(looks: readonly Seen[], usedBytesLeft: number = 90 * mebi) {
  const startBytes = (looks[0]?.mebibytes ?? 0) * mebi;
  const spare = createSpareMemory(startBytes);
  return looks.flatMap(({ mebibytes, ...more }, at) => {
    const residentBytes = mebibytes * mebi;
    const usual = { busyShare: 0.01, usedBytes: 180 * mebi, isServing: false };
    const step = spare.look({ ...usual, residentBytes, ...more });
    if (step === undefined) return [];
    const leftBytes = step === 'compact' ? startBytes : residentBytes;
    spare.took(step, { residentBytes: leftBytes, usedBytes: usedBytesLeft });
    return [[at, step] satisfies [number, SpareStep]];
  });
}

const times = (count: number, look: Seen) => Array.from({ length: count }, () => look);
const rest = times(6, { mebibytes: 150 });
const flood = times(6, { mebibytes: 400, busyShare: 0.9 });
const [busy] = flood;
const after = times(8, { mebibytes: 400 });

describe('memory is given back', () => {
  it('in two stops when it has grown and nobody has asked for anything for a while', () => {
    expect(stepsAt([...rest, ...flood, ...after])).toEqual([
      [14, 'collect'],
      [15, 'compact'],
      [18, 'collect'],
      [19, 'compact'],
    ]);
  });

  it('and not while machines ask, after a start, or for little', () => {
    expect(stepsAt([...rest, ...flood, ...flood])).toEqual([]);
    expect(stepsAt([...after, ...after])).toEqual([]);
    expect(stepsAt([...rest, ...times(12, { mebibytes: 170 })])).toEqual([]);
    const often = after.map((one, at) => (at % 3 === 0 ? (busy ?? one) : one));
    expect(stepsAt([...rest, ...often])).toEqual([]);
  });

  it('although it looks through what it has now and then, but not at that moment', () => {
    const looks = after.map((one, at) => ({ ...one, busyShare: at === 3 ? 0.12 : 0.01 }));
    expect(stepsAt([...rest, ...flood, ...looks])).toEqual([
      [14, 'collect'],
      [16, 'compact'],
      [19, 'collect'],
    ]);
  });

  it('at no look at which a machine is being served, and at the next one at which none is', () => {
    const served = after.map((one, at) => ({ ...one, isServing: at < 4 || at === 5 }));
    expect(stepsAt([...rest, ...flood, ...served])).toEqual([
      [16, 'collect'],
      [18, 'compact'],
    ]);
  });

  it('from the beginning when machines came between the two', () => {
    expect(
      stepsAt([...rest, ...flood, ...after.slice(0, 3), ...flood, ...after.slice(0, 4)]),
    ).toEqual([
      [14, 'collect'],
      [23, 'collect'],
      [24, 'compact'],
    ]);
  });

  it('without the stop that would take longer than half a second', () => {
    const { collect, compact } = usedBytesMax;
    expect(stepsAt([...rest, ...flood, ...after], compact + 1)).toEqual([[14, 'collect']]);
    const large = after.map((one) => ({ ...one, usedBytes: collect + 1 }));
    expect(stepsAt([...rest, ...flood, ...large])).toEqual([]);
  });
});
