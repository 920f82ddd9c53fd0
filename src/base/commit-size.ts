/**
 * What fits into one commit: etcd counts operations and bytes.
 *
 * etcd 3.4 and later (`checkTxnRequest`) takes a transaction whose longest list (comparisons, operations of success, of
 * failure) has at most `--max-txn-ops` entries, and lets a transaction nested in it have what is left: the limit less
 * that length. So what is more than a flat transaction takes goes into nested ones, `groups × (limit − groups − 1)`
 * operations; with the default of 128 that is 63 × 64. Comparisons are at the top and take from the same limit.
 */

import type { Condition, StoreProblem, Write } from './store.ts';

export type CommitLimits = {
  /** etcd's `--max-txn-ops`. One comparison and one operation of the top level are the store's own. */
  readonly operationsMax: number;
  /** What the keys, values and conditions of a commit may weigh, by `bytesOf`. */
  readonly bytesMax: number;
};

export type CommitSize = {
  readonly conditions: number;
  readonly writes: number;
  readonly bytes: number;
};

/** etcd's defaults: `--max-txn-ops 128`, `--max-request-bytes` 1.5 MiB. */
export const operationsDefault = 128;
export const requestBytesDefault = 1.5 * 1024 * 1024;

/** Of a request: the transaction's own frame, its slot, the name of the user. */
const frameBytes = 16 * 1024;
/** Frames of one operation or comparison, and the configured prefix of its key; measured: 23 bytes with `/sabakan/`. */
const itemBytes = 32;

/** @param requestBytesMax etcd's `--max-request-bytes`. */
export function commitBytesMax(requestBytesMax: number): number {
  return requestBytesMax - frameBytes;
}

export function conditionsMaxOf({ operationsMax }: Pick<CommitLimits, 'operationsMax'>): number {
  return operationsMax - 1;
}

/** Under no more conditions than half of `operationsMax`; `groupLength` says how many under others. */
export function writesMaxOf({ operationsMax }: Pick<CommitLimits, 'operationsMax'>): number {
  const groups = groupsFor(0, operationsMax);
  return Math.max(operationsMax - 1, groups * (operationsMax - groups - 1));
}

/** How many writes go into each nested transaction: 0 where all fit without nesting, undefined where they do not fit. */
export function groupLength(
  { conditions, writes }: Pick<CommitSize, 'conditions' | 'writes'>,
  { operationsMax }: Pick<CommitLimits, 'operationsMax'>,
): number | undefined {
  if (conditions > operationsMax - 1) return undefined;
  if (writes <= operationsMax - 1) return 0;
  const groups = groupsFor(conditions, operationsMax);
  const length = operationsMax - groups - 1;
  return groups * length >= writes ? length : undefined;
}

/** As many as leaves the most operations: half, or more where that many comparisons stand beside them. */
function groupsFor(conditions: number, operationsMax: number): number {
  return Math.max(Math.floor((operationsMax - 1) / 2), conditions);
}

export function bytesOf(item: Write | Condition): number {
  const key = utf8Length('key' in item ? item.key : item.prefix);
  return itemBytes + key + (item.kind === 'put' ? item.value.length : 0);
}

export function sizeOf(conditions: readonly Condition[], writes: readonly Write[]): CommitSize {
  const bytes = [...conditions, ...writes].reduce((sum, item) => sum + bytesOf(item), 0);
  return { conditions: conditions.length, writes: writes.length, bytes };
}

/** Why a commit of this size is refused before it is sent, with what would help. */
export function whyTooLarge(size: CommitSize, limits: CommitLimits): StoreProblem | undefined {
  const { operationsMax, bytesMax } = limits;
  const sorry = (text: string): StoreProblem => ({ kind: 'too-large', text, operationsMax });
  if (size.bytes > bytesMax) {
    return sorry(
      `the change weighs ${size.bytes} bytes, and the store takes ${bytesMax} at once (etcd's --max-request-bytes): ` +
        'nothing was done; change fewer things at once',
    );
  }
  if (groupLength(size, limits) !== undefined) return undefined;
  return sorry(
    `${size.writes} writes under ${size.conditions} conditions are more than one commit takes: at most ` +
      `${writesMaxOf(limits)} writes, and ${conditionsMaxOf(limits)} conditions (etcd's --max-txn-ops is ` +
      `${operationsMax}); nothing was done; change fewer things at once`,
  );
}

function utf8Length(text: string): number {
  let length = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    // A surrogate pair is four bytes: two more than its two units.
    if (code > 0x7f) length += code > 0x7ff && (code < 0xd800 || code > 0xdfff) ? 2 : 1;
  }
  return length;
}
