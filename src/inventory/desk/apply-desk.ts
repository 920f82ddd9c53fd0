/** Lists of machines as they should be: the change is asked for until it has looked at all that matters. */

import type { CommitLimits } from '../../base/commit-size.ts';
import type { Transacted } from '../../base/decision.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import { absent, type Revision } from '../../base/store.ts';
import type { TransactProblem } from '../../base/transact.ts';
import type { World } from '../../base/world.ts';
import type { Applied, ApplyTerms, ConfigOutcome, MachineOutcome, MachineWish } from '../apply.ts';
import type { Actor } from '../audit.ts';
import type { Along, Inventory, WriteResult } from '../inventory.ts';
import type { Serial } from '../machine.ts';
import type { InventoryProblem, MachineRefusal } from '../problem.ts';
import { type AuditAll, applyMachines } from './apply-machines.ts';
import type { Change } from './change.ts';
import type { MachineIndex } from './machine-index.ts';
import type { Wished } from './wishes.ts';

/** How often a decision may ask for more to look at: machines in other racks than known here, or in none of their lists. */
const looksMax = 20;
/** Refusals that a sentence names; all are in the list. */
const refusalsShownMax = 10;

type Answer<T> = Result<T, InventoryProblem | TransactProblem>;

export function createApplyDesk(deps: {
  readonly clock: World['clock'];
  readonly log: World['log'];
  readonly index: Pick<MachineIndex, 'get' | 'inRack' | 'all'>;
  readonly limits: CommitLimits;
  readonly run: <T>(change: Change<T>, actor: Actor) => Promise<Answer<Transacted<T>>>;
  /** Waits until what this server reads from shows the commit. */
  readonly shown: (
    revision: Revision,
    nouns: readonly ('machines' | 'ipam' | 'dhcp')[],
  ) => Promise<void>;
  readonly auditOf: (actor: Actor) => AuditAll;
}): Pick<Inventory, 'register' | 'applyMachines'> {
  const { clock, log, index, limits, run, shown, auditOf } = deps;

  const apply = async (
    wishes: readonly MachineWish[],
    terms: ApplyTerms & { readonly onlyNew?: boolean },
    actor: Actor,
    along?: Along,
  ): WriteResult<
    | {
        readonly kind: 'applied';
        readonly wished: readonly Wished[];
        readonly config: readonly ConfigOutcome[];
        readonly revision: Revision;
      }
    | { readonly kind: 'refused'; readonly refusals: readonly MachineRefusal[] }
  > => {
    const now = clock.now();
    const asked = withApproval(terms);
    const audit = auditOf(actor);
    let racks = wishes.flatMap(({ serial }) => index.get(serial)?.spec.rack ?? []);
    const someMachine = index.all()[0]?.spec.serial;
    let inspected: readonly Serial[] = [];
    for (let looks = 0; looks < looksMax; looks += 1) {
      const all = new Set([...racks, ...wishes.map(({ rack }) => rack)]);
      const outlook = { racks, known: [...all].flatMap(index.inRack), inspected, someMachine };
      const change = applyMachines(wishes, asked, outlook, now, audit, limits);
      const result = await run(together(change, along), actor);
      if (!result.ok) return result;
      const { value, revision } = result.value;
      if (value.kind === 'refused') return ok(value);
      if (value.kind === 'too-large') return fail(value.problem);
      if (value.kind === 'applied') {
        if (value.wrote && terms.dryRun !== true) {
          for (const serial of value.relisted) {
            log.warn('a machine was missing from the list of used indices of its rack', { serial });
          }
          const written = value.config.filter(({ kind }) => kind !== 'unchanged');
          const isAnyMachine = value.wished.some(({ before, after }) => before !== after);
          const nouns = written.map(({ noun }) => noun);
          await shown(revision, isAnyMachine ? ['machines', ...nouns] : nouns);
        }
        return ok({ kind: 'applied', wished: value.wished, config: value.config, revision });
      }
      racks = [...racks, ...value.racks];
      inspected = [...inspected, ...value.inspected];
    }
    const text = 'machines keep coming and going in these racks without their lists';
    return fail({ kind: 'contended', text });
  };

  return {
    register: async (wanted, actor, { dryRun = false, along } = {}) => {
      if (wanted.length === 0) return registerNothing(actor);
      const result = await apply(wanted, { dryRun, onlyNew: true }, actor, along);
      if (!result.ok) return result;
      if (result.value.kind === 'refused') return fail(firstOf(result.value.refusals));
      const { wished, revision } = result.value;
      return ok({ revision, machines: wished.map(({ after }) => after) });
    },
    applyMachines: async (wishes, terms, actor) => {
      const result = await apply(wishes, terms, actor);
      if (!result.ok) return result;
      if (result.value.kind === 'refused') return fail(refusedMachines(result.value.refusals));
      const { wished, config, revision } = result.value;
      const dryRun = terms.dryRun === true;
      const outcomes = wished.map((one) => outcomeOf(one, revision, dryRun));
      return ok({ outcomes, config, revision } satisfies Applied);
    },
  };

  /** Sabakan takes an empty list and records that somebody sent it. */
  async function registerNothing(actor: Actor) {
    const audit = auditOf(actor);
    const facts = [{ category: 'machines', instance: '', action: 'register', detail: '' }] as const;
    const change: Change<undefined> = {
      lane: 'register',
      reads: { keys: [] },
      decide: () => ({ ok: true, value: undefined, ...audit(facts) }),
    };
    const result = await run(change, actor);
    return result.ok ? ok({ revision: result.value.revision, machines: [] }) : result;
  }
}

