/** What people and rules do to a discovery, each in one commit with its audit record. */

import {
  type PreconditionFailed,
  type PutTerms,
  settled,
  whyNotExpected,
} from '../../base/put-terms.ts';
import { receipted } from '../../base/receipt.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Revision, Write } from '../../base/store.ts';
import { formatInstant } from '../../base/time.ts';
import type { Transact, TransactProblem, View } from '../../base/transact.ts';
import type { World } from '../../base/world.ts';
import { type Actor, auditWrite, committed } from '../../inventory/audit.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import type { Machine } from '../../inventory/machine.ts';
import type { InventoryProblem } from '../../inventory/problem.ts';
import {
  type Approval,
  type Discovery,
  type DiscoveryDecision,
  type DiscoveryPatch,
  type DiscoveryProblem,
  decodeDiscovery,
  discoveryPrefix,
  encodeDiscovery,
  serialOf,
} from '../discovery.ts';
import { conflictOf, guessRack, type Surroundings } from './judge.ts';
import { encodeKnownMac, knownMacKey } from './known-macs.ts';
import { newMachine, patched, whyWrong, wishIn } from './wish.ts';

export type Decided = {
  readonly discovery: Discovery;
  /** As it is registered; in a dry run: as it would be. */
  readonly machine?: Machine;
  readonly revision: Revision;
};

type Outcome = Promise<Result<Decided, DiscoveryProblem | InventoryProblem | TransactProblem>>;
type Terms = Pick<PutTerms, 'over' | 'dryRun'>;

export type DiscoveryChanges = {
  /** Says what it shall be once it is approved. */
  readonly edit: (id: string, patch: DiscoveryPatch, terms: Terms, actor: Actor) => Outcome;
  /** Registers it in one commit with the discovery's own record; what is left out is as edited, the rack as guessed. */
  readonly approve: (id: string, asked: Approval, terms: Terms, actor: Actor) => Outcome;
  readonly reject: (
    id: string,
    asked: { readonly reason: string; readonly rule?: string },
    terms: Terms,
    actor: Actor,
  ) => Outcome;
  /** As if it had never been seen; it comes back when it asks again. */
  readonly forget: (id: string, terms: Terms, actor: Actor) => Outcome;
};

const lane = 'discoveries';

