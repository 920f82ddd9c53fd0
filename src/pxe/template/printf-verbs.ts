/** One value under one verb of Go's `fmt`. */

import type { Budget } from './budget.ts';
import { type GoType, isInteger } from './go-type.ts';
import {
  type Complex,
  entriesOf,
  insideInterface,
  listOf,
  type MaybeValue,
  ofString,
  sortedKeys,
  type Value,
} from './go-value.ts';
import { bytesFromText, textFromBytes } from './lossless-text.ts';
import { textOf } from './methods.ts';
import { goStringOfMoment } from './moment.ts';
import { complexVerb, floatVerb, integerVerb, pad, type Spec } from './printf-numbers.ts';
import { fitsBackQuotes, quote } from './quote.ts';

export function formatOne(spec: Spec, value: MaybeValue, verb: string, budget?: Budget): string {
  if (value === undefined) {
    return verb === 'T' || verb === 'v' ? pad(spec, '<nil>') : `%!${verb}(<nil>)`;
  }
  if (verb === 'T') return textVerb(spec, value.type.name, 's', value);
  return formatAt(spec, value, verb, 0, budget);
}

const textVerbs = 'vsxXq';

function formatAt(
  spec: Spec,
  value: Value,
  verb: string,
  depth: number,
  budget: Budget | undefined,
): string {
  budget?.steps(1);
  // Each value of a list is padded by itself.
  budget?.characters((spec.width ?? 0) + (spec.precision ?? 0));
  const { type, data } = value;
  // For errors, and only in fmt.Errorf.
  if (verb === 'w') return bad(spec, value, verb, budget);
  if (spec.sharpV && type.name === 'time.Time') {
    return pad(spec, goStringOfMoment(data as Parameters<typeof goStringOfMoment>[0]));
  }
  const own = textVerbs.includes(verb) && !spec.sharpV ? textOf(value) : undefined;
  if (own !== undefined) return textVerb(spec, own, verb, ofString(own));
  switch (type.kind) {
    case 'bool':
      return verb === 't' || verb === 'v' ? pad(spec, String(data)) : bad(spec, value, verb);
    case 'string':
      return textVerb(spec, data as string, verb, value);
    case 'float64':
      return floatVerb(spec, data as number, verb) ?? bad(spec, value, verb);
    case 'complex128':
      return complexVerb(spec, data as Complex, verb) ?? bad(spec, value, verb);
    case 'slice':
      return sliceText(spec, value, verb, depth, budget);
    case 'map':
      return mapText(spec, value, verb, depth, budget);
    case 'struct':
      return structText(spec, value, verb, depth, budget);
    case 'interface': {
      const inside = insideInterface(value);
      if (inside !== undefined) return formatAt(spec, inside, verb, depth + 1, budget);
      return spec.sharpV ? 'interface {}(nil)' : '<nil>';
    }
    case 'pointer': {
      const target = data as MaybeValue;
      if (target === undefined) return pad(spec, '<nil>');
      if (depth === 0 && typeof data === 'object') {
        return `&${formatAt(spec, target, verb, depth + 1, budget)}`;
      }
      return pad(spec, type.name);
    }
    default:
      return integerVerb(spec, value, verb) ?? bad(spec, value, verb);
  }
}

/** In the middle of a list or struct, a value without type is `<nil>`. */
function inner(
  spec: Spec,
  value: MaybeValue,
  verb: string,
  depth: number,
  budget: Budget | undefined,
): string {
  return value === undefined ? '<nil>' : formatAt(spec, value, verb, depth + 1, budget);
}

function sliceText(
  spec: Spec,
  value: Value,
  verb: string,
  depth: number,
  budget: Budget | undefined,
): string {
  const { type } = value;
  const list = listOf(value);
  const isBytes = type.elem?.kind === 'uint8';
  if (isBytes && 'sxXq'.includes(verb)) {
    const octets = Uint8Array.from(list, (item) => Number(item.data));
    return textVerb(spec, textFromBytes(octets), verb, value);
  }
  if (isBytes && spec.sharpV) return `[]byte{${list.map(hexByte).join(', ')}}`;
  if (spec.sharpV) {
    if (value.data === null) return `${type.name}(nil)`;
    return `${type.name}{${list.map((item) => inner(spec, item, verb, depth, budget)).join(', ')}}`;
  }
  return `[${list.map((item) => inner(spec, item, verb, depth, budget)).join(' ')}]`;
}

function hexByte(item: Value): string {
  return `0x${(item.data as bigint).toString(16)}`;
}

function mapText(
  spec: Spec,
  value: Value,
  verb: string,
  depth: number,
  budget: Budget | undefined,
): string {
  const { type } = value;
  if (spec.sharpV && value.data === null) return `${type.name}(nil)`;
  const entries = entriesOf(value);
  const shown = sortedKeys(value).map(
    (key) =>
      `${formatAt(spec, ofString(key), verb, depth + 1, budget)}:${inner(spec, entries.get(key), verb, depth, budget)}`,
  );
  return spec.sharpV ? `${type.name}{${shown.join(', ')}}` : `map[${shown.join(' ')}]`;
}

function structText(
  spec: Spec,
  value: Value,
  verb: string,
  depth: number,
  budget: Budget | undefined,
): string {
  const { type, data } = value;
  // What a time is made of inside is nobody's business, and no two Go versions need agree on it.
  if (type.name === 'time.Time') return `{${textOf(value)}}`;
  const values = data as readonly Value[];
  const shown = (type.fields ?? []).map((field, at) => {
    const name = spec.plusV || spec.sharpV ? `${field.name}:` : '';
    return name + inner(spec, values[at], verb, depth, budget);
  });
  return spec.sharpV ? `${type.name}{${shown.join(', ')}}` : `{${shown.join(' ')}}`;
}

/** `of` is named when the verb does not fit. */
function textVerb(spec: Spec, given: string, verb: string, of: Value): string {
  const cut = spec.precision === undefined ? given : [...given].slice(0, spec.precision).join('');
  switch (verb) {
    case 's':
      return pad(spec, cut);
    case 'v':
      return pad(spec, spec.sharpV ? quote(cut) : cut);
    case 'q':
      return pad(spec, spec.sharp && fitsBackQuotes(cut) ? `\`${cut}\`` : quote(cut, spec.plus));
    case 'x':
    case 'X':
      return hexText(spec, given, verb);
    default:
      return bad(spec, of, verb);
  }
}

function hexText(spec: Spec, text: string, verb: string): string {
  const octets = bytesFromText(text).subarray(0, spec.precision);
  const pairs = Array.from(octets, (octet) => octet.toString(16).padStart(2, '0'));
  const prefix = spec.sharp && pairs.length > 0 ? '0x' : '';
  const shown = prefix + pairs.join(spec.space ? ` ${prefix}` : '');
  return pad(spec, verb === 'X' ? shown.toUpperCase() : shown);
}

/** What `fmt` says when verb and value do not fit; within it nothing prints by its own `String`. */
function bad(spec: Spec, value: Value, verb: string, budget?: Budget): string {
  const raw: Value = { ...value, type: withoutMethods(value.type) };
  const shown = formatAt(spec, raw, 'v', 0, budget);
  return `%!${verb}(${value.type.name}=${shown})`;
}

function withoutMethods(type: GoType): GoType {
  return isInteger(type.kind) ? { ...type, name: type.kind } : type;
}
