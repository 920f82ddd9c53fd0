/** Changing and removing machines. */

import { fail, ok, type Result } from '../../base/result.ts';
import type { Condition, Revision, Write } from '../../base/store.ts';
import { formatInstant, type Instant, type Rfc3339 } from '../../base/time.ts';
import type { Audit, AuditValues } from '../audit.ts';
import { committed } from '../audit.ts';
import { goRfc3339 } from '../go-time.ts';
import type { StateChange, WriteTerms } from '../inventory.ts';
import { keys } from '../keys.ts';
import { transition } from '../lifecycle.ts';
import {
  emptyLabels,
  isLabelName,
  isLabelValue,
  labelMap,
  labelsPerMachineMax,
  type Machine,
  type MachineState,
  type Serial,
  type StateReason,
} from '../machine.ts';
import { encodeMachine } from '../machine-json.ts';
import type { InventoryProblem } from '../problem.ts';
import { boundedReason } from '../state-reason.ts';
import { type Change, putJson, readIndices, readMachine } from './change.ts';
import { isExpected } from './expected.ts';

/** The machine as it is after the change, and whether anything was changed. */
export type StateSet = { readonly machine: Machine; readonly changed: boolean };

export function setState(change: StateChange, now: Instant, audit: Audit): Change<StateSet> {
  const { serial, to, why } = change;
  const diskKeys = keys.diskKeys(serial);
  const retires = to === 'retired';
  return {
    lane: keys.machine(serial),
    reads: { keys: [keys.machine(serial)], ...(retires ? { prefixes: [diskKeys] } : {}) },
    decide: (view) => {
      const found = readMachine(view, serial);
      if (!found.ok) return found;
      const { machine, bytes } = found.value;
      const from = machine.status.state;
      if (change.from !== undefined && change.from !== from) {
        const text = `${serial} is ${from} by now, not ${change.from}`;
        return fail({ kind: 'state-moved', serial, text });
      }
      const held = retires ? view.under(diskKeys).length : 0;
      const next = inState(machine, to, why, held, now);
      if (!next.ok) return next;
      const after = next.value;
      if (after === machine) return { ok: true, value: { machine, changed: false }, writes: [] };
      const conditions: Condition[] = change.fence === undefined ? [] : [change.fence];
      if (retires) conditions.push({ kind: 'none-under', prefix: diskKeys });
      const writes: Write[] = [
        { kind: 'put', key: keys.machine(serial), value: encodeMachine(after, bytes) },
      ];
      const record = audit(serial, 'set-state', stateRecord(from, to, why), stateValues(from, to));
      return committed({ machine: after, changed: true }, writes, record, conditions);
    },
  };
}

/** The machine in its next state, or the same one when it stays; `held` disk keys keep it from being retired. */
export function inState(
  machine: Machine,
  to: MachineState,
  why: StateReason,
  held: number,
  now: Instant,
): Result<Machine, InventoryProblem> {
  const allowed = transition(machine.status.state, to);
  if (!allowed.ok) return allowed;
  if (allowed.value === 'stays') return ok(machine);
  if (to === 'retired' && held > 0) {
    const { serial } = machine.spec;
    const text = `encryption key exists: ${held} disk keys of ${serial} must be deleted first`;
    return fail({ kind: 'disk-keys-exist', serial, text });
  }
  const status = { state: to, since: formatInstant(now), reason: boundedReason(why) };
  return ok({ ...machine, status });
}

/** What the audit log says of a change of state. */
export function stateRecord(from: MachineState, to: MachineState, why: StateReason): string {
  return `${from} -> ${to}: ${why.text}`;
}

export function setLabel(
  serial: Serial,
  name: string,
  value: string,
  audit: Audit,
): Change<Machine> {
  return editMachine(
    serial,
    (machine) => {
      const labels = withLabel(machine.spec.labels, name, value);
      return labels.ok
        ? ok({ ...machine, spec: { ...machine.spec, labels: labels.value } })
        : labels;
    },
    ({ spec }) => {
      const values = labelValues(name, spec.labels.get(name), value);
      return audit(serial, 'put-label', labelRecord(name, value), values);
    },
  );
}

export function withLabel(
  given: ReadonlyMap<string, string>,
  name: string,
  value: string,
): Result<ReadonlyMap<string, string>, InventoryProblem> {
  if (!isLabelName(name)) return fail(invalid('/label', name, 'invalid label name'));
  if (!isLabelValue(value)) return fail(invalid('/value', value, 'invalid label value'));
  const labels = labelMap([...given, [name, value]]);
  if (labels.size <= Math.max(labelsPerMachineMax, given.size)) return ok(labels);
  return fail(invalid('/label', name, `a machine has at most ${labelsPerMachineMax} labels`));
}

