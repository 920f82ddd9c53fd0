/**
 * Taking over a Sabakan's database: what a list of records is, what an upgrade to schema version 3 would write, and what
 * in it is not understood. A pure plan: entries in, writes and findings out.
 *
 * Each part brings its own conversions and checks (`TakeoverPart`); the face joins them.
 */

import { compareKeys, keyPosition } from '../base/key-order.ts';
import { absent, type Entry, type Write } from '../base/store.ts';
import { keys, schemaVersion } from './keys.ts';

export type Finding = {
  readonly key: string;
  /**
   * `problem`: not understood, or it contradicts another record; an upgrade does not begin while there is one.
   * `notice`: understood and served, but worth a look.
   */
  readonly weight: 'problem' | 'notice';
  /** What is wrong. */
  readonly what: string;
  /** What Tetsukan does with it. */
  readonly does: string;
  /** What an operator can do about it. */
  readonly remedy: string;
};

/** Everything under the prefix at one revision. */
export type Records = {
  /** Ascending by key. */
  readonly all: readonly Entry[];
  readonly get: (key: string) => Entry | undefined;
  readonly under: (prefix: string) => readonly Entry[];
};

/** A write of one record: so it can be conditional on what the record was. */
export type RecordWrite = Exclude<Write, { readonly kind: 'delete-under' }>;

/** Writes that are made together or not at all. */
export type RecordChange = {
  /** The record this is about. */
  readonly key: string;
  readonly what: string;
  readonly writes: readonly RecordWrite[];
};

export type Conversion = {
  readonly changes: readonly RecordChange[];
  readonly findings: readonly Finding[];
};

type Convert = (records: Records) => Conversion;

export type TakeoverPart = {
  /** Whether this is one of the part's keys in schema version 3. */
  readonly owns: (key: string) => boolean;
  /** What it does to its records from one version to the next; by the older one. Repeatable: done twice changes nothing. */
  readonly convert: { readonly '1'?: Convert; readonly '2'?: Convert };
  /** What is wrong with its records in schema version 3. */
  readonly check: (records: Records) => readonly Finding[];
};

export type SchemaFound = '1' | '2' | '3' | 'fresh' | { readonly unknown: string };

export type TakeoverStep = {
  readonly from: '1' | '2';
  readonly to: '2' | '3';
  /** In the order they are written; the version key last. */
  readonly changes: readonly RecordChange[];
};

export type TakeoverPlan = {
  readonly found: SchemaFound;
  readonly steps: readonly TakeoverStep[];
  /** Ascending by key. */
  readonly findings: readonly Finding[];
  /** How many records were looked at. */
  readonly records: number;
};

/** Sabakan's mutex area: whoever upgrades holds the oldest key in it. */
export const schemaLockPrefix = 'schema-lock/';
const oursPrefix = 'tetsukan/';

/** Looks at every record, as it is and as the upgrade would leave it. */
export function planTakeover(records: Records, parts: readonly TakeoverPart[]): TakeoverPlan {
  const found = schemaOf(records.get(keys.version), records.get(keys.ipam));
  const findings: Finding[] = [];
  const steps: TakeoverStep[] = [];
  let after = records;
  for (const [from, to] of stepsFrom(found)) {
    const conversions = parts.map(({ convert }) => convert[from]?.(after));
    findings.push(...conversions.flatMap((conversion) => conversion?.findings ?? []));
    const changes = [
      ...conversions.flatMap((conversion) => conversion?.changes ?? []),
      versionChange(from, to),
    ];
    steps.push({ from, to, changes });
    after = withWrites(
      after,
      changes.flatMap(({ writes }) => writes),
    );
  }
  if (typeof found === 'object') findings.push(unknownVersion(found.unknown));
  else {
    const told = new Set(findings.map(({ key }) => key));
    const checks = [
      ...parts.flatMap(({ check }) => check(after)),
      ...after.all.flatMap(({ key }) => strayKey(key, parts)),
    ];
    // What a conversion could not read, no check can; once is enough.
    findings.push(...checks.filter(({ key }) => !told.has(key)));
  }
  return {
    found,
    steps,
    findings: findings.sort((a, b) => compareKeys(a.key, b.key)),
    records: records.all.length,
  };
}

/** What `version` and `ipam` say of a database (Sabakan 3.1.9). */
export function schemaOf(version: Entry | undefined, ipam: Entry | undefined): SchemaFound {
  if (version === undefined) return ipam === undefined ? 'fresh' : '1';
  const text = new TextDecoder().decode(version.value).trim();
  return text === '1' || text === '2' || text === schemaVersion ? text : { unknown: text };
}

/** What stands in the way of using the database at all. */
export function unknownVersion(version: string): Finding {
  return {
    key: keys.version,
    weight: 'problem',
    what: `the schema version is ${JSON.stringify(version)}; known are 1 (no such key), 2 and ${schemaVersion}`,
    does: 'does not start; nothing is changed',
    remedy: 'use the program that wrote this database, or look whether etcd.prefix is right',
  };
}

/** @param entries ascending by key. */
export function recordsOf(entries: readonly Entry[]): Records {
  const at = (key: string): number => keyPosition(entries, key, (entry) => entry.key);
  return {
    all: entries,
    get: (key) => {
      const entry = entries[at(key)];
      return entry?.key === key ? entry : undefined;
    },
    under: (prefix) => {
      const start = at(prefix);
      let end = start;
      while (entries[end]?.key.startsWith(prefix)) end += 1;
      return entries.slice(start, end);
    },
  };
}

/** The records as these writes would leave them. */
function withWrites(records: Records, writes: readonly RecordWrite[]): Records {
  const byKey = new Map(records.all.map((entry) => [entry.key, entry]));
  for (const write of writes) {
    const { key } = write;
    if (write.kind === 'delete') byKey.delete(key);
    else {
      const before = byKey.get(key) ?? { modRevision: absent, createRevision: absent };
      byKey.set(key, { ...before, key, value: write.value });
    }
  }
  return recordsOf([...byKey.values()].sort((a, b) => compareKeys(a.key, b.key)));
}

function stepsFrom(found: SchemaFound): readonly (readonly ['1' | '2', '2' | '3'])[] {
  const all = [
    ['1', '2'],
    ['2', '3'],
  ] as const;
  return found === '1' ? all : found === '2' ? all.slice(1) : [];
}

function versionChange(from: '1' | '2', to: '2' | '3'): RecordChange {
  const value = new TextEncoder().encode(to);
  return {
    key: keys.version,
    what: `becomes ${to} (from ${from})`,
    writes: [{ kind: 'put', key: keys.version, value }],
  };
}

function strayKey(key: string, parts: readonly TakeoverPart[]): readonly Finding[] {
  if (key === keys.version || key.startsWith(oursPrefix)) return [];
  if (key.startsWith(schemaLockPrefix)) {
    return [
      {
        key,
        weight: 'notice',
        what: 'a server holds or awaits the lock for upgrades',
        does: 'waits for it before an upgrade, never removes it',
        remedy: 'none: it goes with its server, or a minute after it',
      },
    ];
  }
  if (parts.some(({ owns }) => owns(key))) return [];
  return [
    {
      key,
      weight: 'problem',
      what: 'belongs to nothing in schema version 3',
      does: 'leaves it as it is and never reads it',
      remedy: 'delete it, or move what does not belong to the fleet to another prefix',
    },
  ];
}
