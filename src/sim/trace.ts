/** What happened, in order, with virtual times: the thing two runs of one seed must agree on. */

import type { Log, LogFields } from '../base/world.ts';

type TraceLine = { readonly atMs: number; readonly who: string; readonly what: string };

export type Trace = {
  readonly add: (who: string, what: string) => void;
  /** The newest lines, oldest first; at most `linesMax`. */
  readonly lines: () => readonly TraceLine[];
  /** Lines ever added, also those no longer kept. */
  readonly count: () => number;
  /** Over every line ever added, order included. */
  readonly hash: () => string;
  /** A `Log` whose lines become part of the trace. */
  readonly logOf: (who: string) => Log;
};

/** A day of a rack is some 50,000 lines; the hash goes on counting beyond. */
const linesMax = 200_000;

export function createTrace(elapsedMs: () => number): Trace {
  let lines: TraceLine[] = [];
  let count = 0;
  let [high, low] = [0x811c_9dc5, 0x9e37_79b1];

  const add = (who: string, what: string): void => {
    const line = { atMs: elapsedMs(), who, what };
    for (const letter of `${line.atMs.toFixed(3)} ${who} ${what}\n`) {
      const code = letter.codePointAt(0) ?? 0;
      high = Math.imul(high ^ code, 0x0100_0193);
      low = Math.imul(low ^ code, 0x85eb_ca6b) ^ (low >>> 13);
    }
    count += 1;
    lines.push(line);
    if (lines.length > linesMax) lines = lines.slice(lines.length - linesMax / 2);
  };

  const logOf = (who: string, fixed: LogFields = {}): Log => {
    const at = (level: string) => (message: string, fields?: LogFields) =>
      add(who, `${level} ${message}${formatFields({ ...fixed, ...fields })}`);
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      with: (fields) => logOf(who, { ...fixed, ...fields }),
    };
  };

  return {
    add,
    lines: () => lines,
    count: () => count,
    hash: () => hex(high) + hex(low),
    logOf: (who) => logOf(who),
  };
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}

function formatFields(fields: LogFields): string {
  return Object.entries(fields)
    .map(([name, value]) => ` ${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`)
    .join('');
}
