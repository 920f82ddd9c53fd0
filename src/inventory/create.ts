/** The desk at work: mirrors for what is read, transactions for what is changed. */

import { formatIpv4 } from '../base/addresses.ts';
import { createMirror, type Freshness, type Mirror } from '../base/mirror.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { absent, compareRevisions, type Revision, type StoreProblem } from '../base/store.ts';
import type { Transact, TransactProblem } from '../base/transact.ts';
import type { World } from '../base/world.ts';
import {
  type Actor,
  type AuditCategory,
  type AuditRecord,
  type AuditWrite,
  auditWrite,
  readAuditRecord,
} from './audit.ts';
import {
  type Change as Decided,
  editMachine,
  machinesExist,
  putDhcp,
  putIpam,
  register,
  remove,
  setState,
  unknownMachine,
  withLabel,
  withoutLabel,
  withRetireDate,
} from './changes.ts';
import { type DhcpConfig, parseDhcpConfig } from './dhcp-config.ts';
import type { Change, Inventory, Written } from './inventory.ts';
import { type IpamConfig, parseIpamConfig } from './ipam.ts';
import { keys, schemaVersion } from './keys.ts';
import type { Machine } from './machine.ts';
import { createMachineIndex, searchMachines } from './machine-index.ts';
import { decodeMachine } from './machine-json.ts';
import type { InventoryProblem } from './problem.ts';
import { decodeReason, type StateReason } from './state-reason.ts';

/** A change is answered when this server's own copy shows it; the commit stands either way. */
const ownWriteTimeoutMs = 2000;

export function createInventory(deps: {
  readonly world: Pick<World, 'clock' | 'chance' | 'log' | 'store'>;
  readonly transact: Transact;
}): Inventory {
  const { transact } = deps;
  const { clock, chance, log, store } = deps.world;
  const mirrorOf = <V>(
    prefix: string,
    decode: (key: string, value: Uint8Array) => Result<V, string>,
  ): Mirror<V> => createMirror({ store, prefix, decode, clock, log });

  const machines = mirrorOf(keys.machines, (key, value) =>
    machineUnderItsKey(key, decodeMachine(value)),
  );
  const reasons = mirrorOf(keys.reasons, (_, value) => decodeReason(value));
  const ipam = mirrorOf(
    keys.ipam,
    only('', (json) => parseIpamConfig(json)),
  );
  const dhcp = mirrorOf(
    keys.dhcp,
    only('', (json) => parseDhcpConfig(json)),
  );
  const mirrors: readonly Mirror<unknown>[] = [machines, reasons, ipam, dhcp];

  const index = createMachineIndex();
  const listeners = new Set<(changes: readonly Change[]) => void>();
  machines.subscribe((changes) => {
    for (const { before, value } of changes) index.update(before, value);
    const told = changes.map(({ key, before, value }) => ({
      serial: key as Change['serial'],
      before,
      after: value,
    }));
    for (const listener of listeners) listener(told);
  });

  let listed: { readonly entries: unknown; readonly machines: readonly Machine[] } | undefined;
  const all = (): readonly Machine[] => {
    const entries = machines.entries();
    if (listed?.entries !== entries)
      listed = { entries, machines: entries.map(([, machine]) => machine) };
    return listed.machines;
  };

  const audit = (
    actor: Actor,
    category: AuditCategory,
    instance: string,
    action: string,
    detail: string,
  ): AuditWrite => auditWrite(actor, clock.now(), chance, { category, instance, action, detail });

  /** Runs a change and waits until the mirrors that show it have it. */
  const write = async <T>(
    change: Decided<T>,
    shownBy: readonly Mirror<unknown>[],
  ): Promise<
    Result<{ readonly value: T; readonly revision: Revision }, InventoryProblem | TransactProblem>
  > => {
    const result = await transact(change.lane, change.reads, change.decide);
    if (!result.ok) return result;
    const { revision } = result.value;
    await Promise.all(shownBy.map((mirror) => mirror.reached(revision, ownWriteTimeoutMs)));
    return ok(result.value);
  };
  const written = async (
    change: Decided<unknown>,
    ...shownBy: readonly Mirror<unknown>[]
  ): Promise<Result<Written, InventoryProblem | TransactProblem>> => {
    const result = await write(change, shownBy);
    return result.ok ? ok({ revision: result.value.revision }) : result;
  };

  return {
    start: async () => {
      const version = await checkSchema(store);
      if (!version.ok) return version;
      for (const mirror of mirrors) {
        const started = await mirror.start();
        if (!started.ok) return started;
      }
      return ok(undefined);
    },
    stop: () => {
      for (const mirror of mirrors) mirror.stop();
    },
    freshness: () => worst(mirrors.map((mirror) => mirror.freshness())),
    revision: () =>
      mirrors
        .map((mirror) => mirror.revision())
        .reduce((a, b) => (compareRevisions(a, b) >= 0 ? a : b)),
    find: (serial) => machines.get(serial),
    machines: all,
    search: (query) => searchMachines(index, all, query, clock.now()),
    stateReason: (serial) => currentReason(machines.get(serial), reasons.get(serial)),
    ipam: () => ipam.get(''),
    dhcp: () => dhcp.get(''),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ownerOf: (address) => index.ownerOf(formatIpv4(address)),
    broken: () =>
      new Map(
        (
          [
            [keys.machines, machines],
            [keys.reasons, reasons],
            [keys.ipam, ipam],
            [keys.dhcp, dhcp],
          ] as const
        ).flatMap(([prefix, mirror]) =>
          [...mirror.broken()].map(([key, why]) => [prefix + key, why] as const),
        ),
      ),

    putIpam: async (config: IpamConfig, actor) => {
      const detail = JSON.stringify(config);
      const change = putIpam(
        config,
        () => machines.entries().length,
        audit(actor, 'ipam', 'config', 'put', detail),
      );
      const result = await written(change, ipam);
      // Machines that this server has not seen yet make the commit fail again and again.
      return !result.ok && result.error.kind === 'contended' ? fail(machinesExist) : result;
    },
    putDhcp: (config: DhcpConfig, actor) =>
      written(putDhcp(config, audit(actor, 'dhcp', 'config', 'put', JSON.stringify(config))), dhcp),
    register: (wanted, actor) => {
      const serials = wanted.map((machine) => machine.serial).join('\n');
      return written(
        register(wanted, clock.now(), audit(actor, 'machines', '', 'register', serials)),
        machines,
      );
    },
    setState: async (change, actor) => {
      const record = (instance: string, action: string, detail: string): AuditWrite =>
        audit(actor, 'machines', instance, action, detail);
      const result = await write(setState(change, clock.now(), record), [machines, reasons]);
      return result.ok
        ? ok({ revision: result.value.revision, machine: result.value.value })
        : result;
    },
    setLabel: (serial, name, value, actor) =>
      written(
        editMachine(
          serial,
          (machine) => withLabel(machine, name, value),
          audit(actor, 'machines', serial, 'put-label', `${name}/${value}`),
        ),
        machines,
      ),
    removeLabel: (serial, name, actor) =>
      written(
        editMachine(
          serial,
          (machine) => withoutLabel(machine, name),
          audit(actor, 'machines', serial, 'delete-label', name),
        ),
        machines,
      ),
    setRetireDate: (serial, date, actor) =>
      written(
        editMachine(
          serial,
          (machine) => withRetireDate(machine, date),
          audit(actor, 'machines', serial, 'set-retire-date', date),
        ),
        machines,
      ),
    remove: async (serial, actor) => {
      const rack = machines.get(serial)?.spec.rack ?? (await rackInStore(store, serial));
      if (rack === undefined) return fail(unknownMachine(serial));
      return written(
        remove(serial, rack, audit(actor, 'machines', serial, 'delete', '')),
        machines,
        reasons,
      );
    },
    auditLog: async (since, until) => {
      const listing = await store.list(keys.audit);
      if (!listing.ok) return listing;
      const records = listing.value.entries
        .filter(({ key }) => inDays(key, since, until))
        .toSorted((a, b) => compareRevisions(a.modRevision, b.modRevision))
        .map(readAuditRecord);
      return ok(records.filter((record): record is AuditRecord => record !== undefined));
    },
  };
}

