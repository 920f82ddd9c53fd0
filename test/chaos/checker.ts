/**
 * Whether the servers kept their word. etcd's own history is the order of all changes; the audit record that each change
 * brings along says whose it was. So nothing has to be guessed: every acknowledged request has its one place in that
 * order, every refused one has none, and what a request did there is what the rules make of the store as it was.
 */

import type { History, Violation, Write } from './history.ts';
import { checkLeases } from './leases.ts';
import { checkLooks } from './looks.ts';
import { step, touched } from './model.ts';
import type { MachineObject } from './objects.ts';
import { type Asked, answersTo, isExplainedWithin, unexplained } from './replay.ts';
import { type AuditEntry, type Timeline, timelineOf, type Window, windows } from './timeline.ts';

/** A broken run breaks the same rule thousands of times. */
const shownPerKindMax = 20;

export function check(history: History): readonly Violation[] {
  const timeline = timelineOf(history.events);
  const { placed, violations } = place(history.writes, timeline);
  const askedAt = new Map<number, Asked[]>();
  for (const one of placed.values()) {
    askedAt.set(one.audit.revision, [...(askedAt.get(one.audit.revision) ?? []), one]);
  }
  const windowOf = windows(
    [...placed.values()].map(({ write, audit }) => ({ write, revision: audit.revision })),
    timeline.lastRevision,
  );
  const told = (found: Omit<Violation, 'history'>, ...objects: readonly string[]): Violation => ({
    ...found,
    history: storyOf(history, placed, objects),
  });
  return firstOfEachKind([
    ...violations,
    ...outOfOrder([...placed.values()]),
    ...timeline.moments.flatMap((moment) => {
      const asked = askedAt.get(moment.revision) ?? [];
      const found = unexplained(moment, asked, timeline);
      const named = asked.flatMap(({ write }) => touched(write.request, []));
      return found === undefined ? [] : [told(found, ...moment.changes.keys(), ...named)];
    }),
    ...timeline.moments.flatMap((moment) =>
      brokenRules(timeline, moment.revision, moment.changes.keys()).map((found) =>
        told(found, ...moment.changes.keys()),
      ),
    ),
    ...history.writes.flatMap((write) => {
      if (placed.has(write.id) || !isAnswerAboutState(write)) return [];
      const window = windowOf(write.startMs, write.endMs);
      if (isTrueSomewhere(write, window, timeline, askedAt)) return [];
      const answer = write.outcome.kind === 'done' ? 'done' : write.outcome.why;
      const text = `${write.id} was answered "${answer}" with nothing done, which was true at no revision of ${window.from}…${window.to}: ${JSON.stringify(write.request)}`;
      const kind = write.outcome.kind === 'done' ? 'write-lost' : 'refusal-wrong';
      return [told({ kind, text }, ...touched(write.request, timeline.names))];
    }),
    ...checkLooks(history, timeline, placed, windowOf).map(({ object, ...found }) =>
      told(found, object),
    ),
    ...checkLeases(history),
    ...assetIdsGivenTwice(history),
  ]);
}

/** Audit records to requests: one for each acknowledged change, none for a refused one, none from nobody. */
function place(
  writes: readonly Write[],
  timeline: Timeline,
): { readonly placed: ReadonlyMap<string, Asked>; readonly violations: readonly Violation[] } {
  const byId = new Map(writes.map((write) => [write.id, write]));
  const placed = new Map<string, Asked>();
  const violations: Violation[] = [];
  const report = (kind: string, text: string, ...history: readonly string[]) =>
    violations.push({ kind, text, history });
  for (const audit of timeline.moments.flatMap(({ audits }) => audits)) {
    const write = byId.get(audit.user);
    const earlier = placed.get(audit.user);
    if (write !== undefined && audit.action === 'prune') continue;
    if (write === undefined) {
      report('audit-unasked', `an audit record of nobody's request: ${JSON.stringify(audit)}`);
    } else if (earlier !== undefined) {
      const text = `${write.id} was done twice, at revisions ${earlier.audit.revision} and ${audit.revision}`;
      report('write-doubled', text, lineOf(write));
    } else {
      placed.set(write.id, { write, audit });
      if (write.outcome.kind !== 'refused') continue;
      const text = `${write.id} was refused (${write.outcome.why}) and yet done at revision ${audit.revision}`;
      report('refused-done', text, lineOf(write));
    }
  }
  return { placed, violations };
}

/** What was over before another began stands before it in etcd's order. */
function outOfOrder(placed: readonly Asked[]): readonly Violation[] {
  let latest: Asked | undefined;
  let pending: Asked[] = [];
  const violations: Violation[] = [];
  for (const one of placed.toSorted((a, b) => a.audit.revision - b.audit.revision)) {
    // Within one revision every order is possible.
    if (pending[0]?.audit.revision !== one.audit.revision) {
      for (const before of pending) {
        if (before.write.startMs > (latest?.write.startMs ?? -1)) latest = before;
      }
      pending = [];
    }
    pending.push(one);
    const isLate =
      one.write.outcome.kind === 'done' && one.write.endMs < (latest?.write.startMs ?? 0);
    if (!isLate || latest === undefined) continue;
    violations.push({
      kind: 'order-broken',
      text: `${one.write.id} was acknowledged before ${latest.write.id} began, but stands after it, at revision ${one.audit.revision}`,
      history: [lineOf(one.write), lineOf(latest.write)],
    });
  }
  return violations;
}

