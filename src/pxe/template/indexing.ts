/** `len`, `index` and `slice`. Strings are indexed by octet. */

import { refuse } from './callable.ts';
import { isInteger, uint8Type } from './go-type.ts';
import {
  entriesOf,
  followed,
  insideInterface,
  listOf,
  type MaybeValue,
  ofInt,
  type Value,
  zeroOf,
} from './go-value.ts';
import { bytesFromText, textFromBytes } from './lossless-text.ts';

export function lengthOf(given: MaybeValue): Value {
  const { value, isNil } = followed(given);
  if (isNil) return refuse('len of nil pointer');
  if (value === undefined) return refuse('reflect: call of reflect.Value.Type on zero Value');
  switch (value.type.kind) {
    case 'string':
      return ofInt(bytesFromText(value.data as string).length);
    case 'slice':
      return ofInt(listOf(value).length);
    case 'map':
      return ofInt(entriesOf(value).size);
    default:
      return refuse(`len of type ${value.type.name}`);
  }
}

export function indexed([given, ...keys]: readonly MaybeValue[]): MaybeValue {
  let at = insideInterface(given);
  if (at === undefined) return refuse('index of untyped nil');
  for (const key of keys) {
    const { value, isNil } = followed(at);
    if (isNil || value === undefined) return refuse('index of nil pointer');
    at = one(value, insideInterface(key));
  }
  return at;
}

function one(value: Value, key: MaybeValue): Value {
  switch (value.type.kind) {
    case 'map':
      if (key === undefined) return refuse('value is nil; should be of type string');
      if (key.type.name !== 'string') {
        return refuse(`value has type ${key.type.name}; should be string`);
      }
      return entriesOf(value).get(key.data as string) ?? zeroOf(value.type.elem ?? uint8Type);
    case 'slice': {
      const list = listOf(value);
      const at = position(key, list.length);
      return list[at] ?? refuse('reflect: slice index out of range');
    }
    case 'string': {
      const octets = bytesFromText(value.data as string);
      const octet = octets[position(key, octets.length)];
      if (octet === undefined) return refuse('reflect: string index out of range');
      return { type: uint8Type, data: BigInt(octet) };
    }
    default:
      return refuse(`can't index item of type ${value.type.name}`);
  }
}

function position(key: MaybeValue, size: number): number {
  if (key === undefined) return refuse('cannot index slice/array with nil');
  if (!isInteger(key.type.kind)) {
    return refuse(`cannot index slice/array with type ${key.type.name}`);
  }
  const at = BigInt.asIntN(64, key.data as bigint);
  return at < 0n || at > BigInt(size) ? refuse(`index out of range: ${at}`) : Number(at);
}

export function sliced([given, ...bounds]: readonly MaybeValue[]): Value {
  const first = insideInterface(given);
  if (first === undefined) return refuse('slice of untyped nil');
  const { value, isNil } = followed(first);
  if (isNil || value === undefined) return refuse('slice of nil pointer');
  if (bounds.length > 3) return refuse(`too many slice indexes: ${bounds.length}`);
  const isText = value.type.kind === 'string';
  if (isText && bounds.length === 3) return refuse('cannot 3-index slice a string');
  if (!isText && value.type.kind !== 'slice') {
    return refuse(`can't slice item of type ${value.type.name}`);
  }
  const octets = isText ? bytesFromText(value.data as string) : undefined;
  const size = octets?.length ?? listOf(value).length;
  const [from = 0, to = size, limit = size] = bounds.map((bound) => position(bound, size));
  if (from > to) return refuse(`invalid slice index: ${from} > ${to}`);
  if (to > limit) return refuse(`invalid slice index: ${to} > ${limit}`);
  const data =
    octets === undefined ? listOf(value).slice(from, to) : textFromBytes(octets.subarray(from, to));
  return { type: value.type, data };
}
