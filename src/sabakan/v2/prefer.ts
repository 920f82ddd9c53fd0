/** `Prefer: respond-async` and `wait` (RFC 7240 sections 4.1 and 4.3): how long a client wants to wait for an answer. */

/** Nobody holds a connection for longer on purpose. */
const waitSecondsMax = 300;

/** Milliseconds; undefined: until it is done. */
export function waitMsOf(header: string | undefined): number | undefined {
  const wishes = (header ?? '').split(/[,;]/).map((wish) => wish.trim().toLowerCase());
  const wait = wishes.map((wish) => /^wait\s*=\s*"?(\d{1,6})"?$/.exec(wish)?.[1]).find(Boolean);
  if (wait !== undefined) return Math.min(Number(wait), waitSecondsMax) * 1_000;
  return wishes.includes('respond-async') ? 0 : undefined;
}
