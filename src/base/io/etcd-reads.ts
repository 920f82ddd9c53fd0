/** Linearizable reads of one revision, however many keys there are. */

import type { IRangeRequest, IRangeResponse } from 'etcd3';
import { compareKeys } from '../key-order.ts';
import { fail, ok, type Result } from '../result.ts';
import type { Entry, Listing, Revision } from '../store.ts';
import type { Connection } from './etcd-connection.ts';
import { isMark, type KeySpace } from './etcd-keys.ts';
import type { CallProblem } from './etcd-problem.ts';

/** Keys per answer: 500 machines of a few KB stay well under what one answer should weigh. */
const pageMax = 500;
/** etcd's default `--max-txn-ops`. */
const getMax = 128;
/** A listing slower than compaction starts again this often. */
const listAttemptsMax = 3;

export type EtcdReads = {
  readonly get: (keys: readonly string[]) => Promise<Result<Listing, CallProblem>>;
  readonly list: (prefix: string) => Promise<Result<Listing, CallProblem>>;
};

export function etcdReads(connection: Connection, space: KeySpace): EtcdReads {
  const range = (request: IRangeRequest) => connection.read((client) => client.kv.range(request));

  /** Pages until `total` says all were seen; the first page fixes the revision of the others. */
  const listOnce = async (prefix: string): Promise<Result<Listing, CallProblem>> => {
    const { key, range_end } = space.range(prefix);
    const entries: Entry[] = [];
    let start = key;
    let revision: Revision | undefined;
    for (;;) {
      const pinned = revision === undefined ? {} : { revision };
      const page = await range({ key: start, range_end, limit: pageMax, ...pinned });
      if (!page.ok) return page;
      revision ??= revisionOf(page.value);
      for (const kv of page.value.kvs) {
        const entry = space.toEntry(kv);
        if (!isMark(entry.key, prefix)) entries.push(entry);
      }
      const last = page.value.kvs.at(-1);
      if (!page.value.more || last === undefined) return ok({ entries, revision });
      start = Buffer.concat([last.key, Buffer.from([0])]);
    }
  };

  const getChunk = (keys: readonly string[], revision: Revision | undefined) => {
    const pinned = revision === undefined ? {} : { revision };
    const success = keys.map((key) => ({ request_range: { key: space.toBytes(key), ...pinned } }));
    return connection.read((client) => client.kv.txn({ success }));
  };

  return {
    get: async (keys) => {
      const wanted = [...new Set(keys)].sort(compareKeys);
      const [only] = wanted;
      if (wanted.length <= 1) {
        const key = space.toBytes(only ?? 'tetsukan/');
        const got = await range({ key });
        if (!got.ok) return got;
        const entries = only === undefined ? [] : got.value.kvs.map(space.toEntry);
        return ok({ entries, revision: revisionOf(got.value) });
      }
      const first = await getChunk(wanted.slice(0, getMax), undefined);
      if (!first.ok) return first;
      // The first answer fixes the revision of the others, which then need not wait for one another.
      const revision = first.value.header.revision as Revision;
      const rest = Array.from({ length: Math.ceil(wanted.length / getMax) - 1 }, (_, at) =>
        getChunk(wanted.slice((at + 1) * getMax, (at + 2) * getMax), revision),
      );
      const entries: Entry[] = [];
      for (const chunk of [first, ...(await Promise.all(rest))]) {
        if (!chunk.ok) return chunk;
        for (const response of chunk.value.responses) {
          for (const kv of response.response_range.kvs) entries.push(space.toEntry(kv));
        }
      }
      return ok({ entries, revision });
    },
    list: async (prefix) => {
      let last = await listOnce(prefix);
      for (let attempt = 1; attempt < listAttemptsMax; attempt++) {
        if (last.ok || last.error.kind !== 'compacted') return last;
        last = await listOnce(prefix);
      }
      if (!last.ok && last.error.kind === 'compacted') {
        return fail({ ...last.error, kind: 'unavailable' });
      }
      return last;
    },
  };
}

function revisionOf(response: IRangeResponse): Revision {
  return response.header.revision as Revision;
}
