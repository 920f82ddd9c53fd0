/**
 * Rules that decide about machines nobody registered, `tetsukan/discovery-rules/<name>`: the first that matches, by order
 * and then by name. Patterns are globs, which are matched in time that grows with the text alone: no text of a stranger
 * can make one slow, as it could a regular expression.
 */

import { parseMac } from '../base/addresses.ts';
import { fail, ok, type Result } from '../base/result.ts';
import {
  isLabelName,
  isLabelValue,
  labelMap,
  parseBmcType,
  parseRole,
} from '../inventory/machine.ts';

export const discoveryRulePrefix = 'tetsukan/discovery-rules/';
/** A person has to be able to read them. */
export const discoveryRulesMax = 200;
export const globCharactersMax = 128;
export const ruleOrderMax = 1_000_000;

/** All that are given must match. Texts are globs: `*` for any text, `?` for one character, else letter by letter. */
export type RuleMatch = {
  readonly serial?: string;
  readonly manufacturer?: string;
  readonly product?: string;
  readonly vendorClass?: string;
  /** The first octets of its address: `52:54:00`. */
  readonly macPrefix?: string;
  /** The name of its network. */
  readonly network?: string;
  /** The rack it is guessed to be in. */
  readonly rack?: number;
};

export type RuleVerdict =
  | {
      readonly kind: 'approve';
      readonly role: string;
      /** Absent: the rack it is guessed to be in; without a guess the rule waits for a person. */
      readonly rack?: number;
      readonly labels: ReadonlyMap<string, string>;
      /** Absent: `none`. */
      readonly bmcType?: string;
    }
  | { readonly kind: 'reject'; readonly reason: string };

export type DiscoveryRule = {
  readonly name: string;
  /** Lower ones are asked first; equal ones by name. */
  readonly order: number;
  readonly match: RuleMatch;
  readonly verdict: RuleVerdict;
};

export type RuleSubject = {
  readonly serial: string;
  readonly mac: string;
  readonly manufacturer?: string | undefined;
  readonly product?: string | undefined;
  readonly vendorClass?: string | undefined;
  readonly network?: string | undefined;
  readonly rack?: number | undefined;
};

/** The order in which they are asked. */
export function inOrder(rules: readonly DiscoveryRule[]): readonly DiscoveryRule[] {
  return rules.toSorted((a, b) => a.order - b.order || (a.name < b.name ? -1 : 1));
}

/** @param rules in the order in which they are asked. */
export function firstMatch(
  rules: readonly DiscoveryRule[],
  subject: RuleSubject,
): DiscoveryRule | undefined {
  return rules.find(({ match }) => matches(match, subject));
}

function matches(match: RuleMatch, subject: RuleSubject): boolean {
  const texts = ['serial', 'manufacturer', 'product', 'vendorClass', 'network'] as const;
  return (
    texts.every((name) => {
      const glob = match[name];
      return glob === undefined || globMatches(glob, subject[name] ?? '');
    }) &&
    (match.macPrefix === undefined || subject.mac.startsWith(match.macPrefix)) &&
    (match.rack === undefined || match.rack === subject.rack)
  );
}

/** Greedy with one point of return, so each character is looked at a bounded number of times per `*`. */
export function globMatches(glob: string, text: string): boolean {
  let [g, t] = [0, 0];
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    const wanted = glob[g];
    if (wanted === '*') {
      star = g;
      resume = t;
      g += 1;
    } else if (wanted !== undefined && (wanted === '?' || wanted === text[t])) {
      g += 1;
      t += 1;
    } else if (star !== -1) {
      g = star + 1;
      resume += 1;
      t = resume;
    } else {
      return false;
    }
  }
  while (glob[g] === '*') g += 1;
  return g === glob.length;
}

export function isRuleName(text: string): boolean {
  return /^[a-z0-9][a-z0-9.-]{0,62}$/.test(text);
}

