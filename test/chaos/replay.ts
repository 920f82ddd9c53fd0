/** Each change in etcd, explained by requests: those whose audit records stand in the same revision, in some order. */

import type { Violation, Write } from './history.ts';
import { type Step, step, type View } from './model.ts';
import { objectNames } from './objects.ts';
import type { AuditEntry, Moment, Timeline } from './timeline.ts';

export type Asked = { readonly write: Write; readonly audit: AuditEntry };
type Changes = ReadonlyMap<string, string | undefined>;

/** A commit of more requests than this in every order is more than anybody waits for. */
const stepsMax = 20_000;

/** What is wrong with this moment; undefined when the requests explain all of it. */
export function unexplained(
  moment: Moment,
  asked: readonly Asked[],
  timeline: Timeline,
): Omit<Violation, 'history'> | undefined {
  if (asked.length === 0) {
    const [name] = moment.changes.keys();
    if (name === undefined) return undefined;
    return {
      kind: 'change-unasked',
      text: `revision ${moment.revision} changed ${name} and has no audit record of a request`,
    };
  }
  const pruned = prunedWrongly(moment, asked, timeline);
  if (pruned !== undefined) return { kind: 'prune-wrong', text: pruned };
  const before = timeline.viewAt(moment.revision - 1);
  for (const _ of orders(moment, asked, before)) return undefined;
  return {
    kind: 'change-wrong',
    text: `revision ${moment.revision} is not what ${asked.map(({ write }) => `${write.id} ${JSON.stringify(write.request)}`).join(', ')} make of the store as it was; it changed ${[...moment.changes].map(([name, value]) => `${name} from ${before.get(name)} to ${value}`).join(', ')}`,
  };
}

/** What went to make room has a record each, and what has such a record is gone. */
function prunedWrongly(
  { revision, changes, audits }: Moment,
  asked: readonly Asked[],
  timeline: Timeline,
): string | undefined {
  const records = audits.filter(({ action }) => action === 'prune').map(prunedName);
  const deleted = new Set(asked.flatMap(({ write }) => deletedNames(write)));
  for (const [name, value] of changes) {
    const isPruned = value === undefined && /^(template|content) /.test(name) && !deleted.has(name);
    const count = records.filter((record) => record === name).length;
    if (isPruned && count !== 1)
      return `${name} went at revision ${revision} with ${count} records`;
  }
  const there = records.find((name) => timeline.valueAt(name, revision) !== undefined);
  return there && `${there} has a record of going at revision ${revision} and is there`;
}

function prunedName({ category, instance, detail }: AuditEntry): string {
  return category === 'image'
    ? objectNames.imageContent(detail.replace('id=', ''))
    : objectNames.template(instance, detail);
}

function deletedNames({ request }: Write): readonly string[] {
  if (request.kind === 'unimage') return [objectNames.imageContent(request.id)];
  return request.kind === 'untemplate' ? [objectNames.template(request.role, request.id)] : [];
}

/** Every order of these requests that ends in what the moment left; each as the views in between, before and after. */
export function* orders(
  moment: Moment,
  asked: readonly Asked[],
  before: View,
): Generator<readonly View[]> {
  let steps = 0;
  const serialsOf = (one: Asked): readonly string[] =>
    one.write.request.kind === 'register'
      ? one.write.request.machines.map(({ serial }) => serial)
      : 'serial' in one.write.request
        ? [one.write.request.serial]
        : [];
  const counts = new Map<string, number>();
  for (const serial of asked.flatMap(serialsOf)) counts.set(serial, (counts.get(serial) ?? 0) + 1);
  /** A machine that only this request names must come out as it is. */
  const leadsAstray = (one: Asked, changes: Changes): boolean =>
    serialsOf(one).some((serial) => {
      const name = objectNames.machine(serial);
      if (counts.get(serial) !== 1 || !changes.has(name)) return false;
      return changes.get(name) !== valueAfter(moment, before, name);
    });

  function* from(rest: readonly Asked[], views: readonly View[]): Generator<readonly View[]> {
    const view = views.at(-1) ?? before;
    if (rest.length === 0) {
      if (isWhatHappened(moment, before, view)) yield views;
      return;
    }
    for (const one of rest) {
      steps += 1;
      if (steps > stepsMax) return;
      const result = step(one.write.request, view);
      if (result.kind !== 'changes' || !auditFits(one, view)) continue;
      if (leadsAstray(one, result.changes)) continue;
      yield* from(
        rest.filter((other) => other !== one),
        [...views, overlaid(view, result.changes)],
      );
    }
  }
  yield* from(asked, [before]);
}

