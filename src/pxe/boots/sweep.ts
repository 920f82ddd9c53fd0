/** Which stored records are too many: pure, and the same on every server, so that it does not matter who deletes them. */

import type { Instant } from '../../base/time.ts';
import type { Boot } from '../boot.ts';
import { phaseOf } from './phase.ts';
import type { BootRecord } from './record.ts';

/** Boots of one machine. */
export const bootsMax = 20;
/** All records together, as they lie in the store: some 30,000 boots. The oldest boots go first, the last one of a machine last. */
export const storedBytesMax = 48 * 1024 * 1024;
/** Machines that nobody registered; those that only asked DHCP go first. */
export const strangersStoredMax = 4_096;
/**
 * All records of strangers together: two KiB each. In the memory of every server it is five times that, and invented
 * machines may begin boots as often as they like.
 */
export const strangersBytesMax = 8 * 1024 * 1024;
/** Below the bound by so much, so that it is not reached again at once. */
const lowWater = 0.95;

export type SweepEntry = { readonly key: string; readonly record: BootRecord };

export type SweepLimits = {
  readonly bootsMax: number;
  readonly storedBytesMax: number;
  readonly strangersStoredMax: number;
  readonly strangersBytesMax: number;
};

export const sweepLimits: SweepLimits = {
  bootsMax,
  storedBytesMax,
  strangersStoredMax,
  strangersBytesMax,
};

type Candidate = {
  readonly entry: SweepEntry;
  readonly lastAt: Instant;
  /** Of the last boot of its machine. */
  readonly isNewest: boolean;
  readonly isStranger: boolean;
};

/** @param lookUp `gone`: it was registered, and certainly is no more. */
export function staleKeys(
  subjects: ReadonlyMap<
    string,
    { readonly entries: readonly SweepEntry[]; readonly boots: readonly Boot[] }
  >,
  lookUp: (
    serial: string | undefined,
    wasRegistered: boolean,
  ) => 'registered' | 'stranger' | 'gone',
  limits: SweepLimits = sweepLimits,
): readonly string[] {
  const stale = new Set<string>();
  const strangers: {
    readonly keys: readonly string[];
    readonly lastAt: Instant;
    readonly far: number;
  }[] = [];
  const left: Candidate[] = [];
  for (const { entries, boots } of subjects.values()) {
    const serial = boots.findLast((boot) => boot.serial !== undefined)?.serial;
    const status = lookUp(
      serial,
      entries.some(({ record }) => record.registered),
    );
    const keys = entries.map(({ key }) => key);
    const last = boots.at(-1);
    if (status === 'gone' || last === undefined) {
      for (const key of keys) stale.add(key);
      continue;
    }
    if (status === 'stranger') {
      const far = Math.max(...last.steps.map(({ name }) => phaseOf(name)));
      strangers.push({ keys, lastAt: last.lastAt, far });
    }
    const keepFrom = boots.at(-limits.bootsMax)?.beganAt ?? last.beganAt;
    for (const entry of entries) {
      const lastAt = endOf(entry.record);
      if (boots.length > limits.bootsMax && lastAt < keepFrom) stale.add(entry.key);
      else {
        const isNewest = lastAt >= last.beganAt;
        left.push({ entry, lastAt, isNewest, isStranger: status === 'stranger' });
      }
    }
  }
  strangers.sort((a, b) => Number(isFar(a.far)) - Number(isFar(b.far)) || a.lastAt - b.lastAt);
  const tooMany = Math.max(strangers.length - limits.strangersStoredMax, 0);
  for (const { keys } of strangers.slice(0, tooMany)) for (const key of keys) stale.add(key);

  const kept = left.filter(({ entry }) => !stale.has(entry.key));
  const ofStrangers = kept.filter(({ isStranger }) => isStranger);
  const beyond = keysBeyond(ofStrangers, limits.strangersBytesMax);
  for (const key of beyond) stale.add(key);
  const rest = beyond.length === 0 ? kept : kept.filter(({ entry }) => !stale.has(entry.key));
  for (const key of keysBeyond(rest, limits.storedBytesMax)) stale.add(key);
  return [...stale];
}

/** The oldest that are too many octets together, and the last boot of a machine last. */
function keysBeyond(candidates: readonly Candidate[], bytesMax: number): readonly string[] {
  let bytes = candidates.reduce((sum, { entry }) => sum + entry.record.sizeBytes, 0);
  if (bytes <= bytesMax) return [];
  const keys: string[] = [];
  const inOrder = candidates.toSorted(
    (a, b) => Number(a.isNewest) - Number(b.isNewest) || a.lastAt - b.lastAt,
  );
  for (const { entry } of inOrder) {
    if (bytes <= bytesMax * lowWater) break;
    keys.push(entry.key);
    bytes -= entry.record.sizeBytes;
  }
  return keys;
}

function isFar(phase: number): boolean {
  return phase > phaseOf('ipxe-ack');
}

function endOf({ steps }: BootRecord): Instant {
  return steps.reduce<Instant>(
    (last, { lastAt }) => (lastAt > last ? lastAt : last),
    -Infinity as Instant,
  );
}