/** The JSON of a rule, as stored and as the API takes it; the error names the member. */
export function parseRule(name: string, json: unknown): Result<DiscoveryRule, string> {
  if (!isObject(json)) return fail('a rule must be an object with order, match and verdict');
  const { order = 0, match = {}, approve, reject } = json;
  if (!Number.isInteger(order) || Math.abs(order as number) > ruleOrderMax) {
    return fail(`order must be a whole number of at most ${ruleOrderMax}`);
  }
  if (!isObject(match)) return fail('match must be an object');
  const matched = parseMatch(match);
  if (!matched.ok) return matched;
  if ((approve === undefined) === (reject === undefined)) {
    return fail('a rule has one of approve and reject');
  }
  const verdict = approve === undefined ? parseReject(reject) : parseApprove(approve);
  if (!verdict.ok) return verdict;
  return ok({ name, order: order as number, match: matched.value, verdict: verdict.value });
}

function parseMatch(given: Given): Result<RuleMatch, string> {
  const match: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    if (name === 'rack') {
      if (!Number.isInteger(value) || (value as number) < 0) {
        return fail('match.rack must be an unsigned whole number');
      }
    } else if (name === 'macPrefix') {
      const prefix = parseMacPrefix(value);
      if (!prefix.ok) return prefix;
      match[name] = prefix.value;
      continue;
    } else if (!['serial', 'manufacturer', 'product', 'vendorClass', 'network'].includes(name)) {
      return fail(`match.${name} is unknown`);
    } else if (typeof value !== 'string' || value === '' || value.length > globCharactersMax) {
      return fail(`match.${name} must be a text of 1 to ${globCharactersMax} characters`);
    }
    match[name] = value;
  }
  return Object.keys(match).length > 0
    ? ok(match as RuleMatch)
    : fail('match is empty: to match every machine, say serial: "*"');
}

function parseMacPrefix(value: unknown): Result<string, string> {
  const text = typeof value === 'string' ? value.toLowerCase().replaceAll('-', ':') : '';
  const octets = text.replace(/:$/, '').split(':');
  const whole = parseMac([...octets, ...Array(6).fill('00')].slice(0, 6).join(':'));
  return whole.ok && octets.length <= 6
    ? ok(octets.join(':') + (octets.length < 6 ? ':' : ''))
    : fail('match.macPrefix must be one to six octets such as 52:54:00');
}

function parseApprove(value: unknown): Result<RuleVerdict, string> {
  if (!isObject(value)) return fail('approve must be an object with role');
  const { role, rack, labels = {}, bmcType } = value;
  const parsed = parseRole(typeof role === 'string' ? role : '');
  if (!parsed.ok) return fail('approve.role must be a role such as cs');
  if (rack !== undefined && (!Number.isInteger(rack) || (rack as number) < 0)) {
    return fail('approve.rack must be an unsigned whole number');
  }
  if (!isObject(labels)) return fail('approve.labels must be an object');
  const pairs = Object.entries(labels);
  if (!pairs.every(([name, text]) => isLabelName(name) && isLabelValue(String(text)))) {
    return fail('approve.labels contain invalid characters');
  }
  const bmc = bmcType === undefined ? undefined : parseBmcType(String(bmcType));
  if (bmc?.ok === false) return fail(`approve.bmcType: ${bmc.error}`);
  return ok({
    kind: 'approve',
    role: parsed.value,
    ...(rack === undefined ? {} : { rack: rack as number }),
    labels: labelMap(pairs.map(([name, text]) => [name, String(text)])),
    ...(bmc === undefined ? {} : { bmcType: bmc.value }),
  });
}

function parseReject(value: unknown): Result<RuleVerdict, string> {
  const reason = isObject(value) ? value['reason'] : undefined;
  if (typeof reason !== 'string' || reason === '' || reason.length > 1_000) {
    return fail('reject.reason must be a sentence');
  }
  return ok({ kind: 'reject', reason });
}

/** As `parseRule` takes it. */
export function ruleToJson({ order, match, verdict }: DiscoveryRule) {
  if (verdict.kind === 'reject') return { order, match, reject: { reason: verdict.reason } };
  const { kind: _, labels, ...approve } = verdict;
  return { order, match, approve: { ...approve, labels: Object.fromEntries(labels) } };
}

export function decodeRule(name: string, bytes: Uint8Array): Result<DiscoveryRule, string> {
  try {
    return parseRule(name, JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return fail('it is no JSON');
  }
}

type Given = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Given {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
