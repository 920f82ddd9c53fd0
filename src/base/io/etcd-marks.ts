/**
 * The marks that commits write, as slots: each is used by one commit at a time, hangs on a lease of this process, and so
 * vanishes after it.
 */

import { randomBytes } from 'node:crypto';
import { fail, ok, type Result } from '../result.ts';
import type { Connection } from './etcd-connection.ts';
import { commitsPrefix } from './etcd-keys.ts';
import { grantLease, type Lease } from './etcd-lease.ts';
import type { CallProblem } from './etcd-problem.ts';

/** Commits in flight; each needs a mark of its own. More wait. */
const slotsMax = 64;
/** Commits waiting for a mark; with that many, the store is too slow for what is asked of it. */
const waitingMax = 20_000;
/** Marks outlive their process by this long at most. */
const leaseSeconds = 60;

/** `modRevision`: what this process knows to be the mark's last change. Used by one commit at a time. */
export type Slot = { readonly key: string; readonly lease: Lease; modRevision: string };

export type SlotPool = {
  readonly take: () => Promise<Result<Slot, CallProblem>>;
  readonly giveBack: (slot: Slot) => void;
  /** Nobody knows what its mark says: never used again. */
  readonly abandon: (slot: Slot) => void;
  /** The lease is gone, and all marks on it. */
  readonly forget: (lease: Lease) => void;
  readonly close: () => Promise<void>;
};

export function slotPool(connection: Connection, timeoutMs: number): SlotPool {
  const instance = randomBytes(6).toString('hex');
  const abandoned = new Set<Slot>();
  let free: Slot[] = [];
  const waiting: (() => void)[] = [];
  let inUse = 0;
  let named = 0;
  let lease: Promise<Result<Lease, CallProblem>> | undefined;
  let closed = false;

  const currentLease = async (): Promise<Result<Lease, CallProblem>> => {
    lease ??= grantLease(connection, leaseSeconds, timeoutMs).then((granted) => {
      if (!granted.ok) lease = undefined;
      else void granted.value.lost.then(() => forget(granted.value));
      return granted;
    });
    return lease;
  };
  const forget = (gone: Lease) => {
    free = free.filter((slot) => slot.lease !== gone);
    void lease?.then((held) => {
      if (held.ok && held.value === gone) lease = undefined;
    });
  };

  return {
    take: async () => {
      if (waiting.length >= waitingMax) {
        const text = `${waitingMax} commits are waiting for the store already`;
        return fail({ kind: 'unavailable', text, certain: true });
      }
      if (inUse >= slotsMax) await new Promise<void>((wake) => waiting.push(wake));
      else inUse += 1;
      const held = await currentLease();
      const problem: CallProblem | undefined = closed
        ? { kind: 'unavailable', text: 'the store was closed', certain: true }
        : held.ok
          ? undefined
          : held.error;
      if (problem !== undefined || !held.ok) {
        passOn();
        return fail(problem as CallProblem);
      }
      const key = `${commitsPrefix}${instance}/${named}`;
      const slot = free.pop();
      if (slot !== undefined) return ok(slot);
      named += 1;
      return ok({ key, lease: held.value, modRevision: '0' });
    },
    giveBack: (slot) => {
      const useful = !abandoned.delete(slot) && slot.lease.certainUntilMs() > performance.now();
      if (useful) free.push(slot);
      passOn();
    },
    abandon: (slot) => void abandoned.add(slot),
    forget,
    close: async () => {
      closed = true;
      const held = await lease;
      if (held?.ok) await held.value.revoke();
    },
  };

  /** A place is free: the next one waiting takes it over. */
  function passOn() {
    const next = waiting.shift();
    if (next === undefined) inUse -= 1;
    else next();
  }
}
