/**
 * A machine that nobody registered, as it showed itself: data and its stored form, `tetsukan/discoveries/<id>`. All that
 * a machine says of itself is a claim: text of strangers, bounded and made plain before it is kept.
 */

import { type MacAddress, parseMac } from '../base/addresses.ts';
import type { PreconditionFailed } from '../base/put-terms.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { parseRfc3339, type Rfc3339 } from '../base/time.ts';
import { labelMap } from '../inventory/machine.ts';

export const discoveryPrefix = 'tetsukan/discoveries/';
/** A data hall that is cabled in a week; a record is a few hundred octets, with facts at most 64 KiB. */
export const discoveriesMax = 1_000;
/** Of one claim: firmware strings are short. */
export const claimCharactersMax = 128;
/** Network cards of one machine. */
export const macsMax = 8;
export const factsBytesMax = 64 * 1024;

export const discoveryStates = ['waiting', 'approved', 'rejected'] as const;
export type DiscoveryState = (typeof discoveryStates)[number];

/** By what a machine was noticed. `ipxe` and `facts` confirm that a program runs on it that follows what we say. */
export const signs = ['dhcp', 'tftp', 'ipxe', 'facts'] as const;
export type Sign = (typeof signs)[number];

/** What a machine says of itself. `architecture`: option 93, decimal; `uuid` as SMBIOS shows it. */
export const claimNames = [
  ...(['serial', 'uuid', 'manufacturer', 'product', 'asset'] as const),
  ...(['vendorClass', 'userClass', 'architecture', 'buildarch', 'platform', 'hostName'] as const),
] as const;
export type Claims = Readonly<Partial<Record<(typeof claimNames)[number], string>>>;

/**
 * Where it was seen. `circuit` and `remote` are option 82's, as text where they are, else hexadecimal; `proof`: `lease`
 * when the address it asks from is leased to its MAC address, else `claim`.
 */
export const placeNames = [
  ...(['address', 'network', 'relay', 'circuit', 'remote', 'interface', 'proof'] as const),
] as const;
export type Place = Readonly<Partial<Record<(typeof placeNames)[number], string>>>;

/** What a person has said it shall be. */
export type DiscoveryWish = {
  /** In place of what its firmware says, where that is no serial number. */
  readonly serial?: string;
  readonly role?: string;
  readonly rack?: number;
  readonly labels?: ReadonlyMap<string, string>;
  readonly bmcType?: string;
};

export type DiscoveryProblem =
  | { readonly kind: 'discovery-unknown'; readonly text: string }
  /** Something stands in the way, which the text names with what to do about it. */
  | { readonly kind: 'discovery-conflict'; readonly text: string }
  /** Somebody decided already. */
  | { readonly kind: 'discovery-settled'; readonly text: string }
  /** A value that is wrong or missing. */
  | { readonly kind: 'discovery-invalid'; readonly text: string }
  | PreconditionFailed;

/** Null takes away what was said before. */
export type DiscoveryPatch = {
  readonly [K in keyof DiscoveryWish]?: DiscoveryWish[K] | null | undefined;
};

export type Approval = DiscoveryWish & {
  /** The machine is one that is registered already, with a network card it never had. */
  readonly adopt?: boolean;
  /** The name of the rule that says so. */
  readonly rule?: string;
};

export type DiscoveryDecision = {
  readonly at: Rfc3339;
  /** A person, an address, or `rule NAME`. */
  readonly by: string;
  readonly rule?: string;
  readonly text: string;
  /** Of the machine that it is now. */
  readonly serial?: string;
};

export type Discovery = {
  /** Its MAC address with hyphens: `52-54-00-12-34-56`. */
  readonly id: string;
  readonly mac: MacAddress;
  readonly state: DiscoveryState;
  readonly firstSeen: Rfc3339;
  /** To a minute. */
  readonly lastSeen: Rfc3339;
  readonly signs: readonly Sign[];
  readonly claims: Claims;
  /** Of all its network cards, as it says. */
  readonly macs: readonly MacAddress[];
  readonly place: Place;
  readonly wish: DiscoveryWish;
  readonly decision?: DiscoveryDecision;
  /** What the discovery image found; JSON of the machine's own making. */
  readonly facts?: { readonly at: Rfc3339; readonly json: unknown };
};

export function discoveryId(mac: MacAddress): string {
  return mac.replaceAll(':', '-');
}

