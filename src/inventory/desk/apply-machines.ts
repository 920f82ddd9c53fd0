/** Many machines as they should be, in one transaction: what it reads, writes and proves. No effects. */

import { type CommitLimits, groupLength, sizeOf, whyTooLarge } from '../../base/commit-size.ts';
import type { Decision, Reads, View } from '../../base/decision.ts';
import { fail } from '../../base/result.ts';
import { absent, type Condition, type StoreProblem, type Write } from '../../base/store.ts';
import { formatInstant, type Instant } from '../../base/time.ts';
import type { ApplyTerms, ConfigOutcome, MachineWish } from '../apply.ts';
import type { AuditFacts } from '../audit.ts';
import { keys } from '../keys.ts';
import type { Machine, Serial } from '../machine.ts';
import { encodeMachine } from '../machine-json.ts';
import type { InventoryProblem, MachineRefusal } from '../problem.ts';
import { type Change, putJson, readIndices, readIpam } from './change.ts';
import { changeRecord } from './change-record.ts';
import { type DecidedConfig, decideConfig } from './config-wishes.ts';
import { othersMax, provenKeysMax, provenListsMax, provenMachinesMax } from './many-proofs.ts';
import { createSlots } from './placement.ts';
import { isListed, type LookAgain, lookAgain, presentIn } from './presence.ts';
import { decideWishes, type Present, type Wished } from './wishes.ts';

/** The audit records of a commit, made anew for each try. */
export type AuditAll = (facts: readonly AuditFacts[]) => {
  readonly writes: readonly Write[];
  readonly conditions: readonly Condition[];
};

/** What is known beforehand, perhaps a little late; what it lacks is looked up when the decision asks for it. */
export type Outlook = {
  /** Racks whose lists will be needed, those of the wishes apart. */
  readonly racks: readonly number[];
  /**
   * The machines of all these racks as this server sees them. A database edited by hand may hold one whose index its
   * rack's list lacks; its index and addresses must not be given again. The list alone decides as long as it names all
   * of them, so the usual registration reads none of them.
   */
  readonly known: readonly Machine[];
  /** Serials beyond those of the wishes that are read in the transaction. */
  readonly inspected: readonly Serial[];
  /** Any machine at all, where one is known. */
  readonly someMachine: Serial | undefined;
};

export type ApplyDecision =
  | {
      readonly kind: 'applied';
      readonly wished: readonly Wished[];
      readonly config: readonly ConfigOutcome[];
      readonly wrote: boolean;
      /** Present machines whose indices the lists of their racks lacked; the lists have them now. */
      readonly relisted: readonly Serial[];
    }
  | { readonly kind: 'refused'; readonly refusals: readonly MachineRefusal[] }
  | { readonly kind: 'too-large'; readonly problem: StoreProblem }
  | LookAgain;

type Terms = Omit<ApplyTerms, 'approve'> & {
  readonly onlyNew?: boolean;
  readonly approve?: (
    wished: readonly Wished[],
    config: readonly ConfigOutcome[],
  ) => string | undefined;
};

