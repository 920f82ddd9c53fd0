/**
 * Around what only looks on and never decides: what it throws is a defect of ours and must still not end what it looks at.
 * It is logged, each text once, and counted.
 */

import type { Log } from './world.ts';

export type Fence = {
  readonly run: (work: () => void) => void;
  /** For who catches by itself. */
  readonly caught: (error: unknown) => void;
  /** How often something was thrown. */
  readonly faults: () => number;
};

/** Different texts that are logged; beyond it the counter says so. */
const textsMax = 32;

/** @param message of the log line, a constant. */
export function createFence(log: Pick<Log, 'error'>, message: string): Fence {
  const told = new Set<string>();
  let faults = 0;
  const caught = (error: unknown): void => {
    faults += 1;
    const text = error instanceof Error ? error.message : String(error);
    if (told.has(text) || told.size >= textsMax) return;
    told.add(text);
    log.error(message, { text, stack: (error instanceof Error ? error.stack : undefined) ?? '' });
  };
  return {
    caught,
    faults: () => faults,
    run: (work) => {
      try {
        work();
      } catch (error) {
        caught(error);
      }
    },
  };
}
