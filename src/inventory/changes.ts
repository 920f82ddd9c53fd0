/** Each change of the inventory as a decision: what it reads, and what it writes or refuses. No effects. */

import { fail } from '../base/result.ts';
import type { Condition, Write } from '../base/store.ts';
import { formatInstant, type Instant, type Rfc3339 } from '../base/time.ts';
import type { Decision, Reads, View } from '../base/transact.ts';
import type { AuditWrite } from './audit.ts';
import { type DhcpConfig, dhcpConfigToJson } from './dhcp-config.ts';
import type { StateChange } from './inventory.ts';
import { type IpamConfig, ipamConfigToJson, parseIpamConfig } from './ipam.ts';
import { keys } from './keys.ts';
import { transition } from './lifecycle.ts';
import type { Machine, NewMachine, Serial } from './machine.ts';
import { decodeMachine, encodeMachine } from './machine-json.ts';
import { placeMachines } from './placement.ts';
import type { InventoryProblem } from './problem.ts';
import { encodeReason } from './state-reason.ts';

/** One transaction: the lane it queues in, what it reads, and the decision. */
export type Change<T> = {
  readonly lane: string;
  readonly reads: Reads;
  readonly decide: (view: View) => Decision<T, InventoryProblem>;
};

/** The audit record of a change, made at the time of the decision. */
export type Audit = (instance: string, action: string, detail: string) => AuditWrite;

const utf8 = new TextEncoder();

export function putIpam(
  config: IpamConfig,
  machinesKnown: () => number,
  audit: AuditWrite,
): Change<void> {
  return {
    lane: keys.ipam,
    reads: { keys: [] },
    decide: () => {
      if (machinesKnown() > 0) return fail(machinesExist);
      const value = utf8.encode(JSON.stringify(ipamConfigToJson(config)));
      return committed(undefined, [{ kind: 'put', key: keys.ipam, value }], audit, [
        { kind: 'none-under', prefix: keys.machines },
      ]);
    },
  };
}

export const machinesExist: InventoryProblem = {
  kind: 'machines-exist',
  text: 'machines already exists: the IPAM configuration cannot be changed while any machine is registered',
};

export function putDhcp(config: DhcpConfig, audit: AuditWrite): Change<void> {
  const value = utf8.encode(JSON.stringify(dhcpConfigToJson(config)));
  return {
    lane: keys.dhcp,
    reads: { keys: [] },
    decide: () => committed(undefined, [{ kind: 'put', key: keys.dhcp, value }], audit),
  };
}

export function register(
  wanted: readonly NewMachine[],
  now: Instant,
  audit: AuditWrite,
): Change<readonly Machine[]> {
  const racks = [...new Set(wanted.map((machine) => machine.rack))];
  const serials = [...new Set(wanted.map((machine) => machine.serial))];
  return {
    lane: racks.length === 1 ? keys.nodeIndices(racks[0] ?? 0) : 'register',
    reads: { keys: [keys.ipam, ...racks.map(keys.nodeIndices), ...serials.map(keys.machine)] },
    decide: (view) => {
      const config = readIpam(view);
      if (config === undefined) {
        return fail({
          kind: 'ipam-missing',
          text: 'IPAMConfig is not set: PUT /api/v1/config/ipam first',
        });
      }
      const known = serials.find((serial) => view.get(keys.machine(serial)) !== undefined);
      if (known !== undefined) {
        return fail({
          kind: 'machine-exists',
          serial: known,
          text: `machine ${known} is registered already`,
        });
      }
      const indices = new Map<number, readonly number[]>();
      for (const rack of racks) {
        const list = readIndices(view, rack);
        if (list === undefined) return fail(brokenRecord(keys.nodeIndices(rack)));
        indices.set(rack, list);
      }
      const placed = placeMachines(config, wanted, indices, formatInstant(now));
      if (!placed.ok) return placed;
      const writes: Write[] = placed.value.machines.map((machine) => ({
        kind: 'put',
        key: keys.machine(machine.spec.serial),
        value: encodeMachine(machine),
      }));
      for (const [rack, used] of placed.value.indices) {
        writes.push({
          kind: 'put',
          key: keys.nodeIndices(rack),
          value: utf8.encode(JSON.stringify(used)),
        });
      }
      return committed(placed.value.machines, writes, audit);
    },
  };
}

export function setState(change: StateChange, now: Instant, audit: Audit): Change<Machine> {
  const { serial, to } = change;
  const diskKeys = keys.diskKeys(serial);
  const retires = to === 'retired';
  return {
    lane: keys.machine(serial),
    reads: { keys: [keys.machine(serial)], ...(retires ? { prefixes: [diskKeys] } : {}) },
    decide: (view) => {
      const found = readMachine(view, serial);
      if (!found.ok) return found;
      const { machine, bytes } = found;
      const from = machine.status.state;
      if (change.from !== undefined && change.from !== from) {
        return fail({
          kind: 'state-moved',
          serial,
          text: `${serial} is ${from} by now, not ${change.from}`,
        });
      }
      const allowed = transition(from, to);
      if (!allowed.ok) return allowed;
      if (allowed.value === 'stays') return { ok: true, value: machine, writes: [] };
      if (retires && view.under(diskKeys).length > 0) {
        const text = `encryption key exists: ${view.under(diskKeys).length} disk keys of ${serial} must be deleted first`;
        return fail({ kind: 'disk-keys-exist', serial, text });
      }
      const since = formatInstant(now);
      const after: Machine = { ...machine, status: { state: to, since } };
      const { why } = change;
      const writes: Write[] = [
        { kind: 'put', key: keys.machine(serial), value: encodeMachine(after, bytes) },
        {
          kind: 'put',
          key: keys.reason(serial),
          value: encodeReason({ ...why, state: to, since }),
        },
      ];
      return committed(after, writes, audit(serial, 'set-state', `${from} -> ${to}: ${why.text}`), [
        ...(change.fence === undefined ? [] : [change.fence]),
        ...(retires ? [{ kind: 'none-under', prefix: diskKeys } as const] : []),
      ]);
    },
  };
}

