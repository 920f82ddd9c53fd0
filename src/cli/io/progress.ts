/** How far a command is, for whoever watches it. */

import type { Progress } from '../many.ts';

/** A line that is written over again; nothing where nobody watches. */
export function progress(label: string, total: number): Progress {
  if (!process.stderr.isTTY || total < 2) return { step: () => {}, done: () => {} };
  let count = 0;
  const draw = (): void => {
    process.stderr.write(`\r\u001B[K${label} ${count}/${total}`);
  };
  draw();
  return {
    step: () => {
      count += 1;
      draw();
    },
    done: () => {
      process.stderr.write('\r\u001B[K');
    },
  };
}
