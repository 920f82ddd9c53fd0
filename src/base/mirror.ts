/**
 * A prefix of the store as decoded values in memory: listed once, then fed by the watch.
 *
 * Reads are answered from here; `reached` lets a writer wait until its own commit shows, so that a server's answer
 * always contains what that server has acknowledged.
 */

import type { Result } from './result.ts';
import type { Revision, StoreProblem } from './store.ts';

export type Freshness =
  | { readonly kind: 'loading' }
  | { readonly kind: 'live' }
  /** The link is down: the values are those of `revision`, `silentMs` old at least. */
  | { readonly kind: 'behind'; readonly silentMs: number; readonly text: string };

export type MirrorChange<V> = {
  readonly key: string;
  /** Undefined when the key was deleted. */
  readonly value: V | undefined;
  readonly before: V | undefined;
  readonly revision: Revision;
};

export type Mirror<V> = {
  /** Keys without the mirror's prefix. */
  readonly get: (key: string) => V | undefined;
  /** In key order (bytewise), as listed; a new array only when something changed. */
  readonly entries: () => readonly (readonly [key: string, value: V])[];
  /** All changes up to here are in. */
  readonly revision: () => Revision;
  readonly freshness: () => Freshness;
  /** Resolves true when `revision` is in, false when `timeoutMs` passed first. */
  readonly reached: (revision: Revision, timeoutMs: number) => Promise<boolean>;
  /** Called after each applied batch, also after a re-list (with the differences only). Returns how to stop. */
  readonly subscribe: (listener: (changes: readonly MirrorChange<V>[]) => void) => () => void;
  /** Values that did not decode, by key: reported, never dropped silently, never overwritten. */
  readonly broken: () => ReadonlyMap<string, string>;
  readonly start: () => Promise<Result<void, StoreProblem>>;
  readonly stop: () => void;
};
