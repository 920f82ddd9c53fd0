/** The desk at work: mirrors for what is read, transactions for what is changed. */

import {
  brokenUnder,
  createMirror,
  type Mirror,
  ownWriteTimeoutMs,
  worstFreshness,
} from '../base/mirror.ts';
import { receipted } from '../base/receipt.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { absent, compareRevisions, type Revision } from '../base/store.ts';
import type { Transact, TransactProblem } from '../base/transact.ts';
import type { World } from '../base/world.ts';
import {
  type Actor,
  type Audit,
  type AuditCategory,
  auditBlock,
  auditOf,
  auditWrites,
} from './audit.ts';
import { createApplyDesk } from './desk/apply-desk.ts';
import { auditPages, readAuditLog } from './desk/audit-log.ts';
import { createAuditRetention } from './desk/audit-retention.ts';
import { brokenRecord, type Change as Decided, unknownMachine } from './desk/change.ts';
import { createConfigDesk, type MirrorOf } from './desk/config-desk.ts';
import { createDiskKeys } from './desk/disk-keys.ts';
import { movedMachine } from './desk/expected.ts';
import { remove, removeLabel, setLabel, setRetireDate, setState } from './desk/machine-changes.ts';
import { createMachineIndex, searchMachines } from './desk/machine-index.ts';
import { patchMachine } from './desk/machine-patch.ts';
import { createManyChanges } from './desk/many.ts';
import { checkSchema } from './desk/schema-version.ts';
import { goTimeText } from './go-time.ts';
import type { ChangeListener, Inventory, Written } from './inventory.ts';
import { keys } from './keys.ts';
import type { Machine, Serial } from './machine.ts';
import { decodeMachine } from './machine-json.ts';
import type { InventoryProblem } from './problem.ts';

/** How often a machine may move to another rack while it is being removed. */
const removeTriesMax = 20;
/** How often a machine that moves may be found in another rack, or others in no list of theirs. */
const looksMax = 20;

