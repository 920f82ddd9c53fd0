/** What a run found: a line for each thing, and how many were as they should be. */

import type { BootMachine } from './machine.ts';
import type { BootServer } from './server.ts';
import { timelineOf } from './stages.ts';

export type Report = {
  /** Of a failure: what is worth reading, told below its line. */
  readonly tell: (good: boolean, text: string, more?: () => Promise<string>) => Promise<void>;
  readonly counts: () => { readonly passed: number; readonly failed: number };
};

export function createReport(): Report {
  let [passed, failed] = [0, 0];
  return {
    tell: async (good, text, more) => {
      if (good) passed += 1;
      else failed += 1;
      const details = good || more === undefined ? '' : `\n${await more()}`;
      console.log(`${good ? 'ok  ' : 'FAIL'} ${text}${details}`);
    },
    counts: () => ({ passed, failed }),
  };
}

/** A machine's console and what its server saw of it. */
export async function evidenceOf(server: BootServer, machine: BootMachine): Promise<string> {
  return [
    `--- console of ${machine.serial}`,
    machine.console().slice(-2000),
    `--- the server's timeline of ${machine.serial} (${machine.mac})`,
    await timelineOf(server, machine),
  ].join('\n');
}

export function secondsSince(since: number): string {
  return ((Date.now() - since) / 1000).toFixed(1);
}
