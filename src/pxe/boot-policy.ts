/**
 * What operators say machines boot with: rules that match machines, and channels that rules name. Data, its stored form,
 * and what is wrong with a wish.
 */

import { isJsonObject, type JsonObject, objectAt, parseJson } from '../base/exact-json.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { isLabelName, isLabelValue, parseRole, parseSerial } from '../inventory/machine.ts';
import { parseVersion } from './ignition/version.ts';
import { isImageId } from './images/image-json.ts';
import { areKernelParams } from './ipxe/word.ts';
import { kernelParamsBytesMax } from './kernel-params.ts';

/** Parts of a boot that are pinned; what is absent is decided elsewhere. */
export type Pins = {
  readonly image?: string;
  /** In place of the stored ones, not after them. */
  readonly kernelParams?: string;
  /** By role: a version of its Ignition template. */
  readonly templates: ReadonlyMap<string, string>;
};

/** A named pointer: who follows it boots what it says at that moment. */
export type Channel = { readonly name: string; readonly pins: Pins };

/** A machine is meant when all that is said matches; nothing said means every machine. */
export type RuleMatch = {
  /** Any of these; empty: any machine. */
  readonly serials: readonly string[];
  readonly role?: string;
  /** All of these. */
  readonly labels: ReadonlyMap<string, string>;
};

export type BootRule = {
  readonly name: string;
  readonly match: RuleMatch;
  /** What the rule pins itself goes before what its channel says. */
  readonly channel?: string;
  readonly pins: Pins;
};

export type BootPolicy = {
  readonly rules: readonly BootRule[];
  readonly channels: ReadonlyMap<string, Channel>;
};

/** All rules are looked at for each boot, and read by each change of one. */
export const bootRulesMax = 500;
export const channelsMax = 100;
export const serialsPerRuleMax = 1_000;
export const labelsPerRuleMax = 16;
export const templatesPerPinsMax = 100;

export const policyKeys = {
  rules: 'tetsukan/boot-rules/',
  channels: 'tetsukan/channels/',
} as const;

export function isPolicyName(text: string): boolean {
  return /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/.test(text);
}

/** As stored and published; members that say nothing are left out. */
export type PinsJson = {
  readonly image?: string;
  readonly kernelParams?: string;
  readonly templates?: Readonly<Record<string, string>>;
};

