/** The same change of many machines: each by itself, folded into few commits, or all in one. */

import type { CommitLimits } from '../../base/commit-size.ts';
import { receipted } from '../../base/receipt.ts';
import { ok, type Result } from '../../base/result.ts';
import type { Revision } from '../../base/store.ts';
import type { Transact, TransactProblem } from '../../base/transact.ts';
import type { Clock } from '../../base/world.ts';
import type { Actor, Audit } from '../audit.ts';
import type { Inventory, ManyOutcome, ManyTarget } from '../inventory.ts';
import { keys } from '../keys.ts';
import type { InventoryProblem } from '../problem.ts';
import type { Change } from './change.ts';
import { movedMachine } from './expected.ts';
import { remove } from './machine-changes.ts';
import { patchMachine } from './machine-patch.ts';
import { manyProofs } from './many-proofs.ts';
import { together } from './together.ts';

/** Decisions of one lane share commits; those of one request wait for each other, not for single changes. */
const lane = 'many-machines';
/** Of one request at once in the lane, so that others come in between. */
const inFlightMax = 512;

type Step =
  | { readonly kind: 'changed' | 'unchanged' }
  | { readonly kind: 'moved'; readonly revision: Revision | undefined };

export function createManyChanges(deps: {
  readonly transact: Transact;
  readonly clock: Pick<Clock, 'now'>;
  readonly auditOf: (actor: Actor) => Audit;
  /** The same for many records of one commit, with one condition; made anew for each try. */
  readonly auditAllOf: (actor: Actor) => Audit;
  readonly limits: CommitLimits;
  /** Waits until this server's own copy shows the commit. */
  readonly shown: (revision: Revision) => Promise<void>;
}): Pick<Inventory, 'changeMany'> {
  const { transact, clock, auditOf, auditAllOf, limits, shown } = deps;
  return {
    changeMany: async (targets, what, terms, actor) => {
      let audit = auditOf(actor);
      const noted: Audit = (...facts) => audit(...facts);
      const dryRun = terms.dryRun === true;
      const now = clock.now();
      const stepOf = ({ machine, expected }: ManyTarget): Change<Step> => {
        const { serial, rack } = machine.spec;
        const each = { expected: [expected], dryRun };
        if (what.kind === 'remove') return removal(remove(serial, rack, noted, each), expected);
        // Lists alone decide: machines that this request moves are in none for a moment.
        const where = { racks: [rack], known: () => [], inspected: [] };
        return patching(patchMachine(serial, what.patch, each, now, noted, where), expected);
      };
      const outcomeOf = (
        { machine: { spec } }: ManyTarget,
        result: Result<{ value: Step; revision: Revision }, InventoryProblem | TransactProblem>,
      ): ManyOutcome => {
        const { serial } = spec;
        if (!result.ok) return { serial, kind: 'refused', problem: result.error };
        const { value, revision } = result.value;
        if (value.kind !== 'moved') return { serial, kind: value.kind, revision };
        const problem = movedMachine(serial, value.revision ?? revision);
        return { serial, kind: 'refused', problem };
      };

      if (terms.atomic === true) {
        const isDone = ({ kind }: Step) => kind !== 'moved';
        const racks = [...new Set(targets.map(({ machine }) => machine.spec.rack))];
        const all = together(lane, targets.map(stepOf), isDone, (wanted) =>
          manyProofs(wanted, racks, limits),
        );
        const once = receipted(transact, actor.receipt);
        const done = await once(all.lane, all.reads, (view) => {
          audit = auditAllOf(actor);
          return all.decide(view);
        });
        if (!done.ok) return done;
        const { value: steps, revision } = done.value;
        if (!dryRun) await shown(revision);
        return ok(
          targets.map((target, at) => {
            const step = steps[at];
            if (step === undefined) return lost(target);
            return outcomeOf(target, step.ok ? ok({ value: step.value, revision }) : step);
          }),
        );
      }

      const outcomes: ManyOutcome[] = [];
      for (let at = 0; at < targets.length; at += inFlightMax) {
        if (terms.isCancelled?.() === true) {
          const rest = targets.slice(at).map(({ machine }) => machine.spec.serial);
          outcomes.push(...rest.map((serial) => ({ serial, kind: 'skipped' }) as const));
          break;
        }
        const batch = targets.slice(at, at + inFlightMax);
        const done = await Promise.all(
          batch.map(async (target) => {
            const { reads, decide } = stepOf(target);
            const result = await transact(lane, reads, decide);
            if (result.ok && !dryRun) await shown(result.value.revision);
            return outcomeOf(target, result);
          }),
        );
        outcomes.push(...done);
        terms.onProgress?.(outcomes.length);
      }
      return ok(outcomes);
    },
  };
}

function patching(change: ReturnType<typeof patchMachine>, expected: Revision): Change<Step> {
  return mapped(change, (value) => {
    if (value.kind === 'moved') return value;
    if (value.kind === 'look-again') return { kind: 'moved', revision: expected };
    return { kind: value.changes ? 'changed' : 'unchanged' };
  });
}

/** A machine that was registered anew in another rack has another revision, too. */
function removal(change: ReturnType<typeof remove>, expected: Revision): Change<Step> {
  return mapped(change, (value) => {
    if (value.kind === 'moved') return value;
    return value.kind === 'removed' ? { kind: 'changed' } : { kind: 'moved', revision: expected };
  });
}

function mapped<A, B>(change: Change<A>, map: (value: A) => B): Change<B> {
  return {
    ...change,
    decide: (view) => {
      const decision = change.decide(view);
      return decision.ok ? { ...decision, value: map(decision.value) } : decision;
    },
  };
}

function lost({ machine }: ManyTarget): ManyOutcome {
  const { serial } = machine.spec;
  const text = `nothing was decided about ${keys.machine(serial)}`;
  return { serial, kind: 'refused', problem: { kind: 'contended', text } };
}
