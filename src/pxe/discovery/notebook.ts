/**
 * What machines nobody registered show of themselves, gathered and written to the store a batch at a time. A card that
 * only asked once is kept in memory; the store hears of it with its second sign, so that a flood of made-up addresses
 * fills a bounded map and not etcd.
 */

import type { Reads } from '../../base/decision.ts';
import { fail } from '../../base/result.ts';
import type { Write } from '../../base/store.ts';
import type { Transact } from '../../base/transact.ts';
import type { World } from '../../base/world.ts';
import {
  type Discovery,
  decodeDiscovery,
  discoveriesMax,
  discoveryId,
  discoveryPrefix,
  encodeDiscovery,
  isConfirmed,
} from '../discovery.ts';
import { foldNote, joinNotes, type Note } from './fold.ts';
import { knownMacKey } from './known-macs.ts';
import { type Learned, learnInto } from './learned.ts';
import { canLeave, leavers } from './room.ts';

/** Cards that showed one sign; the least recent go first. */
export const candidatesMax = 4_096;
/** Machines that never reached iPXE, taken into the store by one server in a minute. */
export const unconfirmedPerMinuteMax = 120;
/** What waits to be written: a data hall that is powered on at once, with room. */
const pendingMax = 2_000;
/** Records of one commit. */
const batchMax = 40;
const soonMs = 200;
const againMs = 5_000;
const minuteMs = 60_000;

export type NotebookCounters = {
  /** Records that came into being. */
  written: number;
  /** Single signs that were forgotten, since more than `candidatesMax` came after them. */
  candidatesForgotten: number;
  /** Machines not written at once, since `unconfirmedPerMinuteMax` were. */
  heldBack: number;
  /** Machines not written, since `discoveriesMax` wait that are not to be given up. */
  full: number;
};

export type Notebook = {
  /** Takes note; writes soon. */
  readonly note: (note: Note) => void;
  /** A card of a registered machine; it is no discovery, or no more. */
  readonly learn: (learned: Learned) => void;
  /** Forgets these cards: their machine is registered no more. */
  readonly unlearn: (macs: readonly string[]) => void;
  /** What was noted of this card and is not in the store yet. */
  readonly noted: (id: string) => Note | undefined;
  readonly counters: () => Readonly<NotebookCounters>;
  readonly stop: () => void;
};

