/**
 * Requests that a browser sends for a page of another site: its user's address or certificate would count, and its user
 * knows nothing of it. A token is no such thing, since no page has one that it was not given.
 */

/** Fetch Metadata (W3C), or the older `Origin` (RFC 6454), which no client but a browser sends. */
export function isForeignPage(headers: ReadonlyMap<string, string>): boolean {
  const site = headers.get('sec-fetch-site');
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const origin = headers.get('origin');
  if (origin === undefined) return false;
  return URL.parse(origin)?.host !== headers.get('host')?.toLowerCase();
}
