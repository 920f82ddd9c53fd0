import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Serial } from '../../../src/inventory/machine.ts';
import {
  type Admission,
  askToBoot,
  nobody,
  noteDownload,
  type Precedence,
  placeKeptMs,
  slotKeptMs,
  type Verdict,
} from '../../../src/pxe/admission/admission.ts';

/** One queue, asked and told in order. */
function aQueue(downloadsMax: number) {
  let state: Admission = nobody;
  let requests = 0;
  const queue = {
    state: () => state,
    ask: (name: string, nowMs: number, precedence: Precedence = 'none'): Verdict => {
      const machine = { serial: name as Serial, address: `at-${name}`, precedence };
      const { next, verdict } = askToBoot(state, machine, { downloadsMax }, nowMs);
      state = next;
      return verdict;
    },
    load: (name: string, nowMs: number, address = `at-${name}`): void => {
      for (const file of ['kernel', 'initrd'] as const) {
        requests += 1;
        const sign = { address, requestId: String(requests) };
        state = noteDownload(state, { ...sign, kind: 'began' }, nowMs);
        state = noteDownload(state, { ...sign, kind: `${file}-done` }, nowMs);
      }
    },
  };
  return queue;
}

const go = { kind: 'go', waitedMs: 0 };

describe('machines that boot', () => {
  it('load at once while there are fewer than the bound', () => {
    const queue = aQueue(2);
    expect([queue.ask('a', 0), queue.ask('b', 0)]).toEqual([go, go]);
  });

  it('are never told to wait without a bound', () => {
    const queue = aQueue(0);
    const verdicts = Array.from({ length: 1_000 }, (_, at) => queue.ask(`m${at}`, 0));
    expect(verdicts.every(({ kind }) => kind === 'go')).toBe(true);
  });

  it('hear their place and how many wait when there are more', () => {
    const queue = aQueue(1);
    queue.ask('a', 0);
    expect(queue.ask('b', 1)).toEqual({ kind: 'wait', place: 1, of: 1 });
    expect(queue.ask('c', 2)).toEqual({ kind: 'wait', place: 2, of: 2 });
    expect(queue.ask('b', 5_001)).toEqual({ kind: 'wait', place: 1, of: 2 });
  });

  it('go in the order they came, when a turn is over', () => {
    const queue = aQueue(1);
    queue.ask('a', 0);
    queue.ask('b', 1);
    queue.ask('c', 2);
    queue.load('a', 3_000);
    // c asks first, yet the turn is kept for b, which comes again within its 5 s.
    expect(queue.ask('c', 4_000)).toEqual({ kind: 'wait', place: 2, of: 2 });
    expect(queue.ask('b', 5_000)).toEqual({ kind: 'go', waitedMs: 4_999 });
    expect(queue.ask('c', 9_000)).toEqual({ kind: 'wait', place: 1, of: 1 });
  });

  it('lose their place when they fall silent', () => {
    const queue = aQueue(1);
    queue.ask('a', 0);
    queue.ask('b', 0);
    queue.ask('c', 5_000);
    queue.load('a', 5_000);
    expect(queue.ask('c', placeKeptMs).kind).toBe('wait');
    expect(queue.ask('c', placeKeptMs + 1).kind).toBe('go');
  });

  it('lose their turn when they stop loading', () => {
    const queue = aQueue(1);
    queue.ask('a', 0);
    expect(queue.ask('b', slotKeptMs).kind).toBe('wait');
    expect(queue.ask('b', slotKeptMs + 1).kind).toBe('go');
  });

  it('keep their turn while a download moves, however slowly', () => {
    const queue = aQueue(1);
    queue.ask('a', 0);
    let state = queue.state();
    for (let nowMs = 0; nowMs <= 600_000; nowMs += 5_000) {
      const kind = nowMs === 0 ? 'began' : 'moves';
      state = noteDownload(state, { address: 'at-a', requestId: '1', kind }, nowMs);
    }
    const b = { serial: 'b' as Serial, address: 'at-b', precedence: 'none' } as const;
    expect(askToBoot(state, b, { downloadsMax: 1 }, 601_000).verdict.kind).toBe('wait');
  });

  it('have their turn still when they ask for the script again', () => {
    const queue = aQueue(1);
    queue.ask('a', 0);
    queue.ask('b', 0);
    expect(queue.ask('a', 10_000).kind).toBe('go');
  });

  it('go before others that came earlier: boot machines first, then control planes', () => {
    const queue = aQueue(1);
    queue.ask('a', 0);
    queue.ask('worker', 1);
    expect(queue.ask('plane', 2, 'control-plane')).toEqual({ kind: 'wait', place: 1, of: 2 });
    expect(queue.ask('boot', 3, 'boot')).toEqual({ kind: 'wait', place: 1, of: 3 });
    expect(queue.ask('worker', 4)).toEqual({ kind: 'wait', place: 3, of: 3 });
  });

  it('behind one address free as many turns as downloads end', () => {
    let state: Admission = nobody;
    const ask = (name: string, nowMs: number): string => {
      const machine = { serial: name as Serial, address: 'router', precedence: 'none' } as const;
      const { next, verdict } = askToBoot(state, machine, { downloadsMax: 2 }, nowMs);
      state = next;
      return verdict.kind;
    };
    expect(['a', 'b', 'c', 'd'].map((name) => ask(name, 0))).toEqual(['go', 'go', 'wait', 'wait']);
    for (const kind of ['began', 'initrd-done'] as const) {
      for (const requestId of ['1', '2']) {
        state = noteDownload(state, { address: 'router', requestId, kind }, 1);
      }
    }
    expect(['c', 'd'].map((name) => ask(name, 2))).toEqual(['go', 'go']);
  });

  it('never starve: who has waited twenty minutes goes before any newcomer', () => {
    const queue = aQueue(1);
    queue.ask('boot-0', 0, 'boot');
    // Each time a boot machine ends, another one has come since.
    for (let turn = 1; turn < 400; turn += 1) {
      const nowMs = turn * 5_000;
      queue.ask(`boot-${turn}`, nowMs - 1, 'boot');
      queue.load(`boot-${turn - 1}`, nowMs);
      if (queue.ask('worker', nowMs).kind === 'go') {
        expect(nowMs).toBeGreaterThan(20 * 60_000);
        return;
      }
      expect(queue.ask(`boot-${turn}`, nowMs, 'boot').kind).toBe('go');
    }
    throw new Error('the worker never had its turn');
  });

  it('are never more at a time than the bound, and all boot, whatever they do', () => {
    const machine = fc.record({
      comesAtMs: fc.integer({ min: 0, max: 60_000 }),
      loadsForMs: fc.integer({ min: 100, max: 15_000 }),
      precedence: fc.constantFrom<Precedence>('boot', 'control-plane', 'none'),
      dies: fc.constantFrom('no', 'no', 'while-waiting', 'while-loading'),
    });
    const crowds = fc.array(machine, { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(crowds, fc.integer({ min: 1, max: 5 }), (crowd, downloadsMax) => {
        const queue = aQueue(downloadsMax);
        const loadedAtMs = new Map<number, number>();
        const nextAskMs = crowd.map(({ comesAtMs }) => comesAtMs);
        const booted = new Set<number>();
        for (let nowMs = 0; nowMs < 3_600_000 && booted.size < crowd.length; nowMs += 1_000) {
          crowd.forEach(({ precedence, dies, loadsForMs }, at) => {
            if (booted.has(at)) return;
            const since = loadedAtMs.get(at);
            if (since !== undefined) {
              if (dies === 'while-loading') booted.add(at);
              else if (nowMs - since >= loadsForMs) {
                queue.load(`m${at}`, nowMs);
                booted.add(at);
              }
              return;
            }
            if (nowMs < (nextAskMs[at] ?? 0)) return;
            nextAskMs[at] = nowMs + 5_000;
            const verdict = queue.ask(`m${at}`, nowMs, precedence);
            if (verdict.kind === 'go') loadedAtMs.set(at, nowMs);
            else if (dies === 'while-waiting') booted.add(at);
            expect(queue.state().slots.size).toBeLessThanOrEqual(downloadsMax);
          });
        }
        expect(booted.size).toBe(crowd.length);
      }),
    );
  });
});