/** @param terms.onlyNew a serial that is there already is `machine-exists`, and such changes share commits. */
export function applyMachines(
  wishes: readonly MachineWish[],
  terms: Terms,
  outlook: Outlook,
  now: Instant,
  audit: AuditAll,
  limits: CommitLimits,
): Change<ApplyDecision> {
  const racks = [...new Set([...wishes.map(({ rack }) => rack), ...outlook.racks])];
  const serials = [...new Set([...wishes.map(({ serial }) => serial), ...outlook.inspected])];
  // An etcd with a smaller `--max-txn-ops` takes fewer conditions.
  const roomFor = (most: number, share: number): number =>
    Math.min(most, Math.floor(limits.operationsMax * share) - othersMax);
  const isFew = 1 + racks.length + serials.length <= roomFor(provenKeysMax, 1);
  const listsAreProven = isFew || racks.length <= roomFor(provenListsMax, 0.5);
  const lists = racks.map(keys.nodeIndices);
  const configKeys = configKeysOf(terms, outlook);
  const prefixes = needsAll(terms, outlook) ? { prefixes: [keys.machines] } : {};
  const reads: Reads = isFew
    ? {
        ...prefixes,
        keys: [...configKeys, ...lists, ...serials.map(keys.machine)],
        ...(terms.onlyNew === true ? {} : { unproven: [] }),
      }
    : {
        ...prefixes,
        keys: [...configKeys, ...(listsAreProven ? lists : [])],
        unproven: [...(listsAreProven ? [] : lists), ...serials.map(keys.machine)],
      };

  /** What reads as keys do not prove, of this many machines: see docs/adr/0005-big-commits.md. */
  const conditionsFor = (
    view: View,
    wished: readonly Wished[],
    writes: number,
  ): readonly Condition[] => {
    if (isFew) return [];
    const fits = (machines: number): boolean => {
      const conditions = reads.keys.length + machines + othersMax;
      return (
        machines <= provenMachinesMax && groupLength({ conditions, writes }, limits) !== undefined
      );
    };
    const since = view.readAt;
    const quiet = (prefix: string): Condition => ({ kind: 'quiet-under', prefix, since });
    // A list is never deleted, and no machine goes without a change of its rack's list.
    const ofLists = listsAreProven ? [] : [quiet(keys.indexLists)];
    const there = wished.flatMap(({ before, after }) =>
      before === undefined ? [] : [{ serial: before.spec.serial, changes: before !== after }],
    );
    const changing = there.filter(({ changes }) => changes);
    if (!fits(changing.length)) return [...ofLists, quiet(keys.machines)];
    // Machines that stay as they are were so when they were read; a state that moves meanwhile is no reason to refuse.
    const proven = fits(there.length) ? there : changing;
    const unmoved = proven.map(({ serial }): Condition => {
      const key = keys.machine(serial);
      return { kind: 'unmoved', key, modRevision: view.revisionOf(key) ?? absent };
    });
    const none: Condition = { kind: 'none-born-under', prefix: keys.machines, since };
    return [...ofLists, ...unmoved, ...(there.length < wished.length ? [none] : [])];
  };

  const decide = (view: View): Decision<ApplyDecision, InventoryProblem> => {
    const config = decideConfig(view, terms.config ?? {}, outlook.someMachine);
    if (!config.ok) return config;
    const { plan } = config.value;
    if (plan === undefined && wishes.length > 0) {
      const missing = readIpam(view);
      if (!missing.ok) return missing;
    }
    const indices = new Map<number, readonly number[]>();
    for (const rack of racks) {
      const list = readIndices(view, rack);
      if (!list.ok) return list;
      indices.set(rack, list.value);
    }
    const presents = new Map(serials.map((serial) => [serial, presentIn(view, serial)]));
    const missing = lookAgain(presents, indices, outlook.known);
    if (missing !== undefined) return { ok: true, value: missing, writes: [] };
    const isBroken = outlook.inspected.map((serial) => presents.get(serial)?.broken);
    const broken = isBroken.find((problem) => problem !== undefined);
    if (broken !== undefined) return fail(broken);

    if (plan === undefined) return decided([], [], config.value, []);
    const slots = createSlots(plan, indices);
    const unlisted: Machine[] = [];
    for (const { machine } of presents.values()) {
      if (machine === undefined || isListed(machine, indices)) continue;
      slots.hold(machine.spec.rack, machine.spec.indexInRack);
      unlisted.push(machine);
    }
    const presentOf = (serial: Serial): Present =>
      presents.get(serial) ?? { machine: undefined, revision: absent };
    const at = formatInstant(now);
    const { wished, refusals } = decideWishes(plan, wishes, presentOf, slots, terms, at);
    if (refusals.length > 0) return { ok: true, value: { kind: 'refused', refusals }, writes: [] };

    const changed = slots.changed();
    const writes = wished
      .filter(({ before, after }) => before !== after)
      .map(({ after }): Write => {
        const key = keys.machine(after.spec.serial);
        return { kind: 'put', key, value: encodeMachine(after, view.get(key)?.value) };
      });
    for (const [rack, used] of changed) writes.push(putJson(keys.nodeIndices(rack), used));
    const relisted = unlisted.flatMap(({ spec }) => (changed.has(spec.rack) ? [spec.serial] : []));
    // Each may have an audit record of its own.
    const proofs = conditionsFor(view, wished, 2 * writes.length + othersMax);
    return decided(wished, writes, config.value, relisted, proofs);
  };

  const decided = (
    wished: readonly Wished[],
    machineWrites: readonly Write[],
    config: DecidedConfig,
    relisted: readonly Serial[],
    proofs: readonly Condition[] = [],
  ): Decision<ApplyDecision, InventoryProblem> => {
    const refused = terms.approve?.(wished, config.outcomes);
    if (refused !== undefined) return fail({ kind: 'not-as-expected', text: refused });
    const wrote = machineWrites.length + config.writes.length > 0;
    const value = { kind: 'applied', wished, config: config.outcomes, wrote, relisted } as const;
    if (!wrote) return { ok: true, value, writes: [] };
    const records = audit([...config.facts, ...factsOf(wished)]);
    const conditions = [
      ...(machineWrites.length > 0 ? proofs : []),
      ...config.conditions,
      ...records.conditions,
    ];
    const writes = [...config.writes, ...machineWrites, ...records.writes];
    const tooLarge = whyTooMany(wishes.length, [...reads.keys], conditions, writes, limits);
    if (tooLarge !== undefined) {
      return { ok: true, value: { kind: 'too-large', problem: tooLarge }, writes: [] };
    }
    return terms.dryRun === true
      ? { ok: true, value, writes: [] }
      : { ok: true, value, writes, conditions };
  };

  const [only] = racks;
  const lane = racks.length === 1 && only !== undefined ? keys.nodeIndices(only) : 'register';
  return { lane, reads, decide };
}