/** One commit of both, or none. */
function together<T>(change: Change<T>, along: Along | undefined): Change<T> {
  if (along === undefined) return change;
  const reads = { ...change.reads, keys: [...change.reads.keys, ...along.keys] };
  return {
    ...change,
    reads,
    decide: (view) => {
      const more = along.decide(view);
      if (!more.ok) return more;
      const decision = change.decide(view);
      if (!decision.ok || decision.writes.length === 0) return decision;
      const { writes, conditions } = more.value;
      return {
        ...decision,
        writes: [...decision.writes, ...writes],
        conditions: [...(decision.conditions ?? []), ...conditions],
      };
    },
  };
}

/** Approval speaks of outcomes, the decision of wishes. */
function withApproval({ approve, ...terms }: ApplyTerms & { readonly onlyNew?: boolean }) {
  if (approve === undefined) return terms;
  return {
    ...terms,
    approve: (wished: readonly Wished[], config: readonly ConfigOutcome[]) =>
      approve({ outcomes: wished.map((one) => outcomeOf(one, absent, true)), config }),
  };
}

function outcomeOf(
  { before, after, revision }: Wished,
  committedAt: Revision,
  dryRun: boolean,
): MachineOutcome {
  const machine = after;
  if (before === undefined) {
    return { kind: 'registered', machine, revision: dryRun ? absent : committedAt };
  }
  if (before === after) return { kind: 'unchanged', machine, revision: revision ?? committedAt };
  const seen = revision ?? committedAt;
  return { kind: 'changed', before, machine, revision: dryRun ? seen : committedAt };
}

/** Sabakan looks for serials that are taken before it looks for slots. */
function firstOf(refusals: readonly MachineRefusal[]): InventoryProblem {
  const taken = refusals.find(({ problem }) => problem.kind === 'machine-exists');
  return (taken ?? refusals[0])?.problem ?? refusedMachines(refusals);
}

function refusedMachines(refusals: readonly MachineRefusal[]): InventoryProblem {
  const shown = refusals
    .slice(0, refusalsShownMax)
    .map(({ serial, problem }) => `${serial}: ${problem.text}`);
  const more = refusals.length - shown.length;
  const text = [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
  return { kind: 'machines-refused', refusals, text };
}
