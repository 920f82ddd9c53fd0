/** What `transact` asks of a decision and what it answers. */

import type { Fail } from './result.ts';
import type { Condition, Entry, Revision, StoreProblem, Write } from './store.ts';

/** What a decision looks at. Each key read becomes an `unmoved` condition of the commit. */
export type Reads = {
  readonly keys: readonly string[];
  /** Everything under these is read too; pair with a `none-under` condition where emptiness must hold. */
  readonly prefixes?: readonly string[];
  /**
   * Keys that are read at the revision `View.readAt` and become no conditions, since there are too many: the decision
   * brings conditions that prove what it rests on, such as `none-born-under`. It is always
   * read anew, and shares a commit only as its first.
   */
  readonly unproven?: readonly string[];
};

/** The entries that were read, with the writes of decisions folded into the same commit already applied. */
export type View = {
  readonly get: (key: string) => Pick<Entry, 'key' | 'value'> | undefined;
  readonly under: (prefix: string) => readonly Pick<Entry, 'key' | 'value'>[];
  /**
   * Of the last change of this key, `absent` when it is not there. Undefined: a decision folded into the same commit
   * changes it, so the revision is the one this commit will have.
   */
  readonly revisionOf: (key: string) => Revision | undefined;
  /** The store's revision when the keys were read; of use with `unproven` alone, since others may be remembered. */
  readonly readAt: Revision;
};

export type Decision<T, E> =
  | {
      readonly ok: true;
      readonly value: T;
      /** None means: nothing to change; answered without a commit. */
      readonly writes: readonly Write[];
      readonly conditions?: readonly Condition[];
    }
  | Fail<E>;

export type Transacted<T> = {
  readonly value: T;
  /**
   * The store's revision of the commit. Where nothing was written, the newest change among the entries read (`absent`
   * when there are none: no mirror would ever hear of the revision at which it looked): a mirror that has it shows what
   * was decided on.
   */
  readonly revision: Revision;
};

/** Others kept changing the same keys; nothing was done. */
export type Contended = { readonly kind: 'contended'; readonly text: string };

/** The request left a receipt when it was carried out before (`receipt.ts`); nothing was done again. */
export type Repeated = { readonly kind: 'request-repeated'; readonly text: string };

export type TransactProblem = StoreProblem | Contended | Repeated;
