/** What images and assets say of where they are, and what an upload says of its octets. */

import { fail, ok, type Result } from '../../base/result.ts';
import type { Here } from '../../pxe/desks.ts';
import type { HereV2 } from '../contract/blob.ts';
import type { Exchange } from '../exchange.ts';
import { badRequest } from '../problems.ts';
import type { Refusal } from './endpoint.ts';

export function hereJson(here: Here): HereV2 {
  const nothing = { receivedBytes: null, from: null, why: null };
  switch (here.state) {
    case 'present':
      return { ...nothing, state: here.state };
    case 'pulling':
      return { ...nothing, ...here, from: here.from ?? null };
    case 'missing':
      return { ...nothing, ...here };
  }
}

/** `http://10.0.0.1:10080/api/v1/assets/x` → `http://10.0.0.1:10080`; whatever is no such URL stays as it is. */
export function serversIn(urls: readonly string[]): string[] {
  return urls.map((url) => url.replace(/\/api\/v1\/(assets|images)\/.*$/, ''));
}

/**
 * The SHA-256 that the octets are said to have, in lower-case hexadecimal: `Content-Digest` (RFC 9530) or `X-Sha256`.
 * Digests of other kinds are not looked at.
 */
export function readDigest({
  headers,
}: Pick<Exchange, 'headers'>): Result<string | undefined, Refusal> {
  const given = headers.get('content-digest');
  const [, base64] = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]*):/.exec(given ?? '') ?? [];
  if (given?.includes('sha-256=') && base64 === undefined) return wrong('Content-Digest', given);
  const digest = base64 === undefined ? undefined : hexOf(base64);
  if (base64 !== undefined && digest === undefined) return wrong('Content-Digest', given ?? '');
  const hex = headers.get('x-sha256')?.trim().toLowerCase();
  if (hex !== undefined && !/^[0-9a-f]{64}$/.test(hex)) return wrong('X-Sha256', hex);
  if (digest !== undefined && hex !== undefined && digest !== hex) {
    const text = 'Content-Digest and X-Sha256 name different SHA-256s';
    return fail({ problem: badRequest(text) });
  }
  return ok(digest ?? hex);
}

function hexOf(base64: string): string | undefined {
  try {
    const octets = atob(base64);
    if (octets.length !== 32) return undefined;
    return [...octets].map((one) => one.charCodeAt(0).toString(16).padStart(2, '0')).join('');
  } catch {
    return undefined;
  }
}

function wrong(header: string, given: string): Result<never, Refusal> {
  const right =
    header === 'X-Sha256' ? '64 hexadecimal digits' : 'sha-256=:BASE64: with 32 octets (RFC 9530)';
  const text = `${header} is ${JSON.stringify(given.slice(0, 100))}; it must be ${right}`;
  return fail({ problem: badRequest(text) });
}