/** Labels and the retire date: one member of the record replaced. */
export function editMachine(
  serial: Serial,
  edit: (machine: Machine) => Machine | InventoryProblem,
  audit: AuditWrite,
): Change<void> {
  return {
    lane: keys.machine(serial),
    reads: { keys: [keys.machine(serial)] },
    decide: (view) => {
      const found = readMachine(view, serial);
      if (!found.ok) return found;
      const after = edit(found.machine);
      if ('kind' in after) return fail(after);
      const value = encodeMachine(after, found.bytes);
      return committed(undefined, [{ kind: 'put', key: keys.machine(serial), value }], audit);
    },
  };
}

export function withLabel(machine: Machine, name: string, value: string): Machine {
  const labels = new Map(
    [...machine.spec.labels, [name, value] as const].toSorted(([a], [b]) =>
      a < b ? -1 : a > b ? 1 : 0,
    ),
  );
  return { ...machine, spec: { ...machine.spec, labels } };
}

export function withoutLabel(machine: Machine, name: string): Machine | InventoryProblem {
  const { serial, labels } = machine.spec;
  if (!labels.has(name))
    return { kind: 'label-unknown', serial, text: `machine ${serial} has no label ${name}` };
  const rest = new Map([...labels].filter(([other]) => other !== name));
  return { ...machine, spec: { ...machine.spec, labels: rest } };
}

export function withRetireDate(machine: Machine, retireDate: Rfc3339): Machine {
  return { ...machine, spec: { ...machine.spec, retireDate } };
}

export function remove(serial: Serial, rack: number, audit: AuditWrite): Change<void> {
  const indicesKey = keys.nodeIndices(rack);
  return {
    lane: keys.machine(serial),
    reads: { keys: [keys.machine(serial), indicesKey] },
    decide: (view) => {
      const found = readMachine(view, serial);
      if (!found.ok) return found;
      const { state } = found.machine.status;
      if (state !== 'retired') {
        const text = `non-retired machine cannot be deleted: ${serial} is ${state}`;
        return fail({ kind: 'not-retired', serial, text });
      }
      const used = readIndices(view, rack);
      if (used === undefined) return fail(brokenRecord(indicesKey));
      const kept = used.filter((index) => index !== found.machine.spec.indexInRack);
      return committed(
        undefined,
        [
          { kind: 'delete', key: keys.machine(serial) },
          { kind: 'delete', key: keys.reason(serial) },
          { kind: 'put', key: indicesKey, value: utf8.encode(JSON.stringify(kept)) },
        ],
        audit,
      );
    },
  };
}

export function unknownMachine(serial: string): InventoryProblem {
  return { kind: 'machine-unknown', serial, text: `no machine has the serial ${serial}` };
}

function committed<T>(
  value: T,
  writes: readonly Write[],
  audit: AuditWrite,
  conditions: readonly Condition[] = [],
): Decision<T, InventoryProblem> {
  return {
    ok: true,
    value,
    writes: [...writes, audit.write],
    conditions: [...conditions, audit.condition],
  };
}

function readMachine(
  view: View,
  serial: Serial,
): { ok: true; machine: Machine; bytes: Uint8Array } | { ok: false; error: InventoryProblem } {
  const entry = view.get(keys.machine(serial));
  if (entry === undefined) return fail(unknownMachine(serial));
  const machine = decodeMachine(entry.value);
  if (!machine.ok) return fail(brokenRecord(entry.key, machine.error));
  return { ok: true, machine: machine.value, bytes: entry.value };
}

function brokenRecord(key: string, why = 'it is not readable'): InventoryProblem {
  return {
    kind: 'record-broken',
    key,
    text: `the record ${key} in the store is broken and was left alone: ${why}`,
  };
}

function readIpam(view: View): IpamConfig | undefined {
  const entry = view.get(keys.ipam);
  const json = entry === undefined ? undefined : parseBytes(entry.value);
  const config = json === undefined ? undefined : parseIpamConfig(json);
  return config?.ok ? config.value : undefined;
}

/** No list yet, or `null` as Sabakan writes it, is an empty rack; undefined when it cannot be read. */
function readIndices(view: View, rack: number): readonly number[] | undefined {
  const entry = view.get(keys.nodeIndices(rack));
  const json = entry === undefined ? null : parseBytes(entry.value);
  if (json === null) return [];
  return Array.isArray(json) && json.every((index) => Number.isInteger(index)) ? json : undefined;
}

function parseBytes(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
