/** `/api/v2/watch/NOUN`: the door to a watch. */

import { fail, ok } from '../../base/result.ts';
import { compareRevisions, type Revision } from '../../base/store.ts';
import type { Operation } from '../contract/operation.ts';
import type { Answer } from '../exchange.ts';
import { badRequest, type Problem } from '../problems.ts';
import type { Collection } from './collection.ts';
import type { Endpoint } from './endpoint.ts';
import { schemaAt } from './fields.ts';
import { readFields, readSelectors } from './list-query.ts';
import { type WatchHub, watchersMax } from './watch.ts';

export function watchEndpoint<T>(
  operation: Operation,
  collection: Collection<T>,
  hub: WatchHub,
): Endpoint {
  const change = schemaAt(operation.answer.schema, 'changes') as
    | { readonly properties?: { readonly object?: unknown } }
    | undefined;
  const objectSchema = change?.properties?.object;

  return {
    operation,
    handle: async ({ exchange, query, storeRevision }) => {
      const selectors = readSelectors(collection, query);
      if (!selectors.ok) return selectors;
      const keep = readFields(collection, objectSchema, query);
      if (!keep.ok) return keep;
      const { where, labels } = selectors.value;
      // A browser that reconnects says by itself what it had last.
      const given = exchange.headers.get('last-event-id') ?? query.get('from');
      if (given !== undefined && !/^\d{1,19}$/.test(given)) {
        const detail = `is ${JSON.stringify(given.slice(0, 40))}, not the revision of a list or the id of an event`;
        const places = [{ parameter: 'from', detail }];
        return fail({ problem: badRequest(`from ${detail}`), places });
      }
      const snapshot = collection.snapshot();
      if (!snapshot.ok) return fail({ problem: snapshot.error });
      const from = (given as Revision | undefined) ?? snapshot.value.completeTo;
      // Of another noun's list, or of a server that has heard more: whatever comes after it is still to be told here.
      if (compareRevisions(from, snapshot.value.completeTo) > 0) {
        const head = await storeRevision();
        if (!head.ok) return fail({ problem: head.error });
        if (compareRevisions(from, head.value) > 0)
          return fail({ problem: neverWas(from, head.value) });
      }
      const why = hub.whyNot(from);
      if (why !== undefined) return fail({ problem: refusal(why, from) });
      const stay = exchange.admitted?.stay;
      if (stay?.hasRoom() === false) {
        const text = 'you have as many watches open as one caller may; end some first';
        return fail({ problem: { kind: 'watchers-busy', text } });
      }
      return ok(streamed(() => hub.open(from, { where, labels, keep: keep.value }, stay)));
    },
  };
}

function refusal(why: 'gone' | 'busy', from: Revision): Problem {
  return why === 'busy'
    ? {
        kind: 'watchers-busy',
        text: `${watchersMax} watches are open on this server; ask another one, or later`,
      }
    : {
        kind: 'history-gone',
        text: `changes since revision ${from} are not kept any more; list again and watch from there`,
      };
}

/** Waiting for it would leave out all that comes before. */
function neverWas(from: Revision, head: Revision): Problem {
  const text = `revision ${from} is none of this store, which is at ${head}: it may have been restored from a backup; list again and watch from there`;
  return { kind: 'history-gone', text };
}

function streamed(open: () => AsyncIterable<Uint8Array>): Answer {
  return {
    status: 200,
    headers: {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      // nginx gathers answers otherwise.
      'x-accel-buffering': 'no',
    },
    body: { kind: 'stream', open },
  };
}
