/**
 * Automatic persisted queries: a client sends the SHA-256 of its query in place of the query, and the query itself only
 * when it is told that nobody here knows it. Texts of errors are those that clients look for.
 */

import { fail, ok, type Result } from '../../base/result.ts';

export type PersistedQueries = {
  /**
   * The query to run, which is remembered where the client asks for it.
   *
   * @param query empty where only its hash was sent.
   */
  readonly resolve: (
    query: string,
    extensions: unknown,
  ) => Promise<Result<string, PersistedQueryProblem>>;
};

export type PersistedQueryProblem = { readonly message: string; readonly code?: string };

/** Sabakan's; the least recently used is forgotten. */
export const persistedQueriesMax = 100;

export function createPersistedQueries(): PersistedQueries {
  const known = new Map<string, string>();
  const remember = (hash: string, query: string): void => {
    known.delete(hash);
    known.set(hash, query);
    const [oldest] = known.keys();
    if (known.size > persistedQueriesMax && oldest !== undefined) known.delete(oldest);
  };
  return {
    resolve: async (query, extensions) => {
      const persisted = memberOf(extensions, 'persistedQuery');
      if (persisted === undefined) return ok(query);
      const hash = memberOf(persisted, 'sha256Hash');
      if (typeof hash !== 'string') return fail({ message: 'invalid APQ extension data' });
      if (memberOf(persisted, 'version') !== 1) return fail({ message: 'unsupported APQ version' });
      if (query !== '') {
        if ((await sha256(query)) !== hash) {
          return fail({ message: 'provided APQ hash does not match query' });
        }
        remember(hash, query);
        return ok(query);
      }
      const found = known.get(hash);
      if (found === undefined) {
        return fail({ message: 'PersistedQueryNotFound', code: 'PERSISTED_QUERY_NOT_FOUND' });
      }
      remember(hash, found);
      return ok(found);
    },
  };
}

function memberOf(json: unknown, name: string): unknown {
  if (typeof json !== 'object' || json === null || !Object.hasOwn(json, name)) return undefined;
  return (json as Readonly<Record<string, unknown>>)[name];
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((octet) => octet.toString(16).padStart(2, '0')).join('');
}
