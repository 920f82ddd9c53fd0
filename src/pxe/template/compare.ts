/** `eq`, `ne`, `lt`, `le`, `gt`, `ge`. */

import { refuse } from './callable.ts';
import { isSigned, isUnsigned } from './go-type.ts';
import {
  type Complex,
  compareStrings,
  insideInterface,
  isNilValue,
  type MaybeValue,
  type Moment,
  type Value,
} from './go-value.ts';
import { formatValue, sprintf } from './printf.ts';

type Basic = 'bool' | 'complex' | 'int' | 'uint' | 'float' | 'string';

function basicKind(value: MaybeValue): Basic | undefined {
  const kind = value?.type.kind;
  if (kind === undefined) return undefined;
  if (isSigned(kind)) return 'int';
  if (isUnsigned(kind)) return 'uint';
  if (kind === 'float64') return 'float';
  if (kind === 'complex128') return 'complex';
  return kind === 'bool' || kind === 'string' ? kind : undefined;
}

function areWhole(a: Basic | undefined, b: Basic | undefined): boolean {
  return (a === 'int' || a === 'uint') && (b === 'int' || b === 'uint');
}

/** Equal to any of the others; those after the first equal one are not looked at. */
export function equalsAny(args: readonly MaybeValue[]): boolean {
  if (args.length < 2) refuse('missing argument for comparison');
  const first = insideInterface(args[0]);
  return args.slice(1).some((other) => equals(first, insideInterface(other)));
}

function equals(a: MaybeValue, b: MaybeValue): boolean {
  const [kindA, kindB] = [basicKind(a), basicKind(b)];
  if (kindA !== kindB) {
    if (areWhole(kindA, kindB)) return a?.data === b?.data;
    if (a === undefined || b === undefined) return false;
    return refuse(`incompatible types for comparison: ${a.type.name} and ${b.type.name}`);
  }
  if (kindA === 'complex') {
    const [x, y] = [a?.data as Complex, b?.data as Complex];
    return x.real === y.real && x.imaginary === y.imaginary;
  }
  if (kindA !== undefined) return a?.data === b?.data;
  if (a !== undefined && b !== undefined && a.type.kind !== b.type.kind) {
    return refuse(
      `non-comparable types ${sprintf('%s', [a])}: ${a.type.name}, ${b.type.name}: ${formatValue(b)}`,
    );
  }
  if (isNilValue(a) || isNilValue(b)) return isNilValue(a) && isNilValue(b);
  return sameThing(a as Value, b as Value);
}

function sameThing(a: Value, b: Value): boolean {
  if (!isComparable(b)) refuse(`non-comparable type ${sprintf('%s', [b])}: ${b.type.name}`);
  if (a.type !== b.type) return false;
  if (b.type.name === 'time.Time') {
    const [x, y] = [a.data as Moment, b.data as Moment];
    const isSame = x.seconds === y.seconds && x.nanoseconds === y.nanoseconds;
    // Zones are compared as pointers: two of the same offset are two.
    return isSame && x.offset === y.offset && (x.offset === 0 || x === y);
  }
  if (b.type.kind !== 'struct') return a.data === b.data;
  const others = b.data as readonly Value[];
  return (a.data as readonly Value[]).every((field, at) => {
    const other = others[at] as Value;
    return other.type.kind === 'struct' ? sameThing(field, other) : field.data === other.data;
  });
}

function isComparable(value: Value): boolean {
  const { kind, fields = [] } = value.type;
  if (kind === 'slice' || kind === 'map') return false;
  return fields.every(({ type }) => isComparable({ type, data: undefined }));
}

export function isLess([givenA, givenB]: readonly MaybeValue[]): boolean {
  const [a, b] = [insideInterface(givenA), insideInterface(givenB)];
  const [kindA, kindB] = [basicKind(a), basicKind(b)];
  if (kindA === undefined || kindB === undefined) return refuse('invalid type for comparison');
  if (kindA !== kindB && !areWhole(kindA, kindB)) {
    return refuse(`incompatible types for comparison: ${a?.type.name} and ${b?.type.name}`);
  }
  switch (kindA) {
    case 'bool':
    case 'complex':
      return refuse('invalid type for comparison');
    case 'string':
      return compareStrings(a?.data as string, b?.data as string) < 0;
    default:
      return (a?.data as bigint) < (b?.data as bigint);
  }
}

export function isLessOrEqual(args: readonly MaybeValue[]): boolean {
  return isLess(args) || equalsAny(args);
}