export function createDiscoveryChanges(deps: {
  readonly world: Pick<World, 'clock' | 'chance'>;
  readonly transact: Transact;
  readonly inventory: Pick<Inventory, 'register'>;
  readonly stored: (id: string) => Discovery | undefined;
  readonly around: Surroundings;
}): DiscoveryChanges {
  const { transact, stored, around, inventory } = deps;
  const { clock, chance } = deps.world;

  /** @param decide the discovery as it shall be, or undefined: it goes. */
  const change = async (
    id: string,
    action: string,
    detail: string,
    { over, dryRun }: Terms,
    actor: Actor,
    decide: (before: Discovery) => Result<Discovery | undefined, DiscoveryProblem>,
    more: (after: Discovery) => readonly Write[] = () => [],
  ): Outcome => {
    const key = discoveryPrefix + id;
    const now = clock.now();
    let after: Discovery | undefined;
    const done = await receipted(transact, actor.receipt)<
      PreconditionFailed | undefined,
      DiscoveryProblem
    >(lane, { keys: [key] }, (view) => {
      const before = read(view, id);
      if (!before.ok) return before;
      const failed = whyNotExpected(view, key, over === undefined ? {} : { over }, named(id));
      if (failed !== undefined) return { ok: true, value: failed, writes: [] };
      const decided = decide(before.value);
      if (!decided.ok) return decided;
      after = decided.value ?? before.value;
      if (dryRun === true) return { ok: true, value: undefined, writes: [] };
      const record = auditWrite(actor, now, chance, {
        ...{ category: 'discoveries', instance: id, action, detail },
        before: summary(before.value),
        ...(decided.value === undefined ? {} : { after: summary(decided.value) }),
      });
      const own: Write =
        decided.value === undefined
          ? { kind: 'delete', key }
          : { kind: 'put', key, value: encodeDiscovery(decided.value) };
      const others = decided.value === undefined ? [] : more(decided.value);
      return committed(undefined, [own, ...others], record);
    });
    const result = settled(done);
    if (!result.ok) return result;
    if (after === undefined) return fail(unknown(id));
    return ok({ discovery: after, revision: result.value.revision });
  };

  const decision = (
    actor: Actor,
    text: string,
    rule: string | undefined,
    serial?: string,
  ): DiscoveryDecision => ({
    at: formatInstant(clock.now()),
    by: whoIs(actor),
    text,
    ...(rule === undefined ? {} : { rule }),
    ...(serial === undefined ? {} : { serial }),
  });

  const known = ({ mac, place, claims }: Discovery, serial: string): Write => ({
    kind: 'put',
    key: knownMacKey(mac),
    value: encodeKnownMac({
      ...{ mac, serial, at: formatInstant(clock.now()) },
      ...(claims.uuid === undefined ? {} : { uuid: claims.uuid }),
      ...(place.relay === undefined ? {} : { relay: place.relay }),
      ...(place.circuit === undefined ? {} : { circuit: place.circuit }),
    }),
  });

  const adopt = (id: string, asked: Approval, terms: Terms, actor: Actor): Outcome => {
    const { rule } = asked;
    let serial = '';
    return change(
      id,
      'adopt',
      'its network card belongs to a registered machine',
      terms,
      actor,
      (before) => {
        const wish = { ...before.wish, ...wishIn(asked) };
        serial = serialOf({ ...before, wish });
        if (around.find(serial) === undefined) {
          const text = `no machine ${serial} is registered: approve ${id} without adopt`;
          return fail({ kind: 'discovery-conflict', text });
        }
        const text = `it is ${serial}, with another network card`;
        return ok({
          ...before,
          wish,
          state: 'approved',
          decision: decision(actor, text, rule, serial),
        });
      },
      (after) => [known(after, serial)],
    );
  };

  const approve: DiscoveryChanges['approve'] = async (id, asked, terms, actor) => {
    const seen = stored(id);
    if (seen === undefined) return fail(unknown(id));
    if (asked.adopt === true) return adopt(id, asked, terms, actor);
    if (seen.state === 'approved') return fail(settledAlready(seen));
    const wanted: Discovery = { ...seen, wish: { ...seen.wish, ...wishIn(asked) } };
    const conflict = conflictOf(wanted, around);
    if (conflict !== undefined) {
      const text = `${conflict.text}; ${conflict.todo}`;
      return fail({ kind: 'discovery-conflict', text });
    }
    const machine = newMachine(wanted, guessRack(wanted, around)?.rack);
    if (!machine.ok) return fail({ kind: 'discovery-invalid', text: machine.error });
    const { serial, rack, role } = machine.value;
    const key = discoveryPrefix + id;
    const said = asked.rule === undefined ? '' : ` by rule ${asked.rule}`;
    const text = `registered as ${serial}, role ${role}, rack ${rack}${said}`;
    const after: Discovery = {
      ...wanted,
      state: 'approved',
      decision: decision(actor, text, asked.rule, serial),
    };
    let problem: DiscoveryProblem | undefined;
    const registered = await inventory.register([machine.value], actor, {
      dryRun: terms.dryRun === true,
      along: {
        keys: [key, knownMacKey(seen.mac)],
        decide: (view) => {
          const before = read(view, id);
          problem = before.ok ? undefined : before.error;
          problem ??= whyNotExpected(
            view,
            key,
            terms.over === undefined ? {} : { over: terms.over },
            named(id),
          );
          if (problem === undefined && before.ok && isOther(before.value, seen)) {
            const moved = `${named(id)} has changed meanwhile: look again and decide anew`;
            problem = { kind: 'discovery-settled', text: moved };
          }
          if (problem !== undefined) {
            return fail({ kind: 'state-moved', serial, text: problem.text });
          }
          const { write, condition } = auditWrite(actor, clock.now(), chance, {
            ...{ category: 'discoveries', instance: id, action: 'approve', detail: text },
            before: summary(seen),
            after: summary(after),
          });
          const own: Write = { kind: 'put', key, value: encodeDiscovery(after) };
          return ok({ writes: [own, known(after, serial), write], conditions: [condition] });
        },
      },
    });
    if (!registered.ok) {
      return fail(
        registered.error.kind === 'state-moved' ? (problem ?? registered.error) : registered.error,
      );
    }
    const [first] = registered.value.machines;
    const { revision } = registered.value;
    return ok({ discovery: after, revision, ...(first === undefined ? {} : { machine: first }) });
  };

  return {
    edit: async (id, patch, terms, actor) => {
      const wrong = whyWrong(patch);
      if (wrong !== undefined) return fail({ kind: 'discovery-invalid', text: wrong });
      return change(id, 'edit', Object.keys(patch).join(', '), terms, actor, (before) =>
        before.state === 'approved'
          ? fail(settledAlready(before))
          : ok({ ...before, wish: patched(before.wish, patch) }),
      );
    },
    approve,
    reject: (id, { reason, rule }, terms, actor) =>
      change(id, 'reject', reason, terms, actor, (before) =>
        before.state === 'approved'
          ? fail(settledAlready(before))
          : ok({ ...before, state: 'rejected', decision: decision(actor, reason, rule) }),
      ),
    forget: (id, terms, actor) => change(id, 'forget', '', terms, actor, () => ok(undefined)),
  };
}

/** Whether what was decided on is not what is stored now. That it was seen once more changes nothing. */
function isOther(now: Discovery, then: Discovery): boolean {
  const decisive = ({ state, wish, claims }: Discovery) =>
    JSON.stringify([state, wish, [...(wish.labels ?? [])], claims.serial, claims.uuid]);
  return decisive(now) !== decisive(then);
}

function read(view: Pick<View, 'get'>, id: string): Result<Discovery, DiscoveryProblem> {
  const entry = view.get(discoveryPrefix + id);
  if (entry === undefined) return fail(unknown(id));
  const discovery = decodeDiscovery(id, entry.value);
  if (discovery.ok) return discovery;
  const text = `${named(id)} cannot be read: ${discovery.error}`;
  return fail({ kind: 'discovery-invalid', text });
}

/** For the audit log: what decides, without facts. */
function summary({ mac, state, claims, place, wish, decision }: Discovery) {
  const { labels, ...said } = wish;
  const shown = labels === undefined ? {} : { labels: Object.fromEntries(labels) };
  return {
    ...{ mac, state, claims, place, wish: { ...said, ...shown } },
    ...(decision === undefined ? {} : { decision }),
  };
}

function named(id: string): string {
  return `the discovery ${id}`;
}

function unknown(id: string): DiscoveryProblem {
  const shown = JSON.stringify(id.slice(0, 100));
  return { kind: 'discovery-unknown', text: `no machine was discovered as ${shown}` };
}

function settledAlready({ id, decision }: Discovery): DiscoveryProblem {
  const text = `${id} is approved already: ${decision?.text ?? ''} (${decision?.by ?? 'somebody'})`;
  return { kind: 'discovery-settled', text };
}

function whoIs({ user, ip }: Actor): string {
  return user === '' ? ip : user;
}