/** One record of those that came, as Sabakan writes it, and one for each that changed. */
function factsOf(wished: readonly Wished[]): readonly AuditFacts[] {
  const category = 'machines' as const;
  const came = wished.filter(({ before }) => before === undefined);
  const detail = came.map(({ after }) => after.spec.serial).join('\n');
  const changed = wished.flatMap(({ before, after }) => {
    if (before === undefined || before === after) return [];
    return [
      { category, instance: after.spec.serial, action: 'change', ...changeRecord(before, after) },
    ];
  });
  return [
    ...(came.length > 0 ? [{ category, instance: '', action: 'register', detail }] : []),
    ...changed,
  ];
}

function whyTooMany(
  machines: number,
  proven: readonly string[],
  conditions: readonly Condition[],
  writes: readonly Write[],
  limits: CommitLimits,
): StoreProblem | undefined {
  const read = proven.map((key): Condition => ({ kind: 'unmoved', key, modRevision: absent }));
  const size = sizeOf([...read, ...conditions], writes);
  const problem = whyTooLarge(size, limits);
  if (problem?.kind !== 'too-large') return undefined;
  const share = Math.min(limits.bytesMax / size.bytes, limits.operationsMax ** 2 / 4 / size.writes);
  const fitting = Math.max(Math.floor(machines * share * 0.95), 1);
  const text =
    `${machines} machines are too many for one change that is made as a whole: it weighs ${size.bytes} bytes, and the store ` +
    `takes ${limits.bytesMax} (etcd's --max-request-bytes, etcd.max-request-bytes); nothing was done: ` +
    `send about ${fitting} at a time`;
  return { ...problem, text };
}

function configKeysOf({ config }: Terms, { someMachine }: Outlook): readonly string[] {
  const some =
    config?.ipam === undefined || someMachine === undefined ? [] : [keys.machine(someMachine)];
  return [keys.ipam, ...(config?.dhcp === undefined ? [] : [keys.dhcp]), ...some];
}

/** Whether there is any machine is a question about all, where none is known. */
function needsAll({ config }: Terms, { someMachine }: Outlook): boolean {
  return config?.ipam !== undefined && someMachine === undefined;
}
