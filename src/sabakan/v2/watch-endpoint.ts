/** `/api/v2/watch/NOUN`: the door to a watch. */

import { fail, ok } from '../../base/result.ts';
import { compareRevisions, type Revision } from '../../base/store.ts';
import type { Clock } from '../../base/world.ts';
import type { Operation } from '../contract/operation.ts';
import type { Answer } from '../exchange.ts';
import { badRequest, type Problem } from '../problems.ts';
import type { Collection } from './collection.ts';
import type { Endpoint } from './endpoint.ts';
import { schemaAt } from './fields.ts';
import { readFields, readSelectors } from './list-query.ts';
import { type WatchHub, watchersMax } from './watch.ts';

/** A reader that comes from another server may be ahead of this one for a moment. */
const aheadMs = 5_000;
const lookAgainMs = 50;

export function watchEndpoint<T>(
  operation: Operation,
  collection: Collection<T>,
  hub: WatchHub,
  clock: Clock,
): Endpoint {
  const change = schemaAt(operation.answer.schema, 'changes') as
    | { readonly properties?: { readonly object?: unknown } }
    | undefined;
  const objectSchema = change?.properties?.object;

  const reached = async (revision: Revision): Promise<boolean> => {
    const untilMs = clock.monotonicMs() + aheadMs;
    while (compareRevisions(revision, collection.completeTo()) > 0) {
      if (clock.monotonicMs() >= untilMs) return false;
      await new Promise<void>((go) => clock.after(lookAgainMs, go));
    }
    return true;
  };

  return {
    operation,
    handle: async ({ exchange, query }) => {
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
      if (!(await reached(from))) {
        const text = `this server has not heard of revision ${from} yet; it is at ${collection.completeTo()}`;
        return fail({ problem: { kind: 'not-live', text } });
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
