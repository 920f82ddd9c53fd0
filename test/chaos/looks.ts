/** What servers showed: something that was so, no older than what they had acknowledged or shown before. */

import type { History, ListLook, Look, Violation } from './history.ts';
import { step } from './model.ts';
import { objectNames } from './objects.ts';
import type { Asked } from './replay.ts';
import { indexAt, type Timeline, type Window } from './timeline.ts';

type Found = Omit<Violation, 'history'> & { readonly object: string };
type WindowOf = (startMs: number, endMs: number) => Window;

export function checkLooks(
  history: History,
  timeline: Timeline,
  placed: ReadonlyMap<string, Asked>,
  windowOf: WindowOf,
): readonly Found[] {
  const acknowledged = acknowledgements(history, timeline, placed);
  const shown: Shown = new Map();
  const found: Found[] = [];
  const looks = [...history.looks, ...history.lists].sort((a, b) => a.endMs - b.endMs);
  for (const look of looks) {
    const isList = 'machines' in look;
    const object = isList ? 'machine' : look.object;
    const key = `${look.server} ${object}`;
    const window = windowOf(look.startMs, look.endMs);
    const from = Math.max(
      look.revisionMin ?? 0,
      // Two answers that overlap in time may overtake one another.
      shownBefore(shown, key, look.startMs),
      acknowledged(look.server, object, look.startMs),
      isList || look.linearizable === undefined ? 0 : window.from,
    );
    const { to } = window;
    const at = isList ? listedAt(look, timeline, from, to) : lookedAt(look, timeline, from, to);
    if (at === undefined) {
      const what = isList
        ? `a list of ${look.machines.size} machines`
        : `${look.object} as ${look.value}`;
      const text = `server ${look.server} showed ${what} at ${Math.round(look.startMs)}–${Math.round(look.endMs)} ms, which was so at no revision of ${from}…${to}: stale or never true`;
      found.push({ kind: isList ? 'list-wrong' : 'look-wrong', text, object });
    } else remember(shown, key, look.endMs, at);
  }
  return found;
}

/** By server and object, in order of `endMs`; each with the newest revision up to there. */
type Shown = Map<string, { readonly endMs: number; readonly revision: number }[]>;

/** The newest revision that an answer which ended before this time is known to have contained. */
function shownBefore(shown: Shown, key: string, startMs: number): number {
  return shown.get(key)?.findLast(({ endMs }) => endMs < startMs)?.revision ?? 0;
}

function remember(shown: Shown, key: string, endMs: number, revision: number): void {
  const list = shown.get(key) ?? [];
  list.push({ endMs, revision: Math.max(list.at(-1)?.revision ?? 0, revision) });
  shown.set(key, list);
}

/** The newest change of an object that this server acknowledged before a time. */
function acknowledgements(
  { writes }: History,
  timeline: Timeline,
  placed: ReadonlyMap<string, Asked>,
): (server: number, object: string, beforeMs: number) => number {
  const lists = new Map<string, { readonly endMs: number; readonly revision: number }[]>();
  for (const write of writes) {
    const revision = placed.get(write.id)?.audit.revision;
    if (write.outcome.kind !== 'done' || revision === undefined) continue;
    const changed = step(write.request, timeline.viewAt(revision - 1));
    const names = changed.kind === 'changes' ? [...changed.changes.keys()] : [];
    const machines = names.some((name) => name.startsWith('machine ')) ? ['machine'] : [];
    for (const name of [...names, ...machines]) {
      const key = `${write.server} ${name}`;
      const list = lists.get(key) ?? [];
      list.push({ endMs: write.endMs, revision });
      lists.set(key, list);
    }
  }
  return (server, object, beforeMs) =>
    (lists.get(`${server} ${object}`) ?? [])
      .filter(({ endMs }) => endMs < beforeMs)
      .reduce((newest, { revision }) => Math.max(newest, revision), 0);
}

/** The oldest revision at which it was so. */
function lookedAt(look: Look, timeline: Timeline, from: number, to: number): number | undefined {
  const versions = timeline.versions(look.object);
  const first = indexAt(versions, from);
  if (first < 0 && look.value === undefined) return from;
  for (let at = Math.max(first, 0); at < versions.length; at += 1) {
    const version = versions[at];
    if (version === undefined || version.revision > to) return undefined;
    if (version.value === look.value) return Math.max(version.revision, from);
  }
  return undefined;
}

function listedAt(
  look: ListLook,
  timeline: Timeline,
  from: number,
  to: number,
): number | undefined {
  const names = new Set([
    ...timeline.names.filter((name) => name.startsWith('machine ')),
    ...[...look.machines.keys()].map(objectNames.machine),
  ]);
  const wanted = new Map(
    [...look.machines].map(([serial, value]) => [objectNames.machine(serial), value]),
  );
  const wrong = new Set(
    [...names].filter((name) => timeline.valueAt(name, from) !== wanted.get(name)),
  );
  if (wrong.size === 0) return from;
  for (const { revision, changes } of timeline.moments) {
    if (revision <= from) continue;
    if (revision > to) return undefined;
    for (const [name, value] of changes) {
      if (!name.startsWith('machine ')) continue;
      if (value === wanted.get(name)) wrong.delete(name);
      else wrong.add(name);
    }
    if (wrong.size === 0) return revision;
  }
  return undefined;
}
