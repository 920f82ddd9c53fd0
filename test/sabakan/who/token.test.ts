import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { instant } from '../../../src/base/time.ts';
import { readCredential } from '../../../src/sabakan/who/credential.ts';
import {
  decodeToken,
  encodeToken,
  newTokenText,
  parseTokenText,
  sameHash,
  type Token,
} from '../../../src/sabakan/who/token.ts';
import { verifyToken } from '../../../src/sabakan/who/verify.ts';
import { sha256Hex } from '../../support/digest.ts';

const secrets = { random: (octets: number) => randomBytes(octets), sha256: sha256Hex };
const secret = 'abcdefghijklmnopqrstuvwxyz234567';
const text = `tetsu_abcdefgh_${secret}`;
const token: Token = {
  id: 'abcdefgh',
  name: 'ci',
  role: 'operator',
  createdBy: 'alice',
  createdAt: instant(1000),
  expiresAt: instant(10_000),
  revokedAt: undefined,
  networks: [],
  hash: sha256Hex(secret),
};

describe('a token', () => {
  it('holds 160 bits of chance, and says what it is', () => {
    const made = Array.from({ length: 200 }, () => newTokenText(secrets));
    expect(new Set(made.map((one) => one.secret)).size).toBe(200);
    for (const one of made) {
      expect(one.text).toMatch(/^tetsu_[a-z2-7]{8}_[a-z2-7]{32}$/);
      expect(parseTokenText(one.text)).toEqual({ id: one.id, secret: one.secret });
    }
  });

  it('is stored without its secret, and read as it was', () => {
    const bytes = encodeToken(token);
    expect(new TextDecoder().decode(bytes)).not.toContain(secret);
    expect(decodeToken('abcdefgh', bytes)).toEqual({ ok: true, value: token });
  });

  it.each([
    ['role', 'root'],
    ['hash', 'x'],
    ['hash', ''],
    ['networks', undefined],
    ['networks', ['everywhere']],
    ['expiresAt', undefined],
    ['expiresAt', 'never'],
    ['revokedAt', 'yes'],
  ])('is not read when its record has %s: %j', (member, value) => {
    const record = { ...token, [member]: value };
    const bytes = new TextEncoder().encode(JSON.stringify(record));
    expect(decodeToken('abcdefgh', bytes).ok).toBe(false);
  });

  it.each([
    ['now', 5000, {}, true],
    ['one millisecond before its end', 9999, {}, true],
    ['at its end', 10_000, {}, false],
    ['revoked', 5000, { revokedAt: instant(4000) }, false],
    ['from its network', 5000, { networks: ['192.0.2.0/24'] }, true],
    ['from elsewhere', 5000, { networks: ['198.51.100.0/24'] }, false],
  ])('%s', (_, now, more, isGood) => {
    const verified = verifyToken({ ...token, ...more }, token.hash, '192.0.2.7', instant(now));
    expect(verified.ok).toBe(isGood);
  });

  it('tells the holder of a wrong secret nothing about it', () => {
    const ended = { ...token, revokedAt: instant(1) };
    const wrong = sha256Hex('x');
    const none = verifyToken(undefined, wrong, '192.0.2.7', instant(5000));
    expect(verifyToken(ended, wrong, '192.0.2.7', instant(5000))).toEqual(none);
  });
});

it.each([
  [token.hash, token.hash, true],
  [token.hash, `${token.hash}0`, false],
  [token.hash, token.hash.slice(1), false],
  [token.hash, '', false],
  ['', token.hash, false],
])('hashes %s and %s', (a, b, same) => {
  expect(sameHash(a, b)).toBe(same);
});

it.each([
  [undefined, 'none'],
  ['', 'none'],
  ['  ', 'none'],
  [`Bearer ${text}`, 'token'],
  [`bearer ${text}`, 'token'],
  [`BEARER   ${text}  `, 'token'],
  [text, 'malformed'],
  [`Basic ${text}`, 'malformed'],
  [`Bearer ${text}x`, 'malformed'],
  [`Bearer ${text.toUpperCase()}`, 'foreign'],
  [`Bearer ${text}, Bearer ${text}`, 'malformed'],
  [`Bearer ${text},`, 'malformed'],
  [`Bearer "${text}"`, 'malformed'],
  [`Bearer\t${text}`, 'malformed'],
  [`Bearer ${text}\u00e9`, 'malformed'],
  [`Bearer tetsu_${'a'.repeat(16_000)}`, 'malformed'],
  ['Basic dXNlcjpwYXNz', 'foreign'],
  ['Bearer eyJhbGciOiJub25lIn0.e30.', 'foreign'],
  ['Negotiate', 'foreign'],
])('Authorization %j is %s', (header, kind) => {
  expect(readCredential(header).kind).toBe(kind);
});
