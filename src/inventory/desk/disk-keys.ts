/**
 * Disk encryption keys: written once, read from the store itself, gone all at once. Each rule holds inside one
 * transaction with the machine's record, so no race between servers, Sabakan's included, gets around it.
 */

import { assert } from '../../base/assert.ts';
import type { View } from '../../base/decision.ts';
import { receipted } from '../../base/receipt.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Listing, Store } from '../../base/store.ts';
import type { Transact } from '../../base/transact.ts';
import type { Actor, Audit } from '../audit.ts';
import { committed } from '../audit.ts';
import { diskKeyBytesMax, diskKeysPerMachineMax } from '../disk-key.ts';
import type { Inventory } from '../inventory.ts';
import { keys } from '../keys.ts';
import type { Serial } from '../machine.ts';
import type { InventoryProblem } from '../problem.ts';
import { type Change, readMachine } from './change.ts';

/** A second server may sweep the same machine, or a key may come before it is retiring: then look again. */
const sweepTriesMax = 5;

export function createDiskKeys(deps: {
  readonly store: Pick<Store, 'get' | 'list'>;
  readonly transact: Transact;
  readonly auditOf: (actor: Actor) => Audit;
}): Pick<Inventory, 'putDiskKey' | 'diskKey' | 'deleteDiskKeys'> {
  const { store, transact, auditOf } = deps;
  const run = <T>({ lane, reads, decide }: Change<T>, { receipt }: Actor) =>
    receipted(transact, receipt)(lane, reads, decide);

  return {
    putDiskKey: async (serial, path, bytes, actor) => {
      assert(bytes.length > 0 && bytes.length <= diskKeyBytesMax, 'the door checks the length');
      const held = await store.list(keys.diskKeys(serial));
      if (!held.ok) return held;
      if (isFull(held.value, keys.diskKey(serial, path))) return fail(tooMany(serial));
      const result = await run(putDiskKey(serial, path, bytes, auditOf(actor)), actor);
      return result.ok ? ok({ revision: result.value.revision }) : result;
    },

    // Never from a copy in memory: who hears that there is no key formats the disk.
    diskKey: async (serial, path) => {
      const found = await store.get([keys.diskKey(serial, path)]);
      return found.ok ? ok(found.value.entries[0]?.value) : found;
    },

    deleteDiskKeys: async (serial, actor) => {
      const audit = auditOf(actor);
      // First the state, then the keys: once a machine is retiring, none can come any more.
      const record = await store.get([keys.machine(serial)]);
      if (!record.ok) return record;
      const retiring = mustBeRetiring(viewOf(record.value), serial);
      if (!retiring.ok) return retiring;
      for (let tries = 0; tries < sweepTriesMax; tries += 1) {
        const seen = await store.list(keys.diskKeys(serial));
        if (!seen.ok) return seen;
        const result = await run(deleteDiskKeys(serial, seen.value, audit), actor);
        if (!result.ok && result.error.kind !== 'contended') return result;
        if (!result.ok || result.value.value === 'others-did') continue;
        return ok({ revision: result.value.revision, paths: result.value.value });
      }
      return fail({ kind: 'contended', text: `the disk keys of ${serial} keep changing` });
    },
  };
}

export function putDiskKey(
  serial: Serial,
  path: string,
  bytes: Uint8Array,
  audit: Audit,
): Change<undefined> {
  const key = keys.diskKey(serial, path);
  return {
    // Not one of its own: a lane remembers what it wrote, and there are more keys than machines.
    lane: keys.machine(serial),
    reads: { keys: [keys.machine(serial), key] },
    decide: (view) => {
      const found = readMachine(view, serial);
      if (!found.ok) {
        if (found.error.kind !== 'machine-unknown') return found;
        return fail({ ...found.error, kind: 'disk-key-owner-unknown' });
      }
      const { state } = found.value.machine.status;
      if (state === 'retiring' || state === 'retired') {
        const text = `machine was retiring or retired: ${serial} is ${state} and takes no disk key`;
        return fail({ kind: 'disk-key-too-late', serial, text });
      }
      if (view.get(key) !== undefined) {
        const text = `${serial} has a key at ${path} already; a disk key is never overwritten`;
        return fail({ kind: 'disk-key-exists', serial, text });
      }
      const record = audit(serial, 'put', path);
      return committed(undefined, [{ kind: 'put', key, value: bytes }], record);
    },
  };
}

/**
 * The paths of the keys that go; `others-did` when somebody deleted them since they were seen.
 *
 * @param seen every key of the machine, read when it was retiring already.
 */
export function deleteDiskKeys(
  serial: Serial,
  seen: Listing,
  audit: Audit,
): Change<readonly string[] | 'others-did'> {
  const prefix = keys.diskKeys(serial);
  const [first] = seen.entries;
  return {
    lane: prefix,
    // All go or none does, so one of them stands for all: not every key has room in the transaction's conditions.
    reads: { keys: [keys.machine(serial), ...(first === undefined ? [] : [first.key])] },
    decide: (view) => {
      const retiring = mustBeRetiring(view, serial);
      if (!retiring.ok) return retiring;
      if (first !== undefined && view.get(first.key) === undefined) {
        return { ok: true, value: 'others-did', writes: [] };
      }
      const paths = seen.entries.map((entry) => entry.key.slice(prefix.length));
      return committed(paths, [{ kind: 'delete-under', prefix }], audit(serial, 'delete', ''), [
        { kind: 'quiet-under', prefix, since: seen.revision },
      ]);
    },
  };
}

function mustBeRetiring(
  view: Pick<View, 'get'>,
  serial: Serial,
): Result<undefined, InventoryProblem> {
  const found = readMachine(view, serial);
  if (!found.ok) return found;
  const { state } = found.value.machine.status;
  if (state === 'retiring') return ok(undefined);
  const text = `machine is not retiring: ${serial} is ${state}, and its disks may be in use`;
  return fail({ kind: 'not-retiring', serial, text });
}

/** An existing key is refused for being there, however many there are. */
function isFull({ entries }: Listing, key: string): boolean {
  return entries.length >= diskKeysPerMachineMax && !entries.some((entry) => entry.key === key);
}

function tooMany(serial: Serial): InventoryProblem {
  const text = `${serial} has ${diskKeysPerMachineMax} disk keys; more are not taken: something formats its disks again and again`;
  return { kind: 'disk-keys-too-many', serial, text };
}

function viewOf({ entries }: Listing): Pick<View, 'get'> {
  return { get: (key) => entries.find((entry) => entry.key === key) };
}