/** A fresh database becomes ours; one of another schema is not touched. */
async function checkSchema(store: World['store']): Promise<Result<void, StoreProblem>> {
  const found = await store.get([keys.version, keys.ipam]);
  if (!found.ok) return found;
  const entry = found.value.entries.find(({ key }) => key === keys.version);
  const version = entry === undefined ? undefined : new TextDecoder().decode(entry.value).trim();
  if (version === schemaVersion) return ok(undefined);
  if (version === undefined && found.value.entries.length === 0) {
    const value = new TextEncoder().encode(schemaVersion);
    const committed = await store.commit(
      [{ kind: 'unmoved', key: keys.version, modRevision: absent }],
      [{ kind: 'put', key: keys.version, value }],
    );
    if (!committed.ok) return committed;
    // Another server was first: it wrote the same.
    return ok(undefined);
  }
  const text =
    `the database has schema version ${version ?? '1'}, this server needs ${schemaVersion}: ` +
    'upgrade it with Sabakan 3 first; nothing was changed';
  return fail({ kind: 'store-refused', text });
}

/** A record that lies under another machine's key is nobody's. */
function machineUnderItsKey(
  key: string,
  machine: Result<Machine, string>,
): Result<Machine, string> {
  if (!machine.ok || machine.value.spec.serial === key) return machine;
  return fail(`the record is that of machine ${machine.value.spec.serial}`);
}

/** A mirror over a single key: other keys with the same beginning are not ours. */
function only<V>(
  wanted: string,
  parse: (json: unknown) => Result<V, string>,
): (key: string, value: Uint8Array) => Result<V, string> {
  return (key, value) => {
    if (key !== wanted) return fail('not the key of a configuration');
    try {
      return parse(JSON.parse(new TextDecoder().decode(value)));
    } catch (problem) {
      return fail(`not JSON: ${problem instanceof Error ? problem.message : 'unreadable'}`);
    }
  };
}

/** A reason belongs to one stay in a state; a change made by another program leaves it behind. */
function currentReason(
  machine: Machine | undefined,
  reason: StateReason | undefined,
): StateReason | undefined {
  return reason !== undefined &&
    reason.since === machine?.status.since &&
    reason.state === machine.status.state
    ? reason
    : undefined;
}

function worst(all: readonly Freshness[]): Freshness {
  return (
    all.find((freshness) => freshness.kind === 'loading') ??
    all.find((freshness) => freshness.kind === 'behind') ?? { kind: 'live' }
  );
}

async function rackInStore(store: World['store'], serial: string): Promise<number | undefined> {
  const found = await store.get([keys.machine(serial)]);
  const entry = found.ok ? found.value.entries[0] : undefined;
  const machine = entry === undefined ? undefined : decodeMachine(entry.value);
  return machine?.ok ? machine.value.spec.rack : undefined;
}

/** `audit/YYYYMMDD/…`: the day is compared as text. */
function inDays(key: string, since: string | undefined, until: string | undefined): boolean {
  const day = key.slice(keys.audit.length, keys.audit.length + 8);
  return (since === undefined || day >= since) && (until === undefined || day < until);
}