export type RuleJson = PinsJson & {
  readonly match: {
    readonly serials?: readonly string[];
    readonly role?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly channel?: string;
};

export function pinsJson({ image, kernelParams, templates }: Pins): PinsJson {
  return {
    ...(image === undefined ? {} : { image }),
    ...(kernelParams === undefined ? {} : { kernelParams }),
    ...(templates.size === 0 ? {} : { templates: Object.fromEntries(templates) }),
  };
}

export function ruleJson({ match, channel, pins }: BootRule): RuleJson {
  const { serials, role, labels } = match;
  return {
    match: {
      ...(serials.length === 0 ? {} : { serials }),
      ...(role === undefined ? {} : { role }),
      ...(labels.size === 0 ? {} : { labels: Object.fromEntries(labels) }),
    },
    ...(channel === undefined ? {} : { channel }),
    ...pinsJson(pins),
  };
}

export function decodeChannel(name: string, value: Uint8Array): Result<Channel, string> {
  const json = parseJson(value);
  return isJsonObject(json) ? parseChannel(name, json) : fail('it is no JSON object');
}

export function decodeRule(name: string, value: Uint8Array): Result<BootRule, string> {
  const json = parseJson(value);
  return isJsonObject(json) ? parseRule(name, json) : fail('it is no JSON object');
}

/** The error names the member, what it is and what would be right. */
export function parseChannel(name: string, given: JsonObject): Result<Channel, string> {
  if (!isPolicyName(name)) return fail(badName(name));
  const pins = parsePins(given);
  if (!pins.ok) return pins;
  if (isNothing(pins.value)) {
    return fail('a channel says at least one of image, kernelParams and templates');
  }
  return ok({ name, pins: pins.value });
}

export function parseRule(name: string, given: JsonObject): Result<BootRule, string> {
  if (!isPolicyName(name)) return fail(badName(name));
  const match = parseMatch(objectAt(given, 'match'));
  if (!match.ok) return match;
  const pins = parsePins(given);
  if (!pins.ok) return pins;
  const { channel } = given;
  if (channel === undefined) {
    return isNothing(pins.value)
      ? fail('a rule says at least one of channel, image, kernelParams and templates')
      : ok({ name, match: match.value, pins: pins.value });
  }
  if (typeof channel !== 'string' || !isPolicyName(channel)) {
    return fail(`channel: ${badName(String(channel))}`);
  }
  return ok({ name, match: match.value, channel, pins: pins.value });
}

function parseMatch(given: JsonObject): Result<RuleMatch, string> {
  const { serials = [], role } = given;
  if (!Array.isArray(serials)) return fail('match.serials is no list');
  if (serials.length > serialsPerRuleMax) {
    return fail(`match.serials holds ${serials.length} serials; a rule takes ${serialsPerRuleMax}`);
  }
  const read: string[] = [];
  for (const [at, text] of (serials as readonly unknown[]).entries()) {
    const serial = parseSerial(String(text));
    if (!serial.ok) return fail(`match.serials[${at}]: ${serial.error}`);
    read.push(serial.value);
  }
  if (role !== undefined && !parseRole(String(role)).ok) {
    return fail(`match.role is ${quoted(role)}, which no role can be called`);
  }
  const labels = Object.entries(objectAt(given, 'labels'));
  if (labels.length > labelsPerRuleMax) {
    return fail(`match.labels holds ${labels.length} labels; a rule takes ${labelsPerRuleMax}`);
  }
  for (const [name, value] of labels) {
    if (!isLabelName(name)) return fail(`match.labels: ${quoted(name)} is no name of a label`);
    if (typeof value !== 'string' || !isLabelValue(value)) {
      return fail(`match.labels.${name} is ${quoted(value)}, which no label can hold`);
    }
  }
  return ok({
    serials: [...new Set(read)].sort(),
    ...(role === undefined ? {} : { role: String(role) }),
    labels: new Map(labels as readonly (readonly [string, string])[]),
  });
}

function parsePins(given: JsonObject): Result<Pins, string> {
  const { image, kernelParams } = given;
  if (image !== undefined && (typeof image !== 'string' || !isImageId(image))) {
    return fail(`image is ${quoted(image)}, which is no id of an image, such as 3975.2.1`);
  }
  if (kernelParams !== undefined) {
    if (typeof kernelParams !== 'string' || !areKernelParams(kernelParams)) {
      return fail(
        'kernelParams holds characters that are not allowed: letters, digits, spaces and - . , / : ; < = > ? @ [ \\ ] ^ _ are',
      );
    }
    if (kernelParams.length > kernelParamsBytesMax) {
      return fail(`kernelParams is longer than ${kernelParamsBytesMax} characters`);
    }
  }
  const templates = Object.entries(objectAt(given, 'templates'));
  if (templates.length > templatesPerPinsMax) {
    return fail(`templates holds ${templates.length} roles; at most ${templatesPerPinsMax} fit`);
  }
  for (const [role, id] of templates) {
    if (!parseRole(role).ok) return fail(`templates: ${quoted(role)} is no role`);
    if (typeof id !== 'string' || parseVersion(id) === undefined) {
      return fail(`templates.${role} is ${quoted(id)}, which is no version such as 1.2.0`);
    }
  }
  return ok({
    ...(image === undefined ? {} : { image }),
    ...(kernelParams === undefined ? {} : { kernelParams }),
    templates: new Map(templates as readonly (readonly [string, string])[]),
  });
}

function isNothing({ image, kernelParams, templates }: Pins): boolean {
  return image === undefined && kernelParams === undefined && templates.size === 0;
}

function badName(text: string): string {
  return `${quoted(text)} is no name: lower-case letters, digits, dots and hyphens, 63 at most, such as canary`;
}

function quoted(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 100);
}
