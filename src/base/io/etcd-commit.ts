/**
 * Commits whose outcome can always be found out.
 *
 * Each commit also writes a mark, a key of this process with the commit's own id, under the condition that the mark
 * was not written since. When the answer is lost, one more transaction on the mark decides: either it finds the id,
 * then the commit happened; or it replaces the mark, then the commit did not and never will, since its condition fails
 * from now on. So a write is never repeated blindly, and callers rarely hear `outcome-unknown`.
 */

import { randomBytes } from 'node:crypto';
import type { ICompare, IRequestOp, ITxnResponse } from 'etcd3';
import { assert } from '../assert.ts';
import { type CommitLimits, groupLength, sizeOf, whyTooLarge } from '../commit-size.ts';
import { fail, ok, type Result } from '../result.ts';
import {
  type Committed,
  type Condition,
  namesEachKeyOnce,
  type Revision,
  type StoreProblem,
  type Write,
} from '../store.ts';
import type { Log } from '../world.ts';
import type { Connection } from './etcd-connection.ts';
import type { KeySpace } from './etcd-keys.ts';
import { type Slot, slotPool } from './etcd-marks.ts';
import { type CallProblem, storeProblem } from './etcd-problem.ts';

export type EtcdCommits = {
  readonly commit: (
    conditions: readonly Condition[],
    writes: readonly Write[],
  ) => Promise<Result<Committed, StoreProblem>>;
  readonly close: () => Promise<void>;
};

const resolvePauseMs = 50;
const fullText = 'etcd is full (its space quota is used up): compact, defragment, disarm the alarm';

type Outcome =
  | Result<Committed, StoreProblem>
  /** Nothing was done, for a reason that has nothing to do with the caller. */
  | 'again'
  /** Nothing was done: etcd's space quota is used up. */
  | 'full';

export function etcdCommits(
  connection: Connection,
  space: KeySpace,
  options: {
    readonly timeoutMs: number;
    readonly limits: CommitLimits;
    readonly log: Log;
  },
): EtcdCommits {
  const { timeoutMs, limits, log } = options;
  const { operationsMax } = limits;
  const slots = slotPool(connection, timeoutMs);

  /** Nested where a flat transaction does not take them; the mark and the conditions stay at the top. */
  const operationsOf = (conditions: number, writes: readonly Write[]): IRequestOp[] => {
    const operations = writes.map((write) => operationOf(write, space));
    const length = groupLength({ conditions, writes: writes.length }, limits) ?? 0;
    return length === 0 ? operations : nested(operations, length);
  };

  const attempt = async (
    slot: Slot,
    conditions: readonly Condition[],
    writes: readonly Write[],
  ): Promise<Outcome> => {
    const id = randomBytes(9).toString('base64url');
    const key = space.toBytes(slot.key);
    const request = {
      compare: [unmoved(key, slot.modRevision), ...conditions.map((one) => compareOf(one, space))],
      success: [
        ...operationsOf(conditions.length, writes),
        { request_put: { key, value: Buffer.from(id), lease: slot.lease.id } },
      ],
      failure: [{ request_range: { key } }],
    };
    const answer = await connection.write((client) => client.kv.txn(request));
    if (!answer.ok) {
      if (!answer.error.certain) return resolve(slot, id, answer.error);
      if (answer.error.kind === 'full') return 'full';
      if (answer.error.kind !== 'lease-gone')
        return fail(storeProblem(answer.error, operationsMax));
      slots.forget(slot.lease);
      return 'again';
    }
    if (answer.value.succeeded) return committed(slot, revisionOf(answer.value));
    const found = markIn(answer.value);
    if (found.modRevision === slot.modRevision) return ok({ kind: 'moved' });
    // Our mark was removed: the lease ran out, or somebody cleaned up.
    slot.modRevision = found.modRevision;
    return 'again';
  };

  /** The answer to a commit was lost: find out, or make sure that it never happens. */
  const resolve = async (slot: Slot, id: string, cause: CallProblem): Promise<Outcome> => {
    const key = space.toBytes(slot.key);
    const fence = `fenced ${id}`;
    const request = {
      compare: [unmoved(key, slot.modRevision)],
      success: [{ request_put: { key, value: Buffer.from(fence), lease: slot.lease.id } }],
      failure: [{ request_range: { key } }],
    };
    const untilMs = performance.now() + 3 * timeoutMs;
    const notDone = (modRevision: string): Outcome => {
      slot.modRevision = modRevision;
      log.warn('a write got no answer and was prevented', { text: cause.text });
      return fail({ kind: 'store-unavailable', text: `${cause.text}; the write was not done` });
    };
    while (performance.now() < untilMs) {
      const answer = await connection.read((client) => client.kv.txn(request));
      if (answer.ok) {
        if (answer.value.succeeded) return notDone(revisionOf(answer.value));
        const found = markIn(answer.value);
        if (found.value === fence) return notDone(found.modRevision);
        if (found.value !== id) break;
        log.warn('a write got no answer and was found done', { text: cause.text });
        return committed(slot, found.modRevision as Revision);
      }
      if (answer.error.kind !== 'unavailable') break;
      await new Promise((wake) => setTimeout(wake, resolvePauseMs));
    }
    slots.abandon(slot);
    log.error('the outcome of a write could not be found out', { text: cause.text });
    return fail({
      kind: 'outcome-unknown',
      text: `${cause.text}; whether the write was done could not be found out`,
    });
  };

  /** A full store takes no mark, but deletes, which make room. Should their answer be lost, nobody can say. */
  const deleteUnmarked = async (
    conditions: readonly Condition[],
    writes: readonly Write[],
  ): Promise<Result<Committed, StoreProblem>> => {
    const request = {
      compare: conditions.map((one) => compareOf(one, space)),
      success: operationsOf(conditions.length, writes),
    };
    const answer = await connection.write((client) => client.kv.txn(request));
    if (!answer.ok) {
      if (answer.error.certain) return fail(storeProblem(answer.error, operationsMax));
      return fail({ kind: 'outcome-unknown', text: answer.error.text });
    }
    if (!answer.value.succeeded) return ok({ kind: 'moved' });
    return ok({ kind: 'committed', revision: revisionOf(answer.value) });
  };

  return {
    commit: async (conditions, writes) => {
      assert(namesEachKeyOnce(writes), 'a commit writes each key once');
      const problem = whyTooLarge(sizeOf(conditions, writes), limits);
      if (problem !== undefined) return fail(problem);
      const onlyDeletes = writes.length > 0 && writes.every((write) => write.kind !== 'put');
      for (let attempts = 0; attempts < 3; attempts++) {
        const slot = await slots.take();
        if (!slot.ok && slot.error.kind === 'full' && onlyDeletes) {
          return deleteUnmarked(conditions, writes);
        }
        if (!slot.ok) return fail(storeProblem(slot.error, operationsMax));
        try {
          const outcome = await attempt(slot.value, conditions, writes);
          if (outcome === 'full' && onlyDeletes) return await deleteUnmarked(conditions, writes);
          if (outcome === 'full') return fail({ kind: 'store-refused', text: fullText });
          if (outcome !== 'again') return outcome;
        } finally {
          slots.giveBack(slot.value);
        }
      }
      const text = 'the marks of this process keep disappearing from the store';
      return fail({ kind: 'store-unavailable', text });
    },
    close: slots.close,
  };
}

