/** Gives memory back to the system when the process has nothing to do. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createSpareMemory, lookEveryMs } from '../spare-memory.ts';
import type { Clock, Log } from '../world.ts';
import { libcFunction } from './native.ts';

/** @returns how to stop. */
export function watchSpareMemory({ clock, log }: { clock: Clock; log: Log }): () => void {
  const spare = createSpareMemory(process.memoryUsage.rss());
  let before = usage();
  let cancel = (): void => {};

  const look = (): void => {
    const now = usage();
    const busyShare = (now.busyMs - before.busyMs) / (now.atMs - before.atMs);
    before = now;
    const residentBytes = process.memoryUsage.rss();
    if (spare.look({ busyShare, residentBytes })) {
      giveBack();
      const leftBytes = process.memoryUsage.rss();
      spare.gaveBack(leftBytes);
      const milliseconds = Math.round(clock.monotonicMs() - now.atMs);
      log.info('gave memory back', { residentBytes, leftBytes, milliseconds });
      before = usage();
    }
    cancel = clock.after(lookEveryMs, look);
  };

  function usage() {
    const { user, system } = process.cpuUsage();
    return { busyMs: (user + system) / 1_000, atMs: clock.monotonicMs() };
  }

  cancel = clock.after(lookEveryMs, look);
  return () => cancel();
}

/**
 * Up to here the thorough collection is made, the only one that gives free pages back: half a second of the processor for
 * 100 MiB, and all stands still meanwhile.
 */
const thoroughBytesMax = 256 * 1024 * 1024;

type Collect = (options?: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void;

let collect: Collect | undefined;

function giveBack(): void {
  if (collect === undefined) {
    // The engine's own way to be asked; nothing else sees the function.
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as Collect;
    setFlagsFromString('--no-expose-gc');
  }
  const { heapUsed } = process.memoryUsage();
  if (heapUsed > thoroughBytesMax) collect();
  else collect({ type: 'major', flavor: 'last-resort' });
  // What glibc holds in pieces between others; another libc has no such function.
  try {
    const trim = libcFunction('int malloc_trim(size_t)');
    if (trim.ok) trim.value(0);
  } catch {
    // Then that stays.
  }
}
