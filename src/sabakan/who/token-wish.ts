/** What somebody asks a new token to be, and every mistake in it. */

import { fail, ok, type Result } from '../../base/result.ts';
import { formatInstant, type Instant, instant } from '../../base/time.ts';
import type { Mistake } from '../../inventory/mistake.ts';
import { parseAllowedNetwork } from '../allow-ips.ts';
import type { AccessRole } from '../contract/operation.ts';
import {
  tokenDaysDefault,
  tokenDaysMax,
  tokenNameCharactersMax,
  tokenNetworksMax,
} from '../contract/token-limits.ts';
import { isRole, roles } from './role.ts';

export type TokenWish = {
  readonly name: string;
  readonly role: string;
  /** Whole days from now; default 90. */
  readonly days?: number | undefined;
  readonly networks?: readonly string[] | undefined;
};

export type TokenTerms = {
  readonly name: string;
  readonly role: AccessRole;
  readonly expiresAt: Instant;
  readonly networks: readonly string[];
};

const dayMs = 86_400_000;

export function readWish(wish: TokenWish, now: Instant): Result<TokenTerms, readonly Mistake[]> {
  const { name, role, days = tokenDaysDefault, networks = [] } = wish;
  const mistakes: Mistake[] = [];
  const wrong = (path: string, value: unknown, text: string) =>
    mistakes.push({ path, value, text });
  if (!/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u.test(name) || name.trim() !== name) {
    wrong('/name', name, 'must be text without control characters and spaces around it');
  } else if (name.length > tokenNameCharactersMax) {
    wrong('/name', name, `must have at most ${tokenNameCharactersMax} characters`);
  }
  if (!isRole(role)) wrong('/role', role, `must be one of ${roles.join(', ')}`);
  if (!Number.isInteger(days) || days < 1 || days > tokenDaysMax) {
    wrong('/days', days, `must be a whole number from 1 to ${tokenDaysMax}`);
  }
  if (networks.length > tokenNetworksMax) {
    wrong('/networks', networks.length, `must be at most ${tokenNetworksMax} networks`);
  }
  for (const [at, text] of networks.slice(0, tokenNetworksMax).entries()) {
    const network = parseAllowedNetwork(text);
    if (!network.ok) wrong(`/networks/${at}`, text, network.error);
  }
  if (mistakes.length > 0 || !isRole(role)) return fail(mistakes);
  return ok({ name, role, networks, expiresAt: instant(now + days * dayMs) });
}

/** What the audit log says of a new token. */
export function termsRecord({ name, role, expiresAt, networks }: TokenTerms): string {
  const from = networks.length === 0 ? '' : ` from ${networks.join(', ')}`;
  return `${name}: ${role} until ${formatInstant(expiresAt)}${from}`;
}