/** With hyphens or colons, in either case. */
export function parseDiscoveryId(text: string): Result<MacAddress, string> {
  return parseMac(text.replaceAll('-', ':').toLowerCase());
}

/** The serial number it is to be registered under. */
export function serialOf({ wish, claims }: Pick<Discovery, 'wish' | 'claims'>): string {
  return wish.serial ?? claims.serial ?? '';
}

/** A program runs on it that does what our scripts say. */
export function isConfirmed(discovery: Pick<Discovery, 'signs'>): boolean {
  return discovery.signs.some((sign) => sign === 'ipxe' || sign === 'facts');
}

/** A stranger's text, made harmless for logs, terminals and tables; undefined when nothing is left. */
export function plainClaim(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const plain = text
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '?')
    .trim()
    .slice(0, claimCharactersMax);
  return plain === '' ? undefined : plain;
}

export function encodeDiscovery({ id: _, ...discovery }: Discovery): Uint8Array {
  const { labels, ...wish } = discovery.wish;
  const stored = {
    ...discovery,
    wish: { ...wish, ...(labels === undefined ? {} : { labels: Object.fromEntries(labels) }) },
  };
  return new TextEncoder().encode(JSON.stringify(stored));
}

/** @param id the key without its prefix. */
export function decodeDiscovery(id: string, bytes: Uint8Array): Result<Discovery, string> {
  const given = jsonObject(bytes);
  if (given === undefined) return fail('it is no JSON object');
  const mac = parseDiscoveryId(id);
  if (!mac.ok || discoveryId(mac.value) !== id) return fail('its key is no MAC address');
  const [firstSeen, lastSeen] = [timeIn(given, 'firstSeen'), timeIn(given, 'lastSeen')];
  if (firstSeen === undefined || lastSeen === undefined) return fail('its times are none');
  const state = discoveryStates.find((one) => one === given['state']);
  if (state === undefined) return fail('its state is unknown');
  const decision = readDecision(objectIn(given, 'decision'));
  const facts = objectIn(given, 'facts');
  const factsAt = facts && timeIn(facts, 'at');
  return ok({
    id,
    mac: mac.value,
    state,
    firstSeen,
    lastSeen,
    signs: signs.filter((sign) => listIn(given, 'signs').includes(sign)),
    claims: textsIn(objectIn(given, 'claims'), claimNames),
    macs: listIn(given, 'macs').flatMap((one) => {
      const parsed = typeof one === 'string' ? parseMac(one) : fail('');
      return parsed.ok ? [parsed.value] : [];
    }),
    place: textsIn(objectIn(given, 'place'), placeNames),
    wish: readWish(objectIn(given, 'wish') ?? {}),
    ...(decision === undefined ? {} : { decision }),
    ...(factsAt === undefined ? {} : { facts: { at: factsAt, json: facts?.['json'] ?? null } }),
  });
}

type Given = Readonly<Record<string, unknown>>;

function jsonObject(bytes: Uint8Array): Given | undefined {
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isObject(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Given {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectIn(given: Given, name: string): Given | undefined {
  const value = given[name];
  return isObject(value) ? value : undefined;
}

function listIn(given: Given, name: string): readonly unknown[] {
  const value = given[name];
  return Array.isArray(value) ? value : [];
}

function timeIn(given: Given, name: string): Rfc3339 | undefined {
  const value = given[name];
  const time = typeof value === 'string' ? parseRfc3339(value) : undefined;
  return time?.ok ? time.value : undefined;
}

function textsIn<K extends string>(
  given: Given | undefined,
  names: readonly K[],
): Readonly<Partial<Record<K, string>>> {
  const found = names.flatMap((name) => {
    const value = given?.[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  return Object.fromEntries(found) as Partial<Record<K, string>>;
}

function readWish(given: Given): DiscoveryWish {
  const { rack } = given;
  const labels = objectIn(given, 'labels');
  return {
    ...textsIn(given, ['serial', 'role', 'bmcType']),
    ...(typeof rack === 'number' ? { rack } : {}),
    ...(labels === undefined
      ? {}
      : { labels: labelMap(Object.entries(labels).map(([name, text]) => [name, String(text)])) }),
  };
}

function readDecision(given: Given | undefined): DiscoveryDecision | undefined {
  const at = given && timeIn(given, 'at');
  if (given === undefined || at === undefined) return undefined;
  return { at, by: '', text: '', ...textsIn(given, ['by', 'rule', 'text', 'serial']) };
}
