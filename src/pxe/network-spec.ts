/** What a record says of a network, read and written; every mistake at once. */

import { type Cidr, formatCidr, parseCidr } from '../base/addresses.ts';
import { isJsonObject, parseJson } from '../base/exact-json.ts';
import { fail, ok, type Result } from '../base/result.ts';

/**
 * `server` lends addresses, `proxy` names boot files beside a DHCP server of others and lends nothing, `off` answers
 * nothing at all.
 */
export const networkModes = ['server', 'proxy', 'off'] as const;
export type NetworkMode = (typeof networkModes)[number];

/** What becomes of a machine nobody registered: nothing, a person is asked, or rules may approve it. */
export const discoveryPolicies = ['off', 'ask', 'rules'] as const;
export type DiscoveryPolicy = (typeof discoveryPolicies)[number];

export type NetworkSpec = {
  readonly cidr: Cidr;
  readonly mode: NetworkMode;
  readonly discovery: DiscoveryPolicy;
  /** For people; absent: nothing to say. */
  readonly note?: string;
};

/** A whole line of text, and no letter. */
export const noteCharactersMax = 500;

export type SpecMistake = { readonly member: string; readonly text: string };

export type NetworkJson = {
  readonly cidr: string;
  readonly mode: NetworkMode;
  readonly discovery: DiscoveryPolicy;
  readonly note?: string;
};

/** Names go into URLs and commands. */
export function isNetworkName(text: string): boolean {
  return /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/.test(text);
}

/** @param json as published; `discovery` may be left out and is `off` then. Unknown members are passed over. */
export function readNetworkSpec(json: unknown): Result<NetworkSpec, readonly SpecMistake[]> {
  if (!isJsonObject(json))
    return fail([{ member: '', text: 'must be an object with cidr and mode' }]);
  const mistakes: SpecMistake[] = [];
  const wrong = (member: string, text: string): void => void mistakes.push({ member, text });
  const cidr = parseCidr(typeof json['cidr'] === 'string' ? json['cidr'] : '');
  if (json['cidr'] === undefined) wrong('cidr', 'is missing: a network such as 10.69.0.0/20');
  else if (!cidr.ok) wrong('cidr', cidr.error);
  const mode = oneOf(networkModes, json['mode']);
  if (mode === undefined) wrong('mode', `must be one of ${networkModes.join(', ')}`);
  const discovery = oneOf(discoveryPolicies, json['discovery'] ?? 'off');
  if (discovery === undefined) wrong('discovery', `must be one of ${discoveryPolicies.join(', ')}`);
  const note = json['note'] ?? '';
  if (typeof note !== 'string' || note.length > noteCharactersMax) {
    wrong('note', `must be text of at most ${noteCharactersMax} characters`);
  }
  if (!cidr.ok || mode === undefined || discovery === undefined || mistakes.length > 0) {
    return fail(mistakes);
  }
  const spec = { cidr: cidr.value, mode, discovery };
  return ok(note === '' ? spec : { ...spec, note: note as string });
}

export function networkSpecToJson({ cidr, mode, discovery, note }: NetworkSpec): NetworkJson {
  return { cidr: formatCidr(cidr), mode, discovery, ...(note === undefined ? {} : { note }) };
}

/** The error says what is wrong with the stored record. */
export function decodeNetworkSpec(stored: Uint8Array): Result<NetworkSpec, string> {
  const spec = readNetworkSpec(parseJson(stored));
  if (spec.ok) return spec;
  return fail(spec.error.map(({ member, text }) => `${member} ${text}`.trim()).join('; '));
}

function oneOf<T extends string>(choices: readonly T[], given: unknown): T | undefined {
  return choices.find((choice) => choice === given);
}
