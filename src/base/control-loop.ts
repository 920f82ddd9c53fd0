/**
 * Keyed work: each key is worked on once at a time, woken when something changed, looked at again when it says so, and
 * tried again with growing pauses when it fails.
 */

import type { World } from './world.ts';

export type ControlLoop = {
  /** Work on this key soon; when it is being worked on, once more after that. */
  readonly wake: (key: string) => void;
  /** Nothing is to be done about this key any more. */
  readonly forget: (key: string) => void;
  readonly start: () => void;
  /** Starts no more work; resolves when what runs has ended. */
  readonly stop: () => Promise<void>;
  readonly counters: () => ControlLoopCounters;
};

type ControlLoopCounters = {
  readonly runs: number;
  readonly failures: number;
  /** Keys known: waiting, due later, or running. */
  readonly keys: number;
  readonly running: number;
  /** Wakes refused because `keysMax` was reached. */
  readonly refused: number;
};

type State = {
  running: boolean;
  /** Woken while running. */
  again: boolean;
  /** To be dropped when the present run ends; until then no second run of the key may begin. */
  forgotten: boolean;
  failures: number;
  cancelTimer: () => void;
};

/**
 * @param options.work resolves with when to look again (nothing: when woken); a rejection is logged and tried again.
 * @param options.runningMax how many keys are worked on at once.
 * @param options.keysMax keys beyond this are refused and counted.
 */
export function createControlLoop(options: {
  readonly clock: World['clock'];
  readonly log: World['log'];
  readonly work: (key: string) => Promise<{ readonly againInMs?: number }>;
  readonly runningMax?: number;
  readonly keysMax?: number;
  readonly retryMinMs?: number;
  readonly retryMaxMs?: number;
}): ControlLoop {
  const { clock, log, work } = options;
  const runningMax = options.runningMax ?? 64;
  const keysMax = options.keysMax ?? 200_000;
  const retryMinMs = options.retryMinMs ?? 200;
  const retryMaxMs = options.retryMaxMs ?? 30_000;
  const states = new Map<string, State>();
  /** A set keeps the order of waking, and each key in it once. */
  const due = new Set<string>();
  const counters = { runs: 0, failures: 0, refused: 0 };
  let running = 0;
  let started = false;
  let onIdle = () => {};

  const stateOf = (key: string): State | undefined => {
    const known = states.get(key);
    if (known !== undefined) return known;
    if (states.size >= keysMax) {
      counters.refused += 1;
      return undefined;
    }
    const state: State = {
      running: false,
      again: false,
      forgotten: false,
      failures: 0,
      cancelTimer: () => {},
    };
    states.set(key, state);
    return state;
  };

  const pump = () => {
    if (!started) return;
    for (const key of due) {
      if (running >= runningMax) return;
      due.delete(key);
      const state = states.get(key);
      if (state !== undefined) void run(key, state);
    }
  };

  const run = async (key: string, state: State) => {
    state.cancelTimer();
    state.running = true;
    state.again = false;
    running += 1;
    counters.runs += 1;
    const pauseMs = await outcome(key, state);
    running -= 1;
    state.running = false;
    if (states.get(key) === state) {
      if (state.again) due.add(key);
      else if (pauseMs === undefined || state.forgotten) states.delete(key);
      else state.cancelTimer = clock.after(pauseMs, () => wake(key));
    }
    pump();
    if (running === 0) onIdle();
  };

  /** When to look again, in milliseconds. */
  const outcome = async (key: string, state: State): Promise<number | undefined> => {
    try {
      const { againInMs } = await work(key);
      state.failures = 0;
      return againInMs;
    } catch (error) {
      counters.failures += 1;
      state.failures += 1;
      const pauseMs = Math.min(retryMaxMs, retryMinMs * 2 ** (state.failures - 1));
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      log.error('work failed, trying again', { key, failures: state.failures, pauseMs, text });
      return pauseMs;
    }
  };

  const wake = (key: string) => {
    const state = stateOf(key);
    if (state === undefined) return;
    state.cancelTimer();
    state.forgotten = false;
    if (state.running) state.again = true;
    else due.add(key);
    pump();
  };

  return {
    wake,
    forget: (key) => {
      const state = states.get(key);
      if (state === undefined) return;
      state.cancelTimer();
      state.again = false;
      state.forgotten = true;
      due.delete(key);
      if (!state.running) states.delete(key);
    },
    start: () => {
      started = true;
      pump();
    },
    stop: async () => {
      started = false;
      for (const state of states.values()) state.cancelTimer();
      states.clear();
      due.clear();
      if (running > 0) {
        await new Promise<void>((resolve) => {
          onIdle = resolve;
        });
      }
    },
    counters: () => ({ ...counters, keys: states.size, running }),
  };
}