/** Whether the request could be answered so, with nothing done, somewhere in the middle of this moment. */
export function isExplainedWithin(
  moment: Moment,
  asked: readonly Asked[],
  timeline: Timeline,
  fits: (view: View) => boolean,
): boolean {
  for (const views of orders(moment, asked, timeline.viewAt(moment.revision - 1))) {
    if (views.some(fits)) return true;
  }
  return false;
}

export function answersTo(result: Step, write: Write): boolean {
  const { outcome } = write;
  if (result.kind === 'refused') {
    return outcome.kind === 'refused' && result.whys.includes(outcome.why);
  }
  return result.kind === 'stays' && outcome.kind === 'done';
}

function isWhatHappened(
  moment: Moment,
  before: View,
  after: View & { changed?: Set<string> },
): boolean {
  const names = new Set([...moment.changes.keys(), ...(after.changed ?? [])]);
  return [...names].every((name) => after.get(name) === valueAfter(moment, before, name));
}

function valueAfter(moment: Moment, before: View, name: string): string | undefined {
  return moment.changes.has(name) ? moment.changes.get(name) : before.get(name);
}

function overlaid(
  view: View & { changed?: Set<string> },
  changes: Changes,
): View & { changed: Set<string> } {
  return {
    changed: new Set([...(view.changed ?? []), ...changes.keys()]),
    get: (name) => (changes.has(name) ? changes.get(name) : view.get(name)),
    names: (start) => {
      const added = [...changes].filter(
        ([name, value]) => value !== undefined && name.startsWith(start),
      );
      const kept = view.names(start).filter((name) => !changes.has(name));
      return [...kept, ...added.map(([name]) => name)];
    },
  };
}

/** The record names what was asked, and for a state the one it was in. */
function auditFits({ write, audit }: Asked, view: View): boolean {
  const { request } = write;
  switch (request.kind) {
    case 'register':
      return is(audit, 'machines', '', 'register');
    case 'remove':
      return is(audit, 'machines', request.serial, 'delete');
    case 'state': {
      const machine = JSON.parse(view.get(objectNames.machine(request.serial)) ?? '{}');
      const isChain = audit.detail.startsWith(`${machine.state} -> ${request.to}`);
      return is(audit, 'machines', request.serial, 'set-state') && isChain;
    }
    case 'label':
      return is(audit, 'machines', request.serial, 'put-label');
    case 'unlabel':
      return is(audit, 'machines', request.serial, 'delete-label');
    case 'retire-date':
      return is(audit, 'machines', request.serial, 'set-retire-date');
    case 'ipam':
      return audit.category === 'ipam';
    case 'dhcp':
      return audit.category === 'dhcp';
    case 'params':
      return is(audit, 'kernel-params', 'coreos', 'put');
    case 'template':
      return is(audit, 'ignition', request.role, 'put') && audit.detail === request.id;
    case 'untemplate':
      return is(audit, 'ignition', request.role, 'delete') && audit.detail === request.id;
    case 'key':
      return is(audit, 'crypts', request.serial, 'put') && audit.detail === request.path;
    case 'unkeys':
      return is(audit, 'crypts', request.serial, 'delete');
    case 'asset':
      return is(audit, 'assets', request.name, 'put');
    case 'unasset':
      return is(audit, 'assets', request.name, 'delete');
    case 'image':
      return is(audit, 'image', 'coreos', 'upload') && audit.detail === `id=${request.id}`;
    case 'unimage':
      return is(audit, 'image', 'coreos', 'delete') && audit.detail === `id=${request.id}`;
  }
}

function is(audit: AuditEntry, category: string, instance: string, action: string): boolean {
  return audit.category === category && audit.instance === instance && audit.action === action;
}
