/** Evidence in the store: read once at the start, then written a few at a time when something that matters changed. */

import { ok, type Result } from '../base/result.ts';
import type { Condition, StoreProblem, Write } from '../base/store.ts';
import type { World } from '../base/world.ts';
import type { Serial } from '../inventory/machine.ts';
import {
  decodeKept,
  encodeKept,
  evidenceKey,
  evidencePrefix,
  fingerprint,
  type Kept,
} from './record.ts';
import type { SteadyTime } from './steady-time.ts';

export type EvidenceShelf = {
  readonly load: () => Promise<Result<ReadonlyMap<Serial, Kept>, StoreProblem>>;
  /** Queues a write when it differs from what is stored; undefined takes the record away. */
  readonly put: (serial: Serial, kept: Kept | undefined) => void;
  readonly waiting: () => number;
  /** Records that do not decode, by serial: shown, and left as they are. */
  readonly broken: () => ReadonlyMap<Serial, string>;
  /** Why the last write failed. */
  readonly trouble: () => string | undefined;
  readonly counters: () => { readonly written: number; readonly failed: number };
  readonly stop: () => void;
};

/** A whole fleet falling silent is thousands of records at once; the store has better things to do then. */
const evidenceWritesPerSecondMax = 64;

/** No fingerprint reads like this. */
const unsure = 'unsure';

export function createEvidenceShelf(
  world: Pick<World, 'clock' | 'log' | 'store'>,
  time: SteadyTime,
  fence: Condition | undefined,
): EvidenceShelf {
  const { clock, store, log } = world;
  const stored = new Map<Serial, string>();
  const pending = new Map<Serial, Kept | undefined>();
  const broken = new Map<Serial, string>();
  const counters = { written: 0, failed: 0 };
  let trouble: string | undefined;
  let cancel: (() => void) | undefined;
  let stopped = false;
  let flushing = false;

  const flush = async () => {
    const batch = [...pending].slice(0, Math.min(evidenceWritesPerSecondMax, store.writesMax));
    flushing = true;
    for (const [serial] of batch) {
      pending.delete(serial);
      // Until the outcome is known nothing equals what is stored, so that a newer record is queued behind this one.
      stored.set(serial, unsure);
    }
    const writes = batch.map(([serial, kept]): Write => {
      const key = evidenceKey(serial);
      return kept === undefined
        ? { kind: 'delete', key }
        : { kind: 'put', key, value: encodeKept(kept, time) };
    });
    const done = await store.commit(fence === undefined ? [] : [fence], writes);
    if (done.ok && done.value.kind === 'committed') {
      trouble = undefined;
      counters.written += writes.length;
      for (const [serial, kept] of batch) remember(serial, kept);
    } else {
      counters.failed += 1;
      const text = done.ok ? 'this server no longer leads' : done.error.text;
      if (trouble !== text) log.warn('evidence not written', { reason: text });
      trouble = text;
      // Whole records of which only the leader is the author: writing one twice changes nothing.
      for (const [serial, kept] of batch) if (!pending.has(serial)) pending.set(serial, kept);
    }
    flushing = false;
    later();
  };
  const later = () => {
    if (stopped || flushing || cancel !== undefined || pending.size === 0) return;
    cancel = clock.after(1000, () => {
      cancel = undefined;
      void flush();
    });
  };
  const remember = (serial: Serial, kept: Kept | undefined) => {
    if (kept === undefined) stored.delete(serial);
    else stored.set(serial, fingerprint(kept));
  };

  return {
    load: async () => {
      const listed = await store.list(evidencePrefix);
      if (!listed.ok) return listed;
      const found = new Map<Serial, Kept>();
      for (const { key, value } of listed.value.entries) {
        const serial = key.slice(evidencePrefix.length) as Serial;
        const kept = decodeKept(value, time);
        if (kept.ok) {
          found.set(serial, kept.value);
          remember(serial, kept.value);
        } else {
          broken.set(serial, kept.error);
          log.error('evidence record does not decode', { serial, reason: kept.error });
        }
      }
      return ok(found);
    },
    put: (serial, kept) => {
      if (broken.has(serial)) return;
      if ((stored.get(serial) ?? '') === fingerprint(kept)) pending.delete(serial);
      else pending.set(serial, kept);
      later();
    },
    waiting: () => pending.size,
    broken: () => broken,
    trouble: () => trouble,
    counters: () => ({ ...counters }),
    stop: () => {
      stopped = true;
      cancel?.();
    },
  };
}