/** Undefined when there is no such label. */
export function withoutLabel(
  given: ReadonlyMap<string, string>,
  name: string,
): ReadonlyMap<string, string> | undefined {
  const labels = new Map(given);
  if (!labels.delete(name)) return undefined;
  return labels.size === 0 ? emptyLabels : labels;
}

/** What was before and is after a change of state, in the shape of version 2's machine. */
export function stateValues(from: MachineState, to: MachineState): AuditValues {
  return { before: { status: { state: from } }, after: { status: { state: to } } };
}

/** Undefined: there is no such label. */
export function labelValues(
  name: string,
  before: string | undefined,
  after: string | undefined,
): AuditValues {
  const label = (value: string | undefined) => ({ spec: { labels: { [name]: value ?? null } } });
  return { before: label(before), after: label(after) };
}

export function retireValues(before: Rfc3339, after: Rfc3339): AuditValues {
  return { before: { spec: { retireDate: before } }, after: { spec: { retireDate: after } } };
}

/** What the audit log says of a label. */
export function labelRecord(name: string, value: string): string {
  return `${name}/${value}`;
}

export function removeLabel(serial: Serial, name: string, audit: Audit): Change<Machine> {
  return editMachine(
    serial,
    (machine) => {
      const labels = withoutLabel(machine.spec.labels, name);
      if (labels !== undefined) return ok({ ...machine, spec: { ...machine.spec, labels } });
      const text = `machine ${serial} has no label ${name}`;
      return fail({ kind: 'label-unknown', serial, text });
    },
    ({ spec }) => {
      const values = labelValues(name, spec.labels.get(name), undefined);
      return audit(serial, 'delete-label', name, values);
    },
  );
}

export function setRetireDate(
  serial: Serial,
  date: Rfc3339,
  record: string,
  audit: Audit,
): Change<Machine> {
  const retireDate = goRfc3339(date);
  return editMachine(
    serial,
    (machine) => ok({ ...machine, spec: { ...machine.spec, retireDate } }),
    ({ spec }) => {
      const values = retireValues(spec.retireDate, retireDate);
      return audit(serial, 'set-retire-date', record, values);
    },
  );
}

function editMachine(
  serial: Serial,
  edit: (machine: Machine) => Result<Machine, InventoryProblem>,
  audit: (before: Machine) => ReturnType<Audit>,
): Change<Machine> {
  const key = keys.machine(serial);
  return {
    lane: key,
    reads: { keys: [key] },
    decide: (view) => {
      const found = readMachine(view, serial);
      if (!found.ok) return found;
      const after = edit(found.value.machine);
      if (!after.ok) return after;
      const value = encodeMachine(after.value, found.value.bytes);
      return committed(after.value, [{ kind: 'put', key, value }], audit(found.value.machine));
    },
  };
}

export type Removed =
  | { readonly kind: 'removed' }
  /** Registered anew in another rack meanwhile. */
  | { readonly kind: 'elsewhere' }
  /** Another revision than any of those expected; undefined: that of the commit which answers. */
  | { readonly kind: 'moved'; readonly revision: Revision | undefined };

/**
 * Removes a retired machine and frees its index, whether or not the rack's list has it.
 *
 * @param rack where the caller saw the machine; `elsewhere` when it was registered anew in another rack meanwhile.
 */
export function remove(
  serial: Serial,
  rack: number,
  audit: Audit,
  terms: WriteTerms = {},
): Change<Removed> {
  const indicesKey = keys.nodeIndices(rack);
  return {
    lane: keys.machine(serial),
    reads: { keys: [keys.machine(serial), indicesKey] },
    decide: (view) => {
      const found = readMachine(view, serial);
      if (!found.ok) return found;
      const { spec, status } = found.value.machine;
      const revision = view.revisionOf(keys.machine(serial));
      if (!isExpected(view, serial, terms)) {
        return { ok: true, value: { kind: 'moved', revision }, writes: [] };
      }
      if (status.state !== 'retired') {
        const text = `non-retired machine cannot be deleted: ${serial} is ${status.state}`;
        return fail({ kind: 'not-retired', serial, text });
      }
      if (spec.rack !== rack) return { ok: true, value: { kind: 'elsewhere' }, writes: [] };
      const used = readIndices(view, rack);
      if (!used.ok) return used;
      if (terms.dryRun === true) return { ok: true, value: { kind: 'removed' }, writes: [] };
      const kept = used.value.filter((index) => index !== spec.indexInRack);
      const writes: Write[] = [
        { kind: 'delete', key: keys.machine(serial) },
        putJson(indicesKey, kept),
      ];
      return committed({ kind: 'removed' } as const, writes, audit(serial, 'delete', ''));
    },
  };
}

function invalid(path: string, value: unknown, text: string): InventoryProblem {
  return { kind: 'invalid', mistakes: [{ path, value, text }], text };
}
