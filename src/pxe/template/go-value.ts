/**
 * The values a Go template computes with: each knows its Go type. An absent value (`undefined`) is what Go's reflection
 * calls invalid: a missing map key, or a nil that has lost its type.
 *
 * Whole numbers are bigint, fractions number; Go never mixes them silently, and neither do we.
 */

import {
  anyMapType,
  anysType,
  anyType,
  boolType,
  float64Type,
  type GoType,
  int64Type,
  intType,
  stringType,
} from './go-type.ts';

export type Value = { readonly type: GoType; readonly data: Data };
export type MaybeValue = Value | undefined;

/**
 * By kind: bool → boolean; integers → bigint; float64 → number; complex128 → Complex; string → string (see
 * lossless-text.ts); slice → list or null (nil); map → Map or null; struct → its fields in order, or a moment; pointer
 * and interface → what is behind it, undefined for nil.
 */
export type Data =
  | boolean
  | bigint
  | number
  | string
  | Complex
  | readonly Value[]
  | ReadonlyMap<string, Value>
  | Moment
  | Value
  | null
  | undefined;

export type Complex = { readonly real: number; readonly imaginary: number };

/** A `time.Time`. */
export type Moment = {
  /** Since 1970, in UTC. */
  readonly seconds: bigint;
  readonly nanoseconds: number;
  /** East of Greenwich, in seconds. */
  readonly offset: number;
};

export const ofBool = (data: boolean): Value => ({ type: boolType, data });
export const ofInt = (data: bigint | number): Value => ({ type: intType, data: BigInt(data) });
export const ofInt64 = (data: bigint): Value => ({
  type: int64Type,
  data: BigInt.asIntN(64, data),
});
export const ofFloat = (data: number): Value => ({ type: float64Type, data });
export const ofString = (data: string): Value => ({ type: stringType, data });
/** As an `interface {}`; nothing behind it is nil. */
export const ofAny = (data: MaybeValue): Value => ({ type: anyType, data });

/** The zero value of a type, which `index` gives for a missing key. */
export function zeroOf(type: GoType): Value {
  switch (type.kind) {
    case 'bool':
      return { type, data: false };
    case 'string':
      return { type, data: '' };
    case 'float64':
      return { type, data: 0 };
    case 'slice':
    case 'map':
      return { type, data: null };
    case 'interface':
    case 'pointer':
      return { type, data: undefined };
    case 'struct':
      return { type, data: (type.fields ?? []).map((field) => zeroOf(field.type)) };
    case 'complex128':
      return { type, data: { real: 0, imaginary: 0 } };
    default:
      return { type, data: 0n };
  }
}

/** JSON as Go decodes it into `interface {}`: every number is a float64. */
export function fromJson(json: unknown): Value {
  if (json === null || json === undefined) return ofAny(undefined);
  if (typeof json === 'boolean') return ofAny(ofBool(json));
  if (typeof json === 'number') return ofAny(ofFloat(json));
  if (typeof json === 'string') return ofAny(ofString(json.toWellFormed()));
  if (Array.isArray(json)) return ofAny({ type: anysType, data: json.map(fromJson) });
  const entries = Object.entries(json).map(
    ([name, value]) => [name.toWellFormed(), fromJson(value)] as const,
  );
  return ofAny({ type: anyMapType, data: new Map(entries) });
}

/** One level of interface away. */
export function insideInterface(value: MaybeValue): MaybeValue {
  return value?.type.kind === 'interface' ? (value.data as MaybeValue) : value;
}

/** Pointers and interfaces followed to their end; `isNil` when one of them leads nowhere. */
export function followed(value: MaybeValue): { value: MaybeValue; isNil: boolean } {
  let at = value;
  while (at !== undefined && (at.type.kind === 'pointer' || at.type.kind === 'interface')) {
    if (at.data === undefined) return { value: at, isNil: true };
    if (at.type.name === '*time.Location') break;
    at = at.data as Value;
  }
  return { value: at, isNil: false };
}

/** What counts as true in `if`, `and`, `or`, `with`: anything but the zero value; a struct always does. */
export function isTrue(given: MaybeValue): boolean {
  const value = insideInterface(given);
  if (value === undefined) return false;
  const { data } = value;
  switch (value.type.kind) {
    case 'slice':
      return listOf(value).length > 0;
    case 'map':
      return entriesOf(value).size > 0;
    case 'struct':
      return true;
    case 'pointer':
    case 'interface':
      return data !== undefined;
    case 'complex128':
      return (data as Complex).real !== 0 || (data as Complex).imaginary !== 0;
    case 'float64':
      return data !== 0;
    default:
      return data !== '' && data !== 0n && data !== false;
  }
}

export function isNilValue(value: MaybeValue): boolean {
  if (value === undefined) return true;
  return value.data === null || value.data === undefined;
}

export function listOf(value: Value): readonly Value[] {
  return (value.data ?? []) as readonly Value[];
}

export function entriesOf(value: Value): ReadonlyMap<string, Value> {
  return (value.data ?? new Map()) as ReadonlyMap<string, Value>;
}

/** The names of a map's entries in the order Go prints and ranges over them. */
export function sortedKeys(value: Value): readonly string[] {
  return [...entriesOf(value).keys()].sort(compareStrings);
}

/** By octets, as Go compares: for UTF-8 that is by code point. */
export function compareStrings(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const [x, y] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (x === y) continue;
    return weight(x) - weight(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for the code points above all others; lone low ones (octets that are no UTF-8) come in between. */
function weight(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}
