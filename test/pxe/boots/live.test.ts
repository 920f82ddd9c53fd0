import { describe, expect, it } from 'vitest';
import { addMs, instant } from '../../../src/base/time.ts';
import { createLiveBoots, liveMax, stepsMax, strangersMax } from '../../../src/pxe/boots/live.ts';
import type { Note } from '../../../src/pxe/boots/note.ts';

const began = instant(Date.UTC(2026, 10, 21, 6));

function note(name: Note['step']['name'], s = 0, more: Partial<Note['step']> = {}): Note {
  const at = addMs(began, s * 1000);
  const step = { name, at, lastAt: at, result: 'done', text: '', facts: {}, ...more } as const;
  return { step, isBeginning: true };
}

describe('a flood of invented machines', () => {
  it('is bounded, and what was not told is counted', () => {
    const live = createLiveBoots();
    for (let at = 0; at < strangersMax + 50; at += 1) {
      live.take(`m${at}`, note('firmware-offer'), 'a', false);
    }
    expect(live.size()).toBe(strangersMax);
    expect(live.counters.strangersUntold).toBe(50);
  });

  it('pushes out no registered machine', () => {
    const live = createLiveBoots();
    live.take('known', note('script'), 'a', true);
    for (let at = 0; at < liveMax + 50; at += 1) {
      live.take(`m${at}`, note('firmware-offer', at), 'a', false);
    }
    expect(live.of('known')).toBeDefined();
  });

  it('makes room for a stranger that comes as far as its script', () => {
    const live = createLiveBoots();
    for (let at = 0; at < strangersMax; at += 1) {
      live.take(`m${at}`, note('firmware-offer'), 'a', false);
    }
    expect(live.take('real', note('chain-script'), 'a', false)).toBe(true);
    expect([live.size(), live.of('m0')]).toEqual([strangersMax, undefined]);
  });
});

describe('steps of one boot', () => {
  it('that repeat are counted, not listed', () => {
    const live = createLiveBoots();
    for (let at = 0; at < 9; at += 1) live.take('m', note('firmware-offer', at * 4), 'a', true);
    expect(live.of('m')?.steps).toMatchObject([{ times: 9, lastAt: addMs(began, 32_000) }]);
  });

  it('are bounded', () => {
    const live = createLiveBoots();
    for (let at = 0; at < stepsMax + 5; at += 1) {
      live.take('m', note('other', at, { text: `${at}` }), 'a', true);
    }
    expect(live.of('m')?.steps).toHaveLength(stepsMax);
    expect(live.counters.stepsUntold).toBe(5);
  });

  it('of one transfer are one, as it was told last', () => {
    const live = createLiveBoots();
    const told = (s: number, more: Partial<Note['step']>) =>
      live.take('m', { ...note('loader', s, more), transfer: 't' }, 'a', true);
    told(0, { result: 'running' });
    told(5, { result: 'running', facts: { bytes: 5 } });
    told(7, { facts: { bytes: 9 } });
    expect(live.of('m')?.steps).toMatchObject([{ at: began, result: 'done', facts: { bytes: 9 } }]);
  });

  it('a DISCOVER of the firmware after its script begins another boot; the first is still written', () => {
    const live = createLiveBoots();
    live.take('m', note('firmware-offer'), 'a', true);
    live.take('m', note('script', 20), 'a', true);
    live.take('m', note('firmware-offer', 40), 'a', true);
    expect(live.of('m')?.steps).toHaveLength(1);
    expect([...live.all()]).toHaveLength(2);
  });
});
