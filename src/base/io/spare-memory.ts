/** Gives memory back to the system when the process has nothing to do. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createSpareMemory, lookEveryMs, type SpareStep } from '../spare-memory.ts';
import type { Clock, Log } from '../world.ts';
import { libcFunction } from './native.ts';

/**
 * @param isServing machines are being given something: not now.
 * @returns how to stop.
 */
export function watchSpareMemory(
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  isServing: () => boolean,
): () => void {
  const spare = createSpareMemory(process.memoryUsage.rss());
  let before = usage();
  let cancel = (): void => {};

  const look = (): void => {
    const now = usage();
    const busyShare = (now.busyMs - before.busyMs) / (now.atMs - before.atMs);
    before = now;
    const { residentBytes } = held();
    const step = spare.look({ ...held(), busyShare, isServing: isServing() });
    if (step !== undefined) {
      take[step]();
      const left = held();
      spare.took(step, left);
      const milliseconds = Math.round(clock.monotonicMs() - now.atMs);
      const leftBytes = left.residentBytes;
      log.info('gave memory back', { step, residentBytes, leftBytes, milliseconds });
      before = usage();
    }
    cancel = clock.after(lookEveryMs, look);
  };

  function usage() {
    // Of this thread: others compile and collect, long after what they do it for.
    const { user, system } = process.threadCpuUsage();
    return { busyMs: (user + system) / 1_000, atMs: clock.monotonicMs() };
  }

  cancel = clock.after(lookEveryMs, look);
  return () => cancel();
}

function held() {
  return { residentBytes: process.memoryUsage.rss(), usedBytes: process.memoryUsage().heapUsed };
}

type Collect = (options?: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void;

let collector: Collect | undefined;

function collect(...options: Parameters<Collect>): void {
  if (collector === undefined) {
    // The engine's own way to be asked; nothing else sees the function.
    setFlagsFromString('--expose-gc');
    collector = runInNewContext('gc') as Collect;
    setFlagsFromString('--no-expose-gc');
  }
  collector(...options);
}

const take: Readonly<Record<SpareStep, () => void>> = {
  collect: () => collect(),
  // The only collection that gives free pages back.
  compact: () => {
    collect({ type: 'major', flavor: 'last-resort' });
    trim();
  },
};

/** What glibc holds in pieces between others; another libc has no such function. */
function trim(): void {
  try {
    const found = libcFunction('int malloc_trim(size_t)');
    if (found.ok) found.value(0);
  } catch {
    // Then that stays.
  }
}
