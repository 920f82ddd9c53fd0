/** On what condition something is written, decided inside the transaction that writes it. */

import type { Transacted, View } from './decision.ts';
import { fail, type Result } from './result.ts';
import { absent, type Revision } from './store.ts';

export type PutTerms = {
  /** What must be there when it is written: nothing, anything, one of these revisions; absent: whatever is. */
  readonly over?: 'nothing' | 'anything' | readonly Revision[];
  /** Decides on what is stored now, and writes nothing. */
  readonly dryRun?: boolean;
};

/** It is not as the caller knew it: `current` is the revision of its last change, `0` when it is not there. */
export type PreconditionFailed = {
  readonly kind: 'precondition-failed';
  readonly current: Revision;
  readonly text: string;
};

/** Undefined: it may be written. @param what such as `the asset x`. */
export function whyNotExpected(
  view: Pick<View, 'get' | 'revisionOf'>,
  key: string,
  terms: PutTerms,
  what: string,
): PreconditionFailed | undefined {
  return whyNotThisOne(view.get(key) !== undefined, view.revisionOf(key), terms, what);
}

/**
 * The same of something that shares its key with others.
 *
 * @param revision undefined: a commit under way gives it the revision that this commit would have had.
 */
export function whyNotThisOne(
  isThere: boolean,
  revision: Revision | undefined,
  { over }: PutTerms,
  what: string,
): PreconditionFailed | undefined {
  if (over === undefined) return undefined;
  const current = isThere ? revision : absent;
  if (over === 'nothing' ? !isThere : isThere && isAmong(over, current)) return undefined;
  return precondition(what, isThere, current ?? underWay);
}

const underWay = '' as Revision;

function isAmong(over: 'anything' | readonly Revision[], current: Revision | undefined): boolean {
  return over === 'anything' || (current !== undefined && over.includes(current));
}

function precondition(what: string, isThere: boolean, current: Revision): PreconditionFailed {
  const now = isThere ? `is there, its revision is ${current}` : 'is not there';
  return { kind: 'precondition-failed', current, text: `${what} ${now}` };
}

/** What a transaction that answers `whyNotExpected` as its value came to. */
export function settled<E>(
  result: Result<Transacted<PreconditionFailed | undefined>, E>,
): Result<Transacted<PreconditionFailed | undefined>, E | PreconditionFailed> {
  if (!result.ok || result.value.value === undefined) return result;
  const failed = result.value.value;
  if (failed.current !== underWay) return fail(failed);
  const { revision } = result.value;
  return fail({ ...failed, current: revision, text: `${failed.text}${revision}` });
}
