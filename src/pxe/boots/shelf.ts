/** The stored records of all servers by machine, and the boots they make; boots are worked out when somebody looks. */

import { createMirror, type Mirror } from '../../base/mirror.ts';
import { createRecords, type Records } from '../../base/records.ts';
import type { Revision } from '../../base/store.ts';
import type { World } from '../../base/world.ts';
import type { Boot } from '../boot.ts';
import { type BootRecord, bootsPrefix, decodeRecord, subjectOfKey } from './record.ts';
import type { SweepEntry } from './sweep.ts';
import { bootsOf, type StoredRecord } from './timeline.ts';

export type BootChange = {
  readonly name: string;
  readonly before: Boot | undefined;
  readonly after: Boot | undefined;
};

export type BootNews =
  | {
      readonly kind: 'changed';
      readonly revision: Revision;
      /** About how much memory they hold: `heldBytesOf`. */
      readonly heldBytes: number;
      readonly changes: readonly BootChange[];
    }
  | { readonly kind: 'listed' };

/** One machine's records; replaced whole, so that what was can still be compared with what is. */
type Pile = {
  readonly records: ReadonlyMap<string, StoredRecord>;
  boots: readonly Boot[] | undefined;
};

export type BootShelf = {
  readonly mirror: Mirror<BootRecord>;
  readonly records: Records<BootRecord>;
  readonly boots: (subject: string) => readonly Boot[];
  readonly subjects: () => Iterable<string>;
  readonly entries: (subject: string) => readonly SweepEntry[];
  /** Every boot of every machine, in order of machines, then of time; the same array while nothing changes. */
  readonly all: () => readonly Boot[];
  readonly find: (id: string) => Boot | undefined;
  readonly bytes: () => number;
  readonly subscribe: (
    listener: (news: BootNews, subjects: readonly string[]) => void,
  ) => () => void;
};

/**
 * What a record that was written or went holds in memory for who keeps the news: itself, the boots it makes, the maps
 * they are in. A stranger's DISCOVER of 450 octets in the store was measured at 5 KB.
 */
const heldBytesOfAny = 3_000;
const heldBytesOfOctet = 4;

const empty: Pile = { records: new Map(), boots: [] };

export function createBootShelf(world: Pick<World, 'store' | 'clock' | 'log'>): BootShelf {
  const { store, clock, log } = world;
  const mirror = createMirror<BootRecord>({
    store,
    prefix: bootsPrefix,
    decode: (key, bytes) => decodeRecord(bootsPrefix + key, bytes),
    clock,
    log,
  });
  const records = createRecords(new Map([[bootsPrefix, mirror]]), 'as-heard');
  const piles = new Map<string, Pile>();
  const listeners = new Set<Parameters<BootShelf['subscribe']>[0]>();
  let all: readonly Boot[] | undefined;
  let bytes = 0;

  const put = (key: string): void => {
    const subject = subjectOfKey(key);
    const kept = records.get(key);
    const next = new Map(piles.get(subject)?.records);
    bytes -= next.get(key)?.value.sizeBytes ?? 0;
    if (kept === undefined) next.delete(key);
    else next.set(key, kept);
    bytes += kept?.value.sizeBytes ?? 0;
    if (next.size === 0) piles.delete(subject);
    else piles.set(subject, { records: next, boots: undefined });
  };

  /** Of a record that is written or goes: who keeps the news keeps both, and one of them is kept by other news, too. */
  const heldBytesOf = (key: string): number => {
    const was = piles.get(subjectOfKey(key))?.records.get(key)?.value.sizeBytes ?? 0;
    const is = records.get(key)?.value.sizeBytes ?? 0;
    return heldBytesOfAny + Math.max(was, is) * heldBytesOfOctet;
  };

  records.subscribe((news) => {
    all = undefined;
    if (news.kind === 'listed') {
      piles.clear();
      bytes = 0;
      for (const key of records.kept().keys()) put(key);
      for (const listener of [...listeners]) listener(news, [...piles.keys()]);
      return;
    }
    const subjects = [...new Set(news.keys.map(subjectOfKey))];
    const heldBytes = news.keys.reduce((sum, key) => sum + heldBytesOf(key), 0);
    const before = subjects.map((subject) => piles.get(subject) ?? empty);
    for (const key of news.keys) put(key);
    const after = subjects.map((subject) => piles.get(subject) ?? empty);
    let changes: readonly BootChange[] | undefined;
    const told: BootNews = {
      kind: 'changed',
      revision: news.revision,
      heldBytes,
      get changes() {
        changes ??= subjects.flatMap((_, at) =>
          differences(shown(before[at] ?? empty), shown(after[at] ?? empty)),
        );
        return changes;
      },
    };
    for (const listener of [...listeners]) listener(told, subjects);
  });

  const bootsOfSubject = (subject: string) => shown(piles.get(subject) ?? empty);
  return {
    mirror,
    records,
    boots: bootsOfSubject,
    subjects: () => piles.keys(),
    entries: (subject) =>
      Array.from(piles.get(subject)?.records ?? [], ([key, { value }]) => ({ key, record: value })),
    all: () => {
      all ??= [...piles.keys()].sort().flatMap(bootsOfSubject);
      return all;
    },
    find: (id) => {
      const cut = id.lastIndexOf('-');
      const plain = id.slice(0, cut);
      const subject = plain.includes('.') ? plain : (plain.match(/../g)?.join(':') ?? '');
      return bootsOfSubject(subject).find((boot) => boot.id === id);
    },
    bytes: () => bytes,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function shown(pile: Pile): readonly Boot[] {
  pile.boots ??= bootsOf([...pile.records.values()]);
  return pile.boots;
}

function differences(before: readonly Boot[], after: readonly Boot[]): readonly BootChange[] {
  const was = new Map(before.map((boot) => [boot.id, boot]));
  const is = new Map(after.map((boot) => [boot.id, boot]));
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((name) => {
    const [a, b] = [was.get(name), is.get(name)];
    const isSame = a?.revision === b?.revision && a?.isOver === b?.isOver;
    return isSame ? [] : [{ name, before: a, after: b }];
  });
}
