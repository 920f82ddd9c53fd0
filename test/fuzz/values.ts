/** Values that a schema asks for, and values that nobody should send. */

import type { Dice } from './dice.ts';

export type Schema = {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly minimum?: number;
  readonly maximum?: number;
};

const depthMax = 8;

const texts = [
  '',
  ' ',
  'a',
  '0',
  '-1',
  'null',
  'true',
  'NaN',
  '../../etc/passwd',
  '%00',
  '\0',
  '\r\nX-Injected: 1',
  '<script>alert(1)</script>',
  "' OR 1=1 --",
  '${7*7}{{7*7}}',
  '__proto__',
  'constructor',
  'toString',
  '鉄管',
  'é\u0301\u202e\u200b',
  '\ud800',
  '🦀'.repeat(64),
  'x'.repeat(64),
  'x'.repeat(5_000),
  '1e308',
  '99999999999999999999',
  '2026-11-21T00:00:00Z',
  '9999-12-31T23:59:59.999999999+14:00',
  '2026-02-30T25:61:61Z',
  'state=healthy,rack in (1,2)',
  'state in ((((',
  'a=b,'.repeat(100),
  '!!!',
  '10.69.0.4',
  '1.0.0',
] as const;

const numbers = [
  0,
  -0,
  1,
  -1,
  0.5,
  1e308,
  -1e308,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  1e21,
  65_536,
] as const;

export function oddText(dice: Dice): string {
  const text = dice.pick(texts);
  return dice.isBelow(0.2) ? text + dice.pick(texts) : text;
}

export function oddValue(dice: Dice, depth = 0): unknown {
  switch (dice.below(depth > 3 ? 5 : 9)) {
    case 0:
      return null;
    case 1:
      return dice.isBelow(0.5);
    case 2:
      return dice.pick(numbers);
    case 3:
    case 4:
      return oddText(dice);
    case 5:
      return [];
    case 6:
      return {};
    case 7:
      return Array.from({ length: 1 + dice.below(30) }, () => oddValue(dice, depth + 1));
    default:
      return Object.fromEntries(
        Array.from({ length: 1 + dice.below(6) }, () => [oddText(dice), oddValue(dice, depth + 1)]),
      );
  }
}

/** What the schema takes, as far as it says so. */
export function takenBy(
  schema: Schema,
  named: (ref: string) => Schema,
  dice: Dice,
  depth = 0,
): unknown {
  if (schema.$ref !== undefined) return takenBy(named(schema.$ref), named, dice, depth + 1);
  if (depth > depthMax) return null;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return dice.pick(schema.enum);
  if (schema.anyOf !== undefined) return takenBy(dice.pick(schema.anyOf), named, dice, depth + 1);
  const type = dice.pick([schema.type ?? 'object'].flat());
  switch (type) {
    case 'null':
      return null;
    case 'boolean':
      return dice.isBelow(0.5);
    case 'integer':
    case 'number': {
      const from = schema.minimum ?? 0;
      return from + dice.below((schema.maximum ?? from + 40) - from + 1);
    }
    case 'array':
      return Array.from({ length: dice.below(4) + 1 }, () =>
        takenBy(schema.items ?? {}, named, dice, depth + 1),
      );
    case 'object': {
      const required = new Set(schema.required ?? []);
      const members = Object.entries(schema.properties ?? {})
        .filter(([name]) => required.has(name) || dice.isBelow(0.5))
        .map(([name, member]) => [name, takenBy(member, named, dice, depth + 1)] as const);
      const [pattern] = Object.values(schema.patternProperties ?? {});
      const open = pattern === undefined ? 0 : dice.below(3);
      const more = Array.from({ length: open }, (_, at) => [
        dice.isBelow(0.7) ? `l${at}` : oddText(dice),
        takenBy(pattern ?? {}, named, dice, depth + 1),
      ]);
      return Object.fromEntries([...members, ...more]);
    }
    default:
      return plainText(dice);
  }
}

/** Names that exist, now and then, so that more than the door is tried. */
export function plainText(dice: Dice): string {
  return dice.pick([
    'm0',
    'm1',
    'm2',
    `m${dice.below(40)}`,
    'cs',
    'boot',
    'healthy',
    '1',
    '7',
    'x-1',
  ]);
}

/** One place of a value changed: another type, missing, more than there should be, far too deep. */
export function mutated(value: unknown, dice: Dice): unknown {
  if (dice.isBelow(0.02)) return nested(dice.pick([50, 1_000, 20_000]), dice);
  if (typeof value !== 'object' || value === null || dice.isBelow(0.15)) return oddValue(dice);
  if (Array.isArray(value)) {
    if (value.length === 0 || dice.isBelow(0.2)) return [...value, oddValue(dice)];
    if (dice.isBelow(0.1)) return Array.from({ length: 3_000 }, () => value[0]);
    const at = dice.below(value.length);
    return value.with(at, mutated(value[at], dice));
  }
  const members = Object.entries(value);
  if (members.length === 0 || dice.isBelow(0.2)) {
    return Object.fromEntries([...members, [oddText(dice), oddValue(dice)]]);
  }
  const at = dice.below(members.length);
  if (dice.isBelow(0.2)) return Object.fromEntries(members.toSpliced(at, 1));
  return Object.fromEntries(
    members.map(([name, one], index) => [name, index === at ? mutated(one, dice) : one]),
  );
}

function nested(depth: number, dice: Dice): unknown {
  const isList = dice.isBelow(0.5);
  let value: unknown = 1;
  for (let at = 0; at < depth; at += 1) value = isList ? [value] : { a: value };
  return value;
}

/** JSON as bytes, now and then no JSON at all; a value too deep for `JSON.stringify` is written by hand. */
export function bytesOf(value: unknown, dice: Dice): Uint8Array {
  const utf8 = new TextEncoder();
  let text: string;
  try {
    text = JSON.stringify(value) ?? '';
  } catch {
    text = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
  }
  if (dice.isBelow(0.9)) return utf8.encode(text);
  switch (dice.below(7)) {
    case 0:
      return utf8.encode(text.slice(0, dice.below(text.length + 1)));
    case 1:
      return utf8.encode(`\ufeff${text}`);
    case 2:
      return Uint8Array.of(...utf8.encode(text.slice(0, 2_000)), 0xff, 0xfe, 0xc0);
    case 3:
      return utf8.encode(`${text}${text}`);
    case 4:
      return utf8.encode(text.replace('{', '{"__proto__":{"polluted":true},"a":1,"a":2,'));
    case 5:
      return new Uint8Array(0);
    default:
      return utf8.encode(text.replaceAll('"', "'"));
  }
}
