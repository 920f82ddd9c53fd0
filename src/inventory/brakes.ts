/**
 * Brakes: whatever holds automation back, be it automation's own doubt or a person's word. Data and its stored form; the
 * parts that brake and the ones that obey meet here.
 */

import { fail, ok, type Result } from '../base/result.ts';
import { type Instant, instantOf, parseRfc3339, type Rfc3339 } from '../base/time.ts';

export const brakePrefix = 'tetsukan/brakes/';
/** The one that people put on. */
export const manualBrake = 'manual';
/** How long a person's word may last. */
export const liftSecondsMax = 86_400;
export const manualSecondsMax = 30 * 86_400;
export const reasonCharactersMax = 1_000;

/** Whose work is held: health moves machines, the cluster swaps them. */
export type Braked = 'health' | 'cluster' | 'everything';

export type Brake = {
  /** Letters, digits and hyphens: `health-rack-3-silent`, `cluster-many-down`, `manual`. */
  readonly name: string;
  /** Who put it on: a part of the program, or an operator. */
  readonly by: 'health' | 'cluster' | 'operator';
  readonly holds: Braked;
  /** Why, as a sentence; of an operator's the reason they gave. */
  readonly text: string;
  readonly since: Rfc3339;
  /** What takes it off. */
  readonly release: string;
  /** Whether a person may lift it. */
  readonly liftable: boolean;
  /** Of an operator's: who. */
  readonly user?: string;
  /** Of an operator's: when it comes off by itself. */
  readonly expires?: Rfc3339;
};

/** A person's word that a brake may be passed over for a while. It goes when the brake falls. */
export type Lift = {
  readonly user: string;
  readonly reason: string;
  readonly at: Rfc3339;
  readonly expires: Rfc3339;
};

export type BrakeRecord =
  | { readonly kind: 'brake'; readonly brake: Brake }
  | { readonly kind: 'lift'; readonly name: string; readonly lift: Lift };

export type BrakeProblem =
  | { readonly kind: 'brake-unknown'; readonly text: string }
  | { readonly kind: 'brake-fixed'; readonly text: string };

export const brakeKeys = {
  brake: (name: string): string => `${brakePrefix}${name}`,
  lift: (name: string): string => `${brakePrefix}${name}/lift`,
} as const;

export function isBrakeName(text: string): boolean {
  return /^[a-z0-9][a-z0-9-]{0,99}$/.test(text);
}

/** A person's word is over at this moment, not after it. */
export function isOver(expires: Rfc3339 | undefined, now: Instant): boolean {
  return expires !== undefined && instantOf(expires) <= now;
}

export function encodeBrake({ name: _, ...stored }: Brake): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(stored));
}

export function encodeLift(lift: Lift): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(lift));
}

/** @param key without `brakePrefix`: `NAME` or `NAME/lift`. */
export function decodeBrakeRecord(key: string, value: Uint8Array): Result<BrakeRecord, string> {
  const [name = '', member, ...rest] = key.split('/');
  if (!isBrakeName(name) || rest.length > 0 || (member !== undefined && member !== 'lift')) {
    return fail(`${JSON.stringify(key.slice(0, 100))} is no name of a brake`);
  }
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(value));
  } catch {
    return fail('it is not JSON');
  }
  if (typeof json !== 'object' || json === null) return fail('it is no JSON object');
  const given = json as Readonly<Record<string, unknown>>;
  return member === 'lift' ? readLift(name, given) : readBrake(name, given);
}

type Given = Readonly<Record<string, unknown>>;

function readLift(name: string, given: Given): Result<BrakeRecord, string> {
  const [at, expires] = [timeOf(given, 'at'), timeOf(given, 'expires')];
  if (at === undefined || expires === undefined) return fail('its times are none');
  const lift = { user: textOf(given, 'user'), reason: textOf(given, 'reason'), at, expires };
  return ok({ kind: 'lift', name, lift });
}

function readBrake(name: string, given: Given): Result<BrakeRecord, string> {
  const since = timeOf(given, 'since');
  const expires = timeOf(given, 'expires');
  const { by, holds, liftable } = given;
  if (since === undefined) return fail('since is no time');
  if (given['expires'] !== undefined && expires === undefined) return fail('expires is no time');
  if (by !== 'health' && by !== 'cluster' && by !== 'operator') return fail('by is unknown');
  if (holds !== 'health' && holds !== 'cluster' && holds !== 'everything') {
    return fail('holds is unknown');
  }
  const brake: Brake = {
    name,
    by,
    holds,
    text: textOf(given, 'text'),
    since,
    release: textOf(given, 'release'),
    liftable: liftable === true,
    ...(typeof given['user'] === 'string' ? { user: given['user'] } : {}),
    ...(expires === undefined ? {} : { expires }),
  };
  return ok({ kind: 'brake', brake });
}

function textOf(given: Given, name: string): string {
  const value = given[name];
  return typeof value === 'string' ? value : '';
}

function timeOf(given: Given, name: string): Rfc3339 | undefined {
  const time = parseRfc3339(textOf(given, name));
  return time.ok ? time.value : undefined;
}
