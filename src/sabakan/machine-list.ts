/**
 * All machines as one prebuilt body. A fleet is polled far more often than it changes, and serialising a thousand
 * machines per request costs 16 times what sending prepared bytes does.
 *
 * Only `duration` differs from second to second, so each machine's text is kept in two pieces around it.
 */

import type { Instant } from '../base/time.ts';
import type { World } from '../base/world.ts';
import type { Machine } from '../inventory/machine.ts';
import { durationSeconds, machineToJson } from '../inventory/machine-json.ts';
import { goJsonText } from './go-json.ts';

export type MachineList = {
  /**
   * Makes the texts of machines that have none yet, with pauses: 10,000 new ones at a stroke would hold up DHCP for a
   * third of a second.
   */
  readonly prepare: (machines: readonly Machine[]) => Promise<void>;
  /** JSON of these machines; built anew each time. */
  readonly encode: (machines: readonly Machine[], now: Instant) => Uint8Array;
  /** The same for the list that the inventory keeps: at most one encoding a second while it is unchanged. */
  readonly encodeAll: (machines: readonly Machine[], now: Instant) => Uint8Array;
  /** A weak validator: the same as long as nothing but `duration` has changed. */
  readonly tagOf: (machines: readonly Machine[]) => string;
};

type Pieces = { readonly before: Uint8Array; readonly after: Uint8Array };

const utf8 = new TextEncoder();
const codes = { open: 0x5b, close: 0x5d, newline: 0x0a } as const;
/** Seconds with three digits after the point, or a number in exponent form: 24 characters at most. */
const durationBytesMax = 24;

/** Ages may be this old in an answer. */
const keptMs = 1000;

/** This many new machines take about as long as one DHCP exchange may wait. */
const preparedAtOnce = 100;

/** @param world its chance makes tags differ between servers and starts: counters alone would repeat. */
export function createMachineList(world: Pick<World, 'chance' | 'clock'>): MachineList {
  const { chance, clock } = world;
  const pieces = new WeakMap<Machine, Pieces>();
  const start = Math.floor(chance.next() * 2 ** 48).toString(36);
  let known: readonly Machine[] | undefined;
  let generation = 0;
  let kept:
    | { readonly of: readonly Machine[]; readonly at: Instant; readonly bytes: Uint8Array }
    | undefined;

  const piecesOf = (machine: Machine, now: Instant): Pieces => {
    const found = pieces.get(machine);
    if (found !== undefined) return found;
    const { spec, status, info } = machineToJson(machine, now);
    const since = goJsonText(status.timestamp);
    const made = {
      before: utf8.encode(`{"spec":${goJsonText(spec)},"status":{"timestamp":${since},"duration":`),
      after: utf8.encode(`,"state":${goJsonText(status.state)}},"info":${goJsonText(info)}},`),
    };
    pieces.set(machine, made);
    return made;
  };

  // Copying bytes into place leaves nothing for the garbage collector; a megabyte of text each second would.
  const encode = (machines: readonly Machine[], now: Instant): Uint8Array => {
    let size = '[]\n'.length;
    const parts = machines.map((machine) => {
      const part = piecesOf(machine, now);
      size += part.before.length + durationBytesMax + part.after.length;
      return part;
    });
    const bytes = new Uint8Array(size);
    let at = 0;
    const put = (code: number): void => {
      bytes[at] = code;
      at += 1;
    };
    put(codes.open);
    for (const [index, { before, after }] of parts.entries()) {
      bytes.set(before, at);
      at += before.length;
      const duration = String(durationSeconds(machines[index] as Machine, now));
      for (let digit = 0; digit < duration.length; digit += 1) put(duration.charCodeAt(digit));
      bytes.set(after, at);
      at += after.length;
    }
    // The comma after the last one becomes the closing bracket.
    if (machines.length > 0) at -= 1;
    put(codes.close);
    put(codes.newline);
    return bytes.subarray(0, at);
  };

  let prepared: readonly Machine[] | undefined;
  const prepare = async (machines: readonly Machine[]): Promise<void> => {
    if (prepared === machines) return;
    let made = 0;
    for (const machine of machines) {
      if (pieces.has(machine)) continue;
      piecesOf(machine, clock.now());
      made += 1;
      if (made % preparedAtOnce === 0) await new Promise<void>((go) => clock.after(0, go));
    }
    prepared = machines;
  };

  return {
    prepare,
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
