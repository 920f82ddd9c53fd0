/**
 * A boot storm in good order: so many machines load kernel and initrd at a time, the others wait for their turn and know
 * their place. A pure decision; `gate.ts` holds the state.
 *
 * Only iPXE is ever made to wait, for it can say so on the screen and ask again by itself; firmware gets its loader at
 * once. What is asked for is never refused either: a machine that was told to wait and loads all the same is served.
 */

import type { Serial } from '../../inventory/machine.ts';

export type Admission = {
  /** Machines that were given their script and load, or are about to. */
  readonly slots: ReadonlyMap<Serial, Slot>;
  /** Registered machines alone wait here, so there are never more than the inventory holds. */
  readonly waiters: ReadonlyMap<Serial, Waiter>;
};

export type Slot = {
  /** Downloads name no machine: they are told by where they come from. */
  readonly address: string;
  /** The last sign of its life; a machine without one for long has died, and another takes its turn. */
  readonly heardAtMs: number;
  readonly requestId: string | undefined;
};

export type Waiter = {
  readonly sinceMs: number;
  readonly askedAtMs: number;
  /** How much earlier than it came it is taken to have come. */
  readonly aheadMs: number;
};

export type AdmissionPolicy = {
  /** Machines that load kernel and initrd at a time; 0: any number. */
  readonly downloadsMax: number;
};

/** What lets a machine go before others that came earlier. */
export type Precedence = 'boot' | 'control-plane' | 'none';

export type Verdict =
  | { readonly kind: 'go'; readonly waitedMs: number }
  | {
      readonly kind: 'wait';
      /** 1: the next one. */
      readonly place: number;
      readonly of: number;
    };

export const nobody: Admission = { slots: new Map(), waiters: new Map() };

/** What a waiting machine's script sleeps: one request in this time from each. */
export const nextTrySeconds = 5;
/** Three tries; a machine that was switched off meanwhile must not hold up those behind it. */
export const placeKeptMs = 16_000;
/** Until the first octet of the kernel, and between the downloads. One that goes on says so every 5 s. */
export const slotKeptMs = 20_000;
/**
 * A head start and not a class of its own: whoever has waited this long goes before any newcomer, so nobody starves.
 * The boot machine of a rack serves the others; without control planes there is no cluster to join.
 */
const aheadMs: Readonly<Record<Precedence, number>> = {
  boot: 20 * 60_000,
  'control-plane': 10 * 60_000,
  none: 0,
};

/** A machine asks for its boot script. */
export function askToBoot(
  before: Admission,
  machine: {
    readonly serial: Serial;
    readonly address: string;
    readonly precedence: Precedence;
  },
  policy: AdmissionPolicy,
  nowMs: number,
): { readonly next: Admission; readonly verdict: Verdict } {
  const { slots, waiters } = withoutSilent(before, nowMs);
  const { serial, address, precedence } = machine;
  const known = waiters.get(serial);
  const waiter: Waiter = {
    sinceMs: known?.sinceMs ?? nowMs,
    askedAtMs: nowMs,
    aheadMs: aheadMs[precedence],
  };
  const place = placeOf(serial, waiter, waiters);
  const free =
    policy.downloadsMax === 0 ? Number.POSITIVE_INFINITY : policy.downloadsMax - slots.size;
  // It asks again: it was reset, or its download failed. Its turn is still its own.
  if (slots.has(serial) || place <= free) {
    const left = new Map(waiters);
    left.delete(serial);
    const slot: Slot = { address, heardAtMs: nowMs, requestId: undefined };
    return {
      next: { slots: new Map(slots).set(serial, slot), waiters: left },
      verdict: { kind: 'go', waitedMs: nowMs - waiter.sinceMs },
    };
  }
  const next = { slots, waiters: new Map(waiters).set(serial, waiter) };
  return { next, verdict: { kind: 'wait', place, of: next.waiters.size } };
}

export type DownloadSign = {
  readonly address: string;
  readonly requestId: string;
  readonly kind: 'began' | 'moves' | 'broke-off' | 'kernel-done' | 'initrd-done';
};

/**
 * A sign of life from a machine that loads. Where many share an address (a laboratory behind one router), a download is
 * taken for that of the machine which was silent longest: the number of turns stays right, if not whose they are.
 */
export function noteDownload(before: Admission, sign: DownloadSign, nowMs: number): Admission {
  const { address, requestId, kind } = sign;
  let owner: readonly [Serial, Slot] | undefined;
  for (const entry of before.slots) {
    const [, slot] = entry;
    if (slot.address !== address) continue;
    if (slot.requestId === requestId) {
      owner = entry;
      break;
    }
    const isFree = kind === 'began' && slot.requestId === undefined;
    if (isFree && (owner === undefined || slot.heardAtMs < owner[1].heardAtMs)) owner = entry;
  }
  if (owner === undefined) return before;
  const [serial, slot] = owner;
  const slots = new Map(before.slots);
  if (kind === 'initrd-done') slots.delete(serial);
  else {
    const isOn = kind === 'began' || kind === 'moves';
    slots.set(serial, { ...slot, heardAtMs: nowMs, requestId: isOn ? requestId : undefined });
  }
  return { slots, waiters: before.waiters };
}

/** Turns and places of machines that have not been heard of for too long are given up. */
export function withoutSilent(before: Admission, nowMs: number): Admission {
  const slots = keep(before.slots, ({ heardAtMs }) => nowMs - heardAtMs <= slotKeptMs);
  const waiters = keep(before.waiters, ({ askedAtMs }) => nowMs - askedAtMs <= placeKeptMs);
  return { slots, waiters };
}

function placeOf(serial: Serial, mine: Waiter, waiters: Admission['waiters']): number {
  let ahead = 0;
  for (const [other, waiter] of waiters) {
    if (other !== serial && goesBefore(waiter, other, mine, serial)) ahead += 1;
  }
  return ahead + 1;
}

function goesBefore(a: Waiter, aSerial: Serial, b: Waiter, bSerial: Serial): boolean {
  const difference = a.sinceMs - a.aheadMs - (b.sinceMs - b.aheadMs);
  return difference === 0 ? aSerial < bSerial : difference < 0;
}

/** The same map when all stay: most of the time. */
function keep<V>(
  map: ReadonlyMap<Serial, V>,
  stays: (value: V) => boolean,
): ReadonlyMap<Serial, V> {
  for (const value of map.values()) {
    if (!stays(value)) return new Map([...map].filter(([, each]) => stays(each)));
  }
  return map;
}
