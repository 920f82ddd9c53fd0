/**
 * All machines as one prebuilt body. A fleet is polled far more often than it changes, and serialising a thousand
 * machines per request costs 16 times what sending prepared bytes does.
 *
 * Only `duration` differs from second to second, so each machine's text is kept in two pieces around it.
 */

import type { Instant } from '../base/time.ts';
import type { Chance } from '../base/world.ts';
import type { Machine } from '../inventory/machine.ts';
import { durationSeconds, machineToJson } from '../inventory/machine-json.ts';
import { goJsonText } from './go-json.ts';

export type MachineList = {
  /** JSON of these machines; built anew each time. */
  readonly encode: (machines: readonly Machine[], now: Instant) => Uint8Array;
  /** The same for the list that the inventory keeps: at most one encoding a second while it is unchanged. */
  readonly encodeAll: (machines: readonly Machine[], now: Instant) => Uint8Array;
  /** A weak validator: the same as long as nothing but `duration` has changed. */
  readonly tagOf: (machines: readonly Machine[]) => string;
};

/** Ages may be this old in an answer. */
const keptMs = 1000;

/** @param chance makes tags differ between servers and starts: counters alone would repeat. */
export function createMachineList(chance: Chance): MachineList {
  const pieces = new WeakMap<Machine, readonly [before: string, after: string]>();
  const start = Math.floor(chance.next() * 2 ** 48).toString(36);
  let known: readonly Machine[] | undefined;
  let generation = 0;
  let kept:
    | { readonly of: readonly Machine[]; readonly at: Instant; readonly bytes: Uint8Array }
    | undefined;

  const piecesOf = (machine: Machine, now: Instant): readonly [string, string] => {
    const found = pieces.get(machine);
    if (found !== undefined) return found;
    const { spec, status, info } = machineToJson(machine, now);
    const since = goJsonText(status.timestamp);
    const made = [
      `{"spec":${goJsonText(spec)},"status":{"timestamp":${since},"duration":`,
      `,"state":${goJsonText(status.state)}},"info":${goJsonText(info)}}`,
    ] as const;
    pieces.set(machine, made);
    return made;
  };

  const encode = (machines: readonly Machine[], now: Instant): Uint8Array => {
    let text = '[';
    for (const machine of machines) {
      const [before, after] = piecesOf(machine, now);
      text += `${text.length > 1 ? ',' : ''}${before}${durationSeconds(machine, now)}${after}`;
    }
    return new TextEncoder().encode(`${text}]\n`);
  };

  return {
    encode,
    encodeAll: (machines, now) => {
      const age = kept === undefined ? -1 : now - kept.at;
      if (kept?.of === machines && age >= 0 && age < keptMs) return kept.bytes;
      const bytes = encode(machines, now);
      kept = { of: machines, at: now, bytes };
      return bytes;
    },
    tagOf: (machines) => {
      if (known !== machines) {
        known = machines;
        generation += 1;
      }
      return `W/"${start}-${generation}"`;
    },
  };
}
