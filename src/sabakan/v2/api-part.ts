/** A part of version 2: what a noun, or a few operations that belong together, add to the API. */

import type { Clock } from '../../base/world.ts';
import type { ReadOperations } from '../contract/collection-operations.ts';
import type { Collection } from './collection.ts';
import { getEndpoint, listEndpoint } from './collection-endpoints.ts';
import type { Endpoint } from './endpoint.ts';
import { createJournal } from './journal.ts';
import { createWatchHub, type WatchHub } from './watch.ts';
import { watchEndpoint } from './watch-endpoint.ts';

export type ApiPart = {
  readonly endpoints: readonly Endpoint[];
  /** Of its watches, where it has any. */
  readonly hub?: WatchHub;
};

/**
 * A noun that is listed, asked for by name, and watched.
 *
 * @param key the path's parameter that names an object.
 * @param more endpoints beside these three.
 */
export function collectionPart<T>(
  operations: ReadOperations,
  collection: Collection<T>,
  key: string,
  clock: Clock,
  more: readonly Endpoint[] = [],
): ApiPart {
  const journal = createJournal(collection, clock);
  const hub = createWatchHub(collection, journal, clock);
  return {
    endpoints: [
      listEndpoint(operations.list, collection, clock, journal),
      getEndpoint(operations.get, collection, key, clock),
      watchEndpoint(operations.watch, collection, hub),
      ...more,
    ],
    hub,
  };
}
