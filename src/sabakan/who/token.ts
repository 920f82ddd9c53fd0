/**
 * A bearer token: `tetsu_<id>_<secret>`.
 *
 * Of the secret only its SHA-256 is stored. 160 bits of chance cannot be guessed nor tabled, so a salt or a slow hash
 * would add nothing but a way to keep the server busy with wrong tokens.
 */

import { fail, ok, type Result } from '../../base/result.ts';
import { type Instant, instant } from '../../base/time.ts';
import { type AllowedNetwork, isAllowed, parseAllowedNetwork } from '../allow-ips.ts';
import type { AccessRole } from '../contract/operation.ts';
import { isRole } from './role.ts';

export type Token = {
  readonly id: string;
  readonly name: string;
  readonly role: AccessRole;
  readonly createdBy: string;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
  readonly revokedAt: Instant | undefined;
  /** As they were given; empty: from anywhere. */
  readonly networks: readonly string[];
  /** SHA-256 of the secret in hexadecimal. */
  readonly hash: string;
};

export type TokenState = 'active' | 'expired' | 'revoked';

/** What only the outside has. */
export type Secrets = {
  /** Octets that nobody can foresee. */
  readonly random: (octets: number) => Uint8Array;
  /** SHA-256 of UTF-8 text, in lower-case hexadecimal. */
  readonly sha256: (text: string) => string;
};

/** Where nobody can ask for tokens: none is made, and none is the right one. */
export const noSecrets: Secrets = {
  random: () => {
    throw new Error('this fleet was given no source of secrets');
  },
  sha256: () => '',
};

const secretOctets = 20;
const idOctets = 5;
/** Lower case, and nothing that is mistaken for something else (RFC 4648 section 6). */
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
const shape = /^tetsu_([a-z2-7]{8})_([a-z2-7]{32})$/;

export function newTokenText(secrets: Secrets): {
  readonly id: string;
  readonly secret: string;
  readonly text: string;
} {
  const id = base32(secrets.random(idOctets));
  const secret = base32(secrets.random(secretOctets));
  return { id, secret, text: `tetsu_${id}_${secret}` };
}

/** Undefined: this is no token of ours. */
export function parseTokenText(
  text: string,
): { readonly id: string; readonly secret: string } | undefined {
  const [, id, secret] = shape.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

export function tokenState(token: Token, now: Instant): TokenState {
  if (token.revokedAt !== undefined) return 'revoked';
  return now >= token.expiresAt ? 'expired' : 'active';
}

export function isFrom(token: Token, address: string): boolean {
  if (token.networks.length === 0) return true;
  const networks = token.networks.flatMap((text): readonly AllowedNetwork[] => {
    const network = parseAllowedNetwork(text);
    return network.ok ? [network.value] : [];
  });
  return isAllowed(networks, address);
}

/** Takes as long whatever differs. */
export function sameHash(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let at = 0; at < a.length; at += 1) {
    difference |= a.charCodeAt(at) ^ (b.charCodeAt(at) || 0);
  }
  return difference === 0;
}

export function encodeToken(token: Token): Uint8Array {
  const { id: _, ...record } = token;
  return new TextEncoder().encode(JSON.stringify(record));
}

/** @param id the key's last segment. */
export function decodeToken(id: string, bytes: Uint8Array): Result<Token, string> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return fail('it is not JSON');
  }
  if (typeof json !== 'object' || json === null) return fail('it is not an object');
  const { name, role, createdBy, createdAt, expiresAt, revokedAt, networks, hash } =
    json as Readonly<Record<string, unknown>>;
  if (!isRole(role)) return fail('role is none of viewer, operator, admin');
  if (typeof hash !== 'string' || !/^[0-9a-f]{64}$/.test(hash)) return fail('hash is no SHA-256');
  if (!isTime(createdAt) || !isTime(expiresAt)) return fail('createdAt or expiresAt is missing');
  if (revokedAt !== undefined && !isTime(revokedAt)) return fail('revokedAt is no time');
  // A list that cannot be read must not become "from anywhere".
  const isList =
    Array.isArray(networks) &&
    networks.every((one) => typeof one === 'string' && parseAllowedNetwork(one).ok);
  if (!isList) return fail('networks is no list of networks');
  return ok({
    id,
    name: String(name ?? ''),
    role,
    createdBy: String(createdBy ?? ''),
    createdAt: instant(createdAt),
    expiresAt: instant(expiresAt),
    revokedAt: revokedAt === undefined ? undefined : instant(revokedAt),
    networks: networks as readonly string[],
    hash,
  });
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function base32(octets: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const octet of octets) {
    held = (held << 8) | octet;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[(held >> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return text;
}