function committed(slot: Slot, revision: Revision): Outcome {
  slot.modRevision = revision;
  return ok({ kind: 'committed', revision });
}

function nested(operations: readonly IRequestOp[], length: number): IRequestOp[] {
  const groups = Array.from({ length: Math.ceil(operations.length / length) }, (_, at) =>
    operations.slice(at * length, (at + 1) * length),
  );
  return groups.map((success) => ({ request_txn: { compare: [], success, failure: [] } }));
}

function unmoved(key: Buffer, modRevision: string): ICompare {
  return { key, target: 'Mod', result: 'Equal', mod_revision: modRevision };
}

function compareOf(condition: Condition, space: KeySpace): ICompare {
  switch (condition.kind) {
    case 'unmoved':
      return unmoved(space.toBytes(condition.key), condition.modRevision);
    case 'held': {
      const key = space.toBytes(condition.key);
      return { key, target: 'Create', result: 'Equal', create_revision: condition.createRevision };
    }
    // etcd asks this of every key in the range, and of a key that does not exist (all zeros) when there is none.
    case 'none-under':
      return {
        ...space.range(condition.prefix),
        target: 'Mod',
        result: 'Equal',
        mod_revision: '0',
      };
    case 'quiet-under': {
      const mod_revision = String(BigInt(condition.since) + 1n);
      return { ...space.range(condition.prefix), target: 'Mod', result: 'Less', mod_revision };
    }
    // Where there is no key in the range etcd compares zeros, which are less.
    case 'none-born-under': {
      const create_revision = String(BigInt(condition.since) + 1n);
      return {
        ...space.range(condition.prefix),
        target: 'Create',
        result: 'Less',
        create_revision,
      };
    }
  }
}

function operationOf(write: Write, space: KeySpace): IRequestOp {
  if (write.kind === 'delete-under') return { request_delete_range: space.range(write.prefix) };
  const key = space.toBytes(write.key);
  if (write.kind === 'delete') return { request_delete_range: { key } };
  return { request_put: { key, value: asBuffer(write.value) } };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function revisionOf(answer: ITxnResponse): Revision {
  return answer.header.revision as Revision;
}

function markIn(answer: ITxnResponse): { readonly value: string; readonly modRevision: string } {
  const kv = answer.responses[0]?.response_range.kvs[0];
  return { value: kv?.value.toString() ?? '', modRevision: kv?.mod_revision ?? '0' };
}
