/**
 * What a noun of version 2 is made of. Lists, watches, the API's description and the command line are all built on this
 * one description, so a column that can be shown can also be selected and sorted by.
 */

import type { Result } from '../../base/result.ts';
import type { Revision } from '../../base/store.ts';
import type { Instant } from '../../base/time.ts';
import type { Missing } from '../contract/list.ts';
import type { Problem } from '../problems.ts';

export type Column<T> = {
  readonly name: string;
  /** As it is selected by; undefined: this object has none. */
  readonly text: (item: T) => string | undefined;
  /** Where the order of texts is not the order people mean. */
  readonly number?: (item: T) => number;
  /** Of the member it shows, where that is not called as the column: `spec.bmc.type`. */
  readonly path?: string;
};

/** All objects of a noun at one moment. */
export type Snapshot<T> = {
  /** Of the last change among them: equal ones mean equal lists, on whichever server. */
  readonly changed: Revision;
  /** No change up to here is missing: where a watch goes on. */
  readonly completeTo: Revision;
  /** In the noun's own order; the same array while nothing changes. */
  readonly items: readonly T[];
  /** What `readable` leaves out; absent: nothing. */
  readonly missing?: readonly Missing[];
};

export type CollectionChange<T> = {
  readonly name: string;
  readonly before: T | undefined;
  readonly after: T | undefined;
};

export type CollectionNews<T> =
  /** All that one revision changed; revisions only grow. */
  | {
      readonly kind: 'changed';
      readonly revision: Revision;
      readonly changes: readonly CollectionChange<T>[];
      /**
       * About how much memory they hold once they have been read; absent: what changes usually do. Where changes are made
       * only when somebody reads them, it can be told without that.
       */
      readonly heldBytes?: number;
    }
  /** What happened since the last news is not known in order: list again. */
  | { readonly kind: 'listed' };

export type Collection<T> = {
  /** Plural, as it stands in paths: `machines`. */
  readonly noun: string;
  readonly columns: readonly Column<T>[];
  readonly nameOf: (item: T) => string;
  /** Absent: objects of this noun carry no labels. */
  readonly labelsOf?: (item: T) => ReadonlyMap<string, string>;
  /** Columns change by time alone, as when a lease expires: a new list is made for every first page. */
  readonly ages?: boolean;
  readonly toJson: (item: T, now: Instant) => unknown;
  /** What one object that is asked for by its name says, where that is more than `toJson`. */
  readonly detail?: (item: T, now: Instant) => unknown;
  /** Of its last change: the object's ETag. */
  readonly revisionOf: (item: T) => Revision;
  /** Whole or not at all. */
  readonly snapshot: () => Result<Snapshot<T>, Problem>;
  /** What can be read, for who asks for no more; absent: there is only the whole. */
  readonly readable?: () => Result<Snapshot<T>, Problem>;
  readonly find: (name: string) => Result<T | undefined, Problem>;
  /** No change up to here is missing. */
  readonly completeTo: () => Revision;
  readonly subscribe: (listener: (news: CollectionNews<T>) => void) => () => void;
};
