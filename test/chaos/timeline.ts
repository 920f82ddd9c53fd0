/** etcd's history as values of objects over revisions, with the audit records that stand beside each change. */

import type { KeyEvent, Write } from './history.ts';
import type { View } from './model.ts';
import { objectOf } from './objects.ts';

export type AuditEntry = {
  readonly revision: number;
  readonly user: string;
  readonly category: string;
  readonly instance: string;
  readonly action: string;
  readonly detail: string;
};

export type Moment = {
  readonly revision: number;
  /** Objects whose value is another one than before. */
  readonly changes: ReadonlyMap<string, string | undefined>;
  readonly audits: readonly AuditEntry[];
};

type MomentSoFar = {
  readonly changes: Map<string, string | undefined>;
  readonly audits: AuditEntry[];
};

export type Timeline = {
  /** Ascending; only revisions at which an object changed or an audit record came. */
  readonly moments: readonly Moment[];
  readonly names: readonly string[];
  /** Of one object, ascending. */
  readonly versions: (name: string) => readonly Version[];
  readonly valueAt: (name: string, revision: number) => string | undefined;
  readonly viewAt: (revision: number) => View;
  readonly lastRevision: number;
};

export type Version = { readonly revision: number; readonly value: string | undefined };

export function timelineOf(events: readonly KeyEvent[]): Timeline {
  const versions = new Map<string, Version[]>();
  const byRevision = new Map<number, MomentSoFar>();
  const momentAt = (revision: number) => {
    const found: MomentSoFar = byRevision.get(revision) ?? { changes: new Map(), audits: [] };
    byRevision.set(revision, found);
    return found;
  };
  for (const { revision, key, value } of events) {
    if (key.startsWith('audit/') && value !== undefined) {
      momentAt(revision).audits.push({ ...JSON.parse(value), revision });
      continue;
    }
    const object = objectOf(key, value);
    if (object === undefined) continue;
    const before = versions.get(object.name) ?? [];
    if (before.at(-1)?.value === object.value) continue;
    before.push({ revision, value: object.value });
    versions.set(object.name, before);
    momentAt(revision).changes.set(object.name, object.value);
  }
  const valueAt = (name: string, revision: number) => {
    const all = versions.get(name) ?? [];
    return all[indexAt(all, revision)]?.value;
  };
  const names = [...versions.keys()];
  return {
    moments: [...byRevision]
      .sort(([a], [b]) => a - b)
      .map(([revision, moment]) => ({ revision, ...moment })),
    names,
    versions: (name) => versions.get(name) ?? [],
    valueAt,
    viewAt: (revision) => ({
      get: (name) => valueAt(name, revision),
      names: (start) =>
        names.filter((name) => name.startsWith(start) && valueAt(name, revision) !== undefined),
    }),
    lastRevision: events.at(-1)?.revision ?? 0,
  };
}

/** Of the version that stood at `revision`; -1 before the first. */
export function indexAt(versions: readonly Version[], revision: number): number {
  let [low, high] = [0, versions.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((versions[middle]?.revision ?? 0) <= revision) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Where in etcd's order something asked between two times may lie. */
export type Window = { readonly from: number; readonly to: number };

/**
 * What was acknowledged before it began has happened at its moment, what was begun after its end has not: so it saw the
 * store at some revision of this window, ends included.
 */
export function windows(
  placed: readonly { readonly write: Write; readonly revision: number }[],
  lastRevision: number,
): (startMs: number, endMs: number) => Window {
  const byEnd = placed
    .filter(({ write }) => write.outcome.kind === 'done')
    .map(({ write, revision }) => ({ atMs: write.endMs, revision }))
    .sort((a, b) => a.atMs - b.atMs);
  const byStart = placed
    .map(({ write, revision }) => ({ atMs: write.startMs, revision }))
    .sort((a, b) => a.atMs - b.atMs);
  const newest: number[] = [];
  for (const { revision } of byEnd) newest.push(Math.max(newest.at(-1) ?? 0, revision));
  const oldest: number[] = new Array(byStart.length);
  for (let at = byStart.length - 1; at >= 0; at -= 1) {
    oldest[at] = Math.min(oldest[at + 1] ?? lastRevision + 1, byStart[at]?.revision ?? 0);
  }
  const countUpTo = (
    list: readonly { readonly atMs: number }[],
    isBefore: (atMs: number) => boolean,
  ) => {
    let [low, high] = [0, list.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(list[middle]?.atMs ?? 0)) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return (startMs, endMs) => {
    const ended = countUpTo(byEnd, (atMs) => atMs < startMs);
    const begun = countUpTo(byStart, (atMs) => atMs <= endMs);
    return { from: newest[ended - 1] ?? 0, to: (oldest[begun] ?? lastRevision + 1) - 1 };
  };
}