export function createInventory(deps: {
  readonly world: Pick<World, 'clock' | 'chance' | 'log' | 'store'>;
  readonly transact: Transact;
}): Inventory {
  const { transact } = deps;
  const { clock, chance, log, store } = deps.world;
  const mirrorOf: MirrorOf = (prefix, decode) =>
    createMirror({ store, prefix, decode, clock, log });

  const machines = mirrorOf(keys.machines, (key, value) => decodeMachine(value, key));
  const retention = createAuditRetention({ clock, log, store });

  const index = createMachineIndex();
  const revisions = new WeakMap<Machine, Revision>();
  const listeners = new Set<ChangeListener>();
  machines.subscribe((changes, how) => {
    for (const { key, value, revision } of changes) {
      index.update(key, value);
      if (value !== undefined) revisions.set(value, revision);
    }
    const told = changes.map(({ key, before, value, revision }) => ({
      serial: key as Serial,
      before,
      after: value,
      revision,
    }));
    for (const listener of [...listeners]) listener(told, how);
  });

  const audited = (actor: Actor, category: AuditCategory): Audit =>
    auditOf(actor, clock.now(), chance, category);

  const run = <T>({ lane, reads, decide }: Decided<T>, { receipt }: Actor) =>
    receipted(transact, receipt)(lane, reads, decide);

  /** Waits until what this server reads from shows the commit. */
  const shown = async (mirror: Mirror<unknown>, revision: Revision): Promise<void> => {
    if (await mirror.reached(revision, ownWriteTimeoutMs)) return;
    log.warn('a change is committed, but news of it has not come back', { revision });
  };

  const configs = createConfigDesk({
    mirrorOf,
    run,
    shown,
    audited,
    anyMachine: () => index.all()[0]?.spec.serial,
  });
  const { ipam, dhcp } = configs;
  const mirrors: ReadonlyMap<string, Mirror<unknown>> = new Map<string, Mirror<unknown>>([
    [keys.machines, machines],
    [keys.ipam, ipam],
    [keys.dhcp, dhcp],
  ]);

  const write = async (
    change: Decided<unknown>,
    mirror: Mirror<unknown>,
    actor: Actor,
  ): Promise<Result<Written, InventoryProblem | TransactProblem>> => {
    const result = await run(change, actor);
    if (!result.ok) return result;
    await shown(mirror, result.value.revision);
    return ok({ revision: result.value.revision });
  };

  const removeMachine: Inventory['remove'] = async (serial, actor, terms = {}) => {
    const audit = audited(actor, 'machines');
    for (let tries = 0; tries < removeTriesMax; tries += 1) {
      const rack = await rackOf(store, serial);
      if (!rack.ok) return rack;
      const result = await run(remove(serial, rack.value, audit, terms), actor);
      if (!result.ok) return result;
      const { value, revision } = result.value;
      if (value.kind === 'elsewhere') continue;
      if (value.kind === 'moved') return fail(movedMachine(serial, value.revision ?? revision));
      if (terms.dryRun !== true) await shown(machines, revision);
      return ok({ revision });
    }
    return fail({ kind: 'contended', text: `machine ${serial} keeps moving from rack to rack` });
  };

  const limits = { operationsMax: store.conditionsMax + 1, bytesMax: store.bytesMax };
  const applyDesk = createApplyDesk({
    clock,
    log,
    index,
    limits,
    run,
    shown: async (revision, nouns) => {
      const each = { machines, ipam, dhcp } as const;
      await Promise.all(nouns.map((noun) => shown(each[noun], revision)));
    },
    auditOf: (actor) => {
      const now = clock.now();
      return (facts) => auditWrites(actor, now, chance, facts);
    },
  });

  const stop = (): void => {
    retention.stop();
    for (const mirror of mirrors.values()) mirror.stop();
  };

  return {
    start: async () => {
      const version = await checkSchema(store);
      if (!version.ok) return version;
      const started = await Promise.all([...mirrors.values()].map((mirror) => mirror.start()));
      const failed = started.find((result) => !result.ok);
      if (failed !== undefined) stop();
      else retention.start();
      return failed ?? ok(undefined);
    },
    stop,
    freshness: () => worstFreshness([...mirrors.values()].map((mirror) => mirror.freshness())),
    revision: () =>
      [...mirrors.values()]
        .map((mirror) => mirror.revision())
        .reduce((a, b) => (compareRevisions(a, b) >= 0 ? a : b)),
    find: (serial) => index.get(serial),
    machines: index.all,
    machinesRevision: machines.changed,
    machinesCompleteTo: machines.revision,
    revisionOf: (machine) => revisions.get(machine) ?? absent,
    search: (query) => searchMachines(index, query, clock.now()),
    ipam: () => ipam.get(''),
    dhcp: () => dhcp.get(''),
    configs: configs.records,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    ownerOf: (address) => index.ownerOf(address),
    broken: () => new Map([...mirrors].flatMap((one) => [...brokenUnder(...one)])),

    putIpam: configs.putIpam,
    putDhcp: configs.putDhcp,
    ...applyDesk,
    setState: async (change, actor) => {
      const result = await run(setState(change, clock.now(), audited(actor, 'machines')), actor);
      if (!result.ok) return result;
      const { revision, value } = result.value;
      await shown(machines, revision);
      return ok({ revision, machine: value.machine });
    },
    setLabel: (serial, name, value, actor) =>
      write(setLabel(serial, name, value, audited(actor, 'machines')), machines, actor),
    removeLabel: (serial, name, actor) =>
      write(removeLabel(serial, name, audited(actor, 'machines')), machines, actor),
    setRetireDate: (serial, date, actor) =>
      write(
        setRetireDate(serial, date, goTimeText(date), audited(actor, 'machines')),
        machines,
        actor,
      ),
    patchMachine: async (serial, patch, terms, actor) => {
      const audit = audited(actor, 'machines');
      const known = index.get(serial)?.spec.rack;
      let racks = known === undefined ? [] : [known];
      let inspected: readonly Serial[] = [];
      for (let looks = 0; looks < looksMax; looks += 1) {
        const where = { racks, inspected, known: index.inRack };
        const change = patchMachine(serial, patch, terms, clock.now(), audit, where);
        const result = await run(change, actor);
        if (!result.ok) return result;
        const { revision: answered, value } = result.value;
        if (value.kind === 'look-again') {
          racks = [...racks, ...value.racks];
          inspected = [...inspected, ...value.inspected];
          continue;
        }
        const revision = value.revision ?? answered;
        if (value.kind === 'moved') return fail(movedMachine(serial, revision));
        if (terms.dryRun !== true) await shown(machines, revision);
        return ok({ revision, machine: value.machine });
      }
      return fail({ kind: 'contended', text: `machine ${serial} keeps moving from rack to rack` });
    },
    remove: removeMachine,
    ...createManyChanges({
      transact,
      clock,
      auditOf: (actor) => audited(actor, 'machines'),
      auditAllOf: (actor) => {
        const write = auditBlock(actor, clock.now(), chance);
        return (instance, action, detail, values = {}) =>
          write({ category: 'machines', instance, action, detail, ...values });
      },
      limits,
      shown: (revision) => shown(machines, revision),
    }),
    ...createDiskKeys({ store, transact, auditOf: (actor) => audited(actor, 'crypts') }),
    auditPages: (since, until) => auditPages(store, since, until, clock.now()),
    auditLog: (since, until) => readAuditLog(auditPages(store, since, until, clock.now())),
  };
}

async function rackOf(
  store: World['store'],
  serial: Serial,
): Promise<Result<number, InventoryProblem | TransactProblem>> {
  const found = await store.get([keys.machine(serial)]);
  if (!found.ok) return found;
  const [entry] = found.value.entries;
  if (entry === undefined) return fail(unknownMachine(serial));
  const machine = decodeMachine(entry.value, serial);
  if (!machine.ok) return fail(brokenRecord(entry.key, machine.error));
  return ok(machine.value.spec.rack);
}