export function createNotebook(deps: {
  readonly world: Pick<World, 'clock' | 'log'>;
  readonly transact: Transact;
  readonly stored: (id: string) => Discovery | undefined;
  readonly all: () => readonly Discovery[];
}): Notebook {
  const { world, transact, stored } = deps;
  const { clock, log } = world;
  const counters: NotebookCounters = { written: 0, candidatesForgotten: 0, heldBack: 0, full: 0 };
  const candidates = new Map<string, Note>();
  const pending = new Map<string, Note>();
  const learning = new Map<string, Learned>();
  const unlearning = new Set<string>();
  let minute = { sinceMs: Number.NEGATIVE_INFINITY, taken: 0 };
  let cancel: (() => void) | undefined;
  let isWriting = false;
  let isStopped = false;

  const wake = (delayMs: number): void => {
    if (cancel !== undefined || isWriting || isStopped) return;
    cancel = clock.after(delayMs, () => {
      cancel = undefined;
      void flush();
    });
  };

  const mayTake = (): boolean => {
    const nowMs = clock.monotonicMs();
    if (nowMs - minute.sinceMs >= minuteMs) minute = { sinceMs: nowMs, taken: 0 };
    if (minute.taken >= unconfirmedPerMinuteMax) return false;
    minute.taken += 1;
    return true;
  };

  const keepCandidate = (id: string, note: Note): void => {
    candidates.delete(id);
    candidates.set(id, note);
    if (candidates.size <= candidatesMax) return;
    const [oldest] = candidates.keys();
    if (oldest !== undefined) candidates.delete(oldest);
    counters.candidatesForgotten += 1;
  };

  const note: Notebook['note'] = (one) => {
    if (learning.has(one.mac) && !isConfirmed(one)) return;
    const id = discoveryId(one.mac);
    const waiting = pending.get(id);
    const before = stored(id);
    if (waiting !== undefined) {
      pending.set(id, joinNotes(waiting, one));
      return;
    }
    const first = candidates.get(id);
    const whole = first === undefined ? one : joinNotes(first, one);
    if (before === undefined && !isConfirmed(whole)) {
      if (first === undefined) return keepCandidate(id, whole);
      if (pending.size >= pendingMax || !mayTake()) {
        counters.heldBack += 1;
        return keepCandidate(id, whole);
      }
    }
    candidates.delete(id);
    if (before !== undefined && foldNote(before, whole) === before) return;
    if (pending.size >= pendingMax) {
      counters.heldBack += 1;
      return;
    }
    pending.set(id, whole);
    wake(soonMs);
  };

  const flush = async (): Promise<void> => {
    const notes = [...pending].slice(0, batchMax);
    const learned = [...learning].slice(0, batchMax);
    const gone = [...unlearning].slice(0, batchMax);
    if (notes.length + learned.length + gone.length === 0) return;
    for (const [id] of notes) pending.delete(id);
    for (const [mac] of learned) learning.delete(mac);
    for (const mac of gone) unlearning.delete(mac);
    isWriting = true;
    const result = await write(notes, learned, gone);
    isWriting = false;
    if (isStopped) return;
    if (result.ok) {
      counters.written += result.value.value.came;
      counters.full += result.value.value.refused;
      if (result.value.value.refused > 0) {
        log.warn('no room for more discoveries: approve, reject or forget some', {
          max: discoveriesMax,
          refused: result.value.value.refused,
        });
      }
    } else {
      log.warn('discoveries could not be written', { text: result.error.text });
      // What was noted meanwhile is later.
      for (const [id, earlier] of notes) {
        const later = pending.get(id);
        if (later !== undefined) pending.set(id, joinNotes(earlier, later));
        else if (pending.size < pendingMax) pending.set(id, earlier);
      }
      for (const [mac, one] of learned) if (!learning.has(mac)) learning.set(mac, one);
      for (const mac of gone) unlearning.add(mac);
    }
    if (pending.size + learning.size + unlearning.size > 0) wake(result.ok ? soonMs : againMs);
  };

  const write = (
    notes: readonly (readonly [string, Note])[],
    learned: readonly (readonly [string, Learned])[],
    gone: readonly string[],
  ) => {
    const now = clock.now();
    const all = deps.all();
    const newcomers = notes.filter(([id]) => stored(id) === undefined).length;
    const leaving = leavers(all, all.length + newcomers - discoveriesMax);
    const room = discoveriesMax - all.length + leaving.length;
    const reads: Reads = {
      keys: [
        ...notes.flatMap(([id, { mac }]) => [discoveryPrefix + id, knownMacKey(mac)]),
        ...leaving.map(({ id }) => discoveryPrefix + id),
        ...learned.flatMap(([, { known }]) => [
          knownMacKey(known.mac),
          discoveryPrefix + known.mac.replaceAll(':', '-'),
        ]),
        ...gone.map(knownMacKey),
      ].filter((key, at, keys) => keys.indexOf(key) === at),
    };
    return transact('discoveries/notes', reads, (view) => {
      const writes = new Map<string, Write>();
      let [came, refused] = [0, 0];
      const read = (id: string) => {
        const entry = view.get(discoveryPrefix + id);
        return entry === undefined ? fail('') : decodeDiscovery(id, entry.value);
      };
      for (const { id } of leaving) {
        const there = read(id);
        const key = discoveryPrefix + id;
        if (there.ok && canLeave(there.value)) writes.set(key, { kind: 'delete', key });
      }
      for (const [id, one] of notes) {
        const key = discoveryPrefix + id;
        const entry = view.get(key);
        const before = entry === undefined ? undefined : decodeDiscovery(id, entry.value);
        // A record that cannot be read is left alone.
        if (before?.ok === false) continue;
        // Another server has heard meanwhile whose card it is.
        const isKnown =
          view.get(knownMacKey(one.mac)) !== undefined || learned.some(([mac]) => mac === one.mac);
        if (before === undefined && isKnown && !isConfirmed(one)) continue;
        if (before === undefined && came >= room) {
          refused += 1;
          continue;
        }
        const after = foldNote(before?.value, one);
        if (after === before?.value) continue;
        if (before === undefined) came += 1;
        writes.set(key, { kind: 'put', key, value: encodeDiscovery(after) });
      }
      for (const [, one] of learned) learnInto(writes, one, read, view, now);
      for (const mac of gone) {
        const key = knownMacKey(mac);
        if (view.get(key) !== undefined && !writes.has(key))
          writes.set(key, { kind: 'delete', key });
      }
      return { ok: true, value: { came, refused }, writes: [...writes.values()] };
    });
  };

  return {
    note,
    learn: (learned) => {
      const id = learned.known.mac.replaceAll(':', '-');
      candidates.delete(id);
      pending.delete(id);
      if (learning.size >= pendingMax) return;
      learning.set(learned.known.mac, learned);
      wake(soonMs);
    },
    unlearn: (macs) => {
      for (const mac of macs) if (unlearning.size < pendingMax) unlearning.add(mac);
      if (macs.length > 0) wake(soonMs);
    },
    noted: (id) => pending.get(id) ?? candidates.get(id),
    counters: () => counters,
    stop: () => {
      isStopped = true;
      cancel?.();
    },
  };
}
