import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAging } from '../../src/base/aging.ts';

function aged(...keys: readonly string[]) {
  const dropped: string[] = [];
  const map = createAging<string, number>((key, value) => dropped.push(`${key}${value}`));
  for (const [at, key] of keys.entries()) map.set(key, at);
  return { map, dropped };
}

describe('a map whose entries have an age', () => {
  it('takes off the oldest up to the first that stays, and says which', () => {
    const { map, dropped } = aged('a', 'b', 'c');
    map.dropOldest((value) => value < 2);
    expect(dropped).toEqual(['a0', 'b1']);
    expect([map.size(), map.get('c'), map.has('a')]).toEqual([1, 2, false]);
  });

  it('what is set anew is the youngest', () => {
    const { map, dropped } = aged('a', 'b', 'a');
    map.dropOldest((_, key) => key === 'b');
    expect(dropped).toEqual(['b1']);
    expect(map.get('a')).toBe(2);
  });

  it('goes on after it was empty', () => {
    const { map, dropped } = aged('a');
    map.dropOldest(() => true);
    map.set('b', 1);
    map.dropOldest(() => true);
    expect(dropped).toEqual(['a0', 'b1']);
  });

  it('is what a list of pairs is, whatever happens to it', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('set'), key: fc.nat(8) }),
      fc.record({ kind: fc.constant('delete'), key: fc.nat(8) }),
      fc.record({ kind: fc.constant('drop'), key: fc.nat(60) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const map = createAging<number, number>();
        let list: (readonly [key: number, value: number])[] = [];
        for (const [at, { kind, key }] of steps.entries()) {
          if (kind === 'drop') {
            map.dropOldest((value) => value < key);
            const kept = list.findIndex(([, value]) => value >= key);
            list = kept < 0 ? [] : list.slice(kept);
            continue;
          }
          list = list.filter(([other]) => other !== key);
          if (kind === 'delete') map.delete(key);
          else {
            map.set(key, at);
            list.push([key, at]);
          }
        }
        expect(map.size()).toBe(list.length);
        for (const [key, value] of list) expect(map.get(key)).toBe(value);
      }),
    );
  });
});
