/** Registering machines: indices, addresses and audit in one commit. */

import type { View } from '../../base/decision.ts';
import { fail, type Result } from '../../base/result.ts';
import type { Write } from '../../base/store.ts';
import { formatInstant, type Instant } from '../../base/time.ts';
import { type IpamConfig, parseIpamConfig } from '../ipam.ts';
import { keys } from '../keys.ts';
import type { Machine, NewMachine, Serial } from '../machine.ts';
import { encodeMachine } from '../machine-json.ts';
import type { InventoryProblem } from '../problem.ts';
import {
  type Audit,
  brokenRecord,
  type Change,
  committed,
  parseBytes,
  putJson,
  readIndices,
  readMachine,
} from './change.ts';
import { placeMachines } from './placement.ts';

export type Registration =
  | {
      readonly kind: 'registered';
      readonly machines: readonly Machine[];
      /** Present machines whose indices the lists of their racks lacked; the lists have them now. */
      readonly relisted: readonly Serial[];
    }
  /** Nothing was done: the list of a rack lacks these, as far as this server knows. Ask again with them `inspected`. */
  | { readonly kind: 'unlisted'; readonly serials: readonly Serial[] };

/**
 * @param known the machines of these racks as this server sees them, perhaps a little late. A database edited by hand
 * may hold one whose index its rack's list lacks; its index and addresses must not be given again. The list alone
 * decides as long as it names all of them, so the usual registration reads none of them.
 * @param inspected serials that are read in the transaction.
 */
export function register(
  wanted: readonly NewMachine[],
  now: Instant,
  audit: Audit,
  known: readonly Machine[] = [],
  inspected: readonly Serial[] = [],
  dryRun = false,
): Change<Registration> {
  const racks = [...new Set(wanted.map((machine) => machine.rack))];
  const serials = [...new Set(wanted.map((machine) => machine.serial))];
  const detail = wanted.map((machine) => machine.serial).join('\n');
  const read = [...new Set([...serials, ...inspected])];
  return {
    lane: racks.length === 1 ? keys.nodeIndices(racks[0] ?? 0) : 'register',
    reads: { keys: [keys.ipam, ...racks.map(keys.nodeIndices), ...read.map(keys.machine)] },
    decide: (view) => {
      // Sabakan takes an empty list and records that somebody sent it.
      if (wanted.length === 0) {
        const nothing = { kind: 'registered', machines: [], relisted: [] } as const;
        return committed(nothing, [], audit('', 'register', detail));
      }
      const config = readIpam(view);
      if (!config.ok) return config;
      const taken = serials.find((serial) => view.get(keys.machine(serial)) !== undefined);
      if (taken !== undefined) {
        const text = `machine ${taken} is registered already`;
        return fail({ kind: 'machine-exists', serial: taken, text });
      }
      const indices = new Map<number, readonly number[]>();
      for (const rack of racks) {
        const list = readIndices(view, rack);
        if (!list.ok) return list;
        indices.set(rack, list.value);
      }
      const isUnlisted = ({ spec }: Machine) =>
        indices.get(spec.rack)?.includes(spec.indexInRack) === false;
      const unlisted = known
        .filter((machine) => isUnlisted(machine) && !read.includes(machine.spec.serial))
        .map(({ spec }) => spec.serial);
      if (unlisted.length > 0) {
        return { ok: true, value: { kind: 'unlisted', serials: unlisted }, writes: [] };
      }
      const relisted: Serial[] = [];
      for (const serial of inspected) {
        const found = readMachine(view, serial);
        if (!found.ok && found.error.kind === 'machine-unknown') continue;
        if (!found.ok) return found;
        const { machine } = found.value;
        if (!isUnlisted(machine)) continue;
        const { rack, indexInRack } = machine.spec;
        indices.set(rack, [...(indices.get(rack) ?? []), indexInRack]);
        relisted.push(serial);
      }
      const placed = placeMachines(config.value, wanted, indices, formatInstant(now));
      if (!placed.ok) return placed;
      const { machines } = placed.value;
      if (dryRun) {
        return { ok: true, value: { kind: 'registered', machines, relisted }, writes: [] };
      }
      const writes: Write[] = machines.map((machine) => ({
        kind: 'put',
        key: keys.machine(machine.spec.serial),
        value: encodeMachine(machine),
      }));
      for (const [rack, used] of placed.value.indices)
        writes.push(putJson(keys.nodeIndices(rack), used));
      const value = { kind: 'registered', machines, relisted } as const;
      return committed(value, writes, audit('', 'register', detail));
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
