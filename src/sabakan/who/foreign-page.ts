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

/** Names that nobody outside can point at this server: RFC 6761, RFC 6762, RFC 8375, and ICANN's `internal`. */
const insideOnly = /(^|\.)(localhost|local|internal|home\.arpa|lan)$/;

/**
 * A browser that asks under a name which anybody may have made: its page came from another server of that name, which
 * then moved to this address (DNS rebinding), so that browser and `Origin` call it the same site.
 *
 * @param names of this server, in lower case. Addresses and names without a dot need not be among them.
 */
export function isUnderStrangeName(
  headers: ReadonlyMap<string, string>,
  names: ReadonlySet<string>,
): boolean {
  if (!headers.has('sec-fetch-site') && !headers.has('origin')) return false;
  const host = URL.parse(`http://${headers.get('host') ?? ''}`)?.hostname.replace(/\.$/, '');
  if (host === undefined) return true;
  const isAddress = host.startsWith('[') || /^[\d.]+$/.test(host);
  return !isAddress && host.includes('.') && !insideOnly.test(host) && !names.has(host);
}