/** No index or address twice, and each rack's list names exactly the indices of its machines. */
function brokenRules(
  timeline: Timeline,
  revision: number,
  changed: Iterable<string>,
): readonly Omit<Violation, 'history'>[] {
  if (![...changed].some((name) => name.startsWith('machine ') || name.startsWith('rack ')))
    return [];
  const view = timeline.viewAt(revision);
  const machines = view
    .names('machine ')
    .map((name) => JSON.parse(view.get(name) ?? 'null') as MachineObject);
  const found: Omit<Violation, 'history'>[] = [];
  const owners = new Map<string, string>();
  for (const { serial, rack, index, ipv4, bmcIpv4 } of machines) {
    for (const what of [
      `index ${index} of rack ${rack}`,
      ...[...ipv4, bmcIpv4].map((address) => `address ${address}`),
    ]) {
      const owner = owners.get(what);
      owners.set(what, serial);
      if (owner === undefined) continue;
      const kind = what.startsWith('index') ? 'index-doubled' : 'address-doubled';
      found.push({
        kind,
        text: `${owner} and ${serial} both have ${what} at revision ${revision}`,
      });
    }
  }
  const racks = new Set([...machines.map(({ rack }) => `rack ${rack}`), ...view.names('rack ')]);
  for (const name of racks) {
    const listed = (JSON.parse(view.get(name) ?? '[]') ?? []) as readonly number[];
    const real = machines.filter(({ rack }) => `rack ${rack}` === name).map(({ index }) => index);
    const same = [...listed].sort().join() === [...real].sort().join();
    if (same) continue;
    found.push({
      kind: 'indices-wrong',
      text: `${name} lists the indices ${listed.join(' ')} at revision ${revision}, its machines have ${real.join(' ')}`,
    });
  }
  return found;
}

/** An id stands for one content for ever: servers keep files under it. */
function assetIdsGivenTwice({ events }: History): readonly Violation[] {
  const contents = new Map<string, string>();
  const found: Violation[] = [];
  for (const { key, value, revision } of events) {
    if (!key.startsWith('assets/') || value === undefined) continue;
    const { id, sha256 } = JSON.parse(value) as { readonly id: string; readonly sha256: string };
    const content = `${key} ${sha256}`;
    const earlier = contents.get(id) ?? content;
    contents.set(id, earlier);
    if (earlier === content) continue;
    const text = `asset id ${id} is ${earlier} and, at revision ${revision}, ${content}`;
    found.push({ kind: 'asset-id-doubled', text, history: [] });
  }
  return found;
}

/** Answers that follow from what the store held; a busy or unreachable store may refuse anything. */
function isAnswerAboutState({ outcome }: Write): boolean {
  if (outcome.kind === 'done') return true;
  return outcome.kind === 'refused' && !weather.has(outcome.why);
}

/** "Nothing was done", for reasons that lie outside the store's contents. */
const weather: ReadonlySet<string> = new Set([
  'store-unavailable',
  'contended',
  'not-live',
  'not-sent',
  'uploads-busy',
  'asset-raced',
  'upload-broken',
  'body-cut',
]);

function isTrueSomewhere(
  write: Write,
  window: Window,
  timeline: Timeline,
  askedAt: ReadonlyMap<number, readonly Asked[]>,
): boolean {
  const fits = (view: Parameters<typeof step>[1]) => answersTo(step(write.request, view), write);
  const names = touched(write.request, timeline.names);
  const changedAt = names
    .flatMap((name) => timeline.versions(name).map(({ revision }) => revision))
    .filter((revision) => revision > window.from && revision <= window.to);
  const revisions = [...new Set([window.from, ...changedAt])].sort((a, b) => a - b);
  if (revisions.some((revision) => fits(timeline.viewAt(revision)))) return true;
  // Requests that share a commit see what those before them did in it.
  return [...new Set(changedAt)].some((revision) => {
    const moment = timeline.moments.find((one) => one.revision === revision);
    const asked = askedAt.get(revision) ?? [];
    return moment !== undefined && isExplainedWithin(moment, asked, timeline, fits);
  });
}

const storyLinesMax = 40;

/** What was asked of these objects and how they changed, in order of etcd where that is known. */
function storyOf(
  history: History,
  placed: ReadonlyMap<string, { readonly audit: AuditEntry }>,
  objects: readonly string[],
): readonly string[] {
  const wanted = new Set(objects);
  const lines = history.writes
    .filter((write) => touched(write.request, []).some((name) => wanted.has(name)))
    .map((write) => ({
      order: placed.get(write.id)?.audit.revision ?? Number.POSITIVE_INFINITY,
      atMs: write.startMs,
      text: `${placed.get(write.id)?.audit.revision ?? '-'} ${lineOf(write)}`,
    }))
    .sort((a, b) => a.atMs - b.atMs);
  return lines.slice(-storyLinesMax).map(({ text }) => text);
}

export function lineOf(write: Write): string {
  const { id, server, startMs, endMs, outcome } = write;
  const answer = outcome.kind === 'done' ? 'done' : `${outcome.kind} (${outcome.why})`;
  return `${Math.round(startMs)}–${Math.round(endMs)} ms, server ${server}, ${id} ${JSON.stringify(write.request)}: ${answer}`;
}

function firstOfEachKind(all: readonly Violation[]): readonly Violation[] {
  const counts = new Map<string, number>();
  return all.filter(({ kind }) => {
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    return (counts.get(kind) ?? 0) <= shownPerKindMax;
  });
}
