import { describe, expect, it } from 'vitest';
import { createRecent } from '../../src/base/recent.ts';

describe('a map of what was set lately', () => {
  it('never has more than its bound, and always the half of it that was set last', () => {
    const recent = createRecent<number, string>(100);
    for (let at = 0; at < 1_000; at += 1) {
      recent.set(at, `v${at}`);
      expect(recent.size()).toBeLessThanOrEqual(100);
      const from = Math.max(at - 49, 0);
      for (let one = from; one <= at; one += 1) expect(recent.get(one)).toBe(`v${one}`);
    }
    expect(recent.get(850)).toBeUndefined();
  });

  it('keeps what is set again and again, and its newest value', () => {
    const recent = createRecent<string, number>(10);
    for (let at = 0; at < 1_000; at += 1) {
      recent.set('again', Math.floor(at / 300));
      recent.set(`other ${at}`, at);
      expect(recent.get('again')).toBe(Math.floor(at / 300));
    }
  });
});
