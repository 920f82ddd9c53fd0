/** Registering, changing and removing machines. */

import type { View } from '../../base/decision.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Condition, Write } from '../../base/store.ts';
import { formatInstant, type Instant, type Rfc3339 } from '../../base/time.ts';
import { goRfc3339 } from '../go-time.ts';
import type { StateChange } from '../inventory.ts';
import { type IpamConfig, parseIpamConfig } from '../ipam.ts';
import { keys } from '../keys.ts';
import { transition } from '../lifecycle.ts';
import {
  emptyLabels,
  isLabelName,
  isLabelValue,
  labelMap,
  labelsPerMachineMax,
  type Machine,
  type NewMachine,
  type Serial,
} from '../machine.ts';
import { encodeMachine } from '../machine-json.ts';
import type { InventoryProblem } from '../problem.ts';
import { encodeReason } from '../state-reason.ts';
import {
  type Audit,
  brokenRecord,
  type Change,
  committed,
  parseBytes,
  putJson,
  readMachine,
} from './change.ts';
import { placeMachines } from './placement.ts';

export function register(
  wanted: readonly NewMachine[],
  now: Instant,
  audit: Audit,
): Change<readonly Machine[]> {
  const racks = [...new Set(wanted.map((machine) => machine.rack))];
  const serials = [...new Set(wanted.map((machine) => machine.serial))];
  const detail = wanted.map((machine) => machine.serial).join('\n');
  return {
    lane: racks.length === 1 ? keys.nodeIndices(racks[0] ?? 0) : 'register',
    reads: { keys: [keys.ipam, ...racks.map(keys.nodeIndices), ...serials.map(keys.machine)] },
    decide: (view) => {
      // Sabakan takes an empty list and records that somebody sent it.
      if (wanted.length === 0) return committed([], [], audit('', 'register', detail));
      const config = readIpam(view);
      if (!config.ok) return config;
      const known = serials.find((serial) => view.get(keys.machine(serial)) !== undefined);
      if (known !== undefined) {
        const text = `machine ${known} is registered already`;
        return fail({ kind: 'machine-exists', serial: known, text });
      }
      const indices = new Map<number, readonly number[]>();
      for (const rack of racks) {
        const list = readIndices(view, rack);
        if (!list.ok) return list;
        indices.set(rack, list.value);
      }
      const placed = placeMachines(config.value, wanted, indices, formatInstant(now));
      if (!placed.ok) return placed;
      const { machines } = placed.value;
      const writes: Write[] = machines.map((machine) => ({
        kind: 'put',
        key: keys.machine(machine.spec.serial),
        value: encodeMachine(machine),
      }));
      for (const [rack, used] of placed.value.indices)
        writes.push(putJson(keys.nodeIndices(rack), used));
      return committed(machines, writes, audit('', 'register', detail));
    },
  };
}

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
      const allowed = transition(from, to);
      if (!allowed.ok) return allowed;
      if (allowed.value === 'stays') {
        return { ok: true, value: { machine, changed: false }, writes: [] };
      }
      const held = retires ? view.under(diskKeys).length : 0;
      if (held > 0) {
        const text = `encryption key exists: ${held} disk keys of ${serial} must be deleted first`;
        return fail({ kind: 'disk-keys-exist', serial, text });
      }
      const since = formatInstant(now);
      const after: Machine = { ...machine, status: { state: to, since } };
      const conditions: Condition[] = change.fence === undefined ? [] : [change.fence];
      if (retires) conditions.push({ kind: 'none-under', prefix: diskKeys });
      const writes: Write[] = [
        { kind: 'put', key: keys.machine(serial), value: encodeMachine(after, bytes) },
        {
          kind: 'put',
          key: keys.reason(serial),
          value: encodeReason({ ...why, state: to, since }),
        },
      ];
      const record = audit(serial, 'set-state', `${from} -> ${to}: ${why.text}`);
      return committed({ machine: after, changed: true }, writes, record, conditions);
    },
  };
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
      if (!isLabelName(name)) return fail(invalid('/label', name, 'invalid label name'));
      if (!isLabelValue(value)) return fail(invalid('/value', value, 'invalid label value'));
      const labels = labelMap([...machine.spec.labels, [name, value]]);
      if (labels.size > Math.max(labelsPerMachineMax, machine.spec.labels.size)) {
        const text = `a machine has at most ${labelsPerMachineMax} labels`;
        return fail(invalid('/label', name, text));
      }
      return ok({ ...machine, spec: { ...machine.spec, labels } });
    },
    () => audit(serial, 'put-label', `${name}/${value}`),
  );
}

