/** The name of one request in errors and log lines. */

import type { Chance } from '../base/world.ts';

/**
 * The header, in lower case, in which a client or a proxy in front of us may have named the request.
 *
 * @param configured what the environment says in `REQUEST_ID_HEADER`, as with Sabakan.
 */
export function requestIdHeader(configured: string | undefined): string {
  return (configured || 'X-Cybozu-Request-ID').toLowerCase();
}

/** Longer ones, and those with characters that would disturb a log line, are replaced by ours. */
const given = /^[\x21-\x7e]{1,128}$/;

/** The client's name for it, or a new one in the shape of a UUID (RFC 9562 section 5.4). */
export function requestIdOf(header: string | undefined, chance: Chance): string {
  if (header !== undefined && given.test(header)) return header;
  const digits = Array.from({ length: 8 }, () =>
    Math.floor(chance.next() * 0x1_0000)
      .toString(16)
      .padStart(4, '0'),
  );
  const [a, b, c, d = '0', e = '0', f, g, h] = digits;
  const variant = ((Number.parseInt(e, 16) & 0x3fff) | 0x8000).toString(16);
  return `${a}${b}-${c}-4${d.slice(1)}-${variant}-${f}${g}${h}`;
}
