/** What stands after the method in a request line → path and query. */

import { fail, ok, type Result } from '../base/result.ts';

export type RequestTarget = {
  readonly path: string;
  readonly query: ReadonlyMap<string, string>;
};

/** Decoded once (`%252e` stays `%2e`), never normalised. RFC 9112 section 3.2: proxies may send a whole URL. */
export function parseTarget(target: string): Result<RequestTarget, string> {
  const local = target.replace(/^https?:\/\/[^/?]*/i, '');
  const cut = local.indexOf('?');
  const rawPath = cut < 0 ? local : local.slice(0, cut);
  const query = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(cut < 0 ? '' : local.slice(cut + 1))) {
    if (!query.has(name)) query.set(name, value);
  }
  try {
    const path = decodeURIComponent(rawPath);
    return path.includes('\0') ? fail('the path holds a NUL') : ok({ path, query });
  } catch {
    return fail('the path is not percent-encoded UTF-8');
  }
}