export function removeLabel(serial: Serial, name: string, audit: Audit): Change<Machine> {
  return editMachine(
    serial,
    (machine) => {
      const labels = new Map(machine.spec.labels);
      if (!labels.delete(name)) {
        const text = `machine ${serial} has no label ${name}`;
        return fail({ kind: 'label-unknown', serial, text });
      }
      const left = labels.size === 0 ? emptyLabels : labels;
      return ok({ ...machine, spec: { ...machine.spec, labels: left } });
    },
    () => audit(serial, 'delete-label', name),
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
    () => audit(serial, 'set-retire-date', record),
  );
}

function editMachine(
  serial: Serial,
  edit: (machine: Machine) => Result<Machine, InventoryProblem>,
  audit: () => ReturnType<Audit>,
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
      return committed(after.value, [{ kind: 'put', key, value }], audit());
    },
  };
}

/**
 * Removes a retired machine and frees its index, whether or not the rack's list has it.
 *
 * @param rack where the caller saw the machine; `elsewhere` when it was registered anew in another rack meanwhile.
 */
export function remove(
  serial: Serial,
  rack: number,
  audit: Audit,
): Change<'removed' | 'elsewhere'> {
  const indicesKey = keys.nodeIndices(rack);
  return {
    lane: keys.machine(serial),
    reads: { keys: [keys.machine(serial), indicesKey] },
    decide: (view) => {
      const found = readMachine(view, serial);
      if (!found.ok) return found;
      const { spec, status } = found.value.machine;
      if (status.state !== 'retired') {
        const text = `non-retired machine cannot be deleted: ${serial} is ${status.state}`;
        return fail({ kind: 'not-retired', serial, text });
      }
      if (spec.rack !== rack) return { ok: true, value: 'elsewhere', writes: [] };
      const used = readIndices(view, rack);
      if (!used.ok) return used;
      const kept = used.value.filter((index) => index !== spec.indexInRack);
      const writes: Write[] = [
        { kind: 'delete', key: keys.machine(serial) },
        { kind: 'delete', key: keys.reason(serial) },
        putJson(indicesKey, kept),
      ];
      return committed('removed', writes, audit(serial, 'delete', ''));
    },
  };
}

function readIpam(view: View): Result<IpamConfig, InventoryProblem> {
  const entry = view.get(keys.ipam);
  if (entry === undefined) {
    const text = 'IPAMConfig is not set: PUT /api/v1/config/ipam first';
    return fail({ kind: 'ipam-missing', text });
  }
  const config = parseIpamConfig(parseBytes(entry.value));
  return config.ok ? config : fail(brokenRecord(keys.ipam, config.error));
}

/** No list yet, or `null` as Sabakan writes it, is an empty rack. */
function readIndices(view: View, rack: number): Result<readonly number[], InventoryProblem> {
  const entry = view.get(keys.nodeIndices(rack));
  const json = entry === undefined ? null : parseBytes(entry.value);
  if (json === null) return ok([]);
  if (Array.isArray(json) && json.every((index) => Number.isInteger(index))) return ok(json);
  return fail(brokenRecord(keys.nodeIndices(rack), 'it is not a list of whole numbers'));
}

function invalid(path: string, value: unknown, text: string): InventoryProblem {
  return { kind: 'invalid', mistakes: [{ path, value, text }], text };
}
