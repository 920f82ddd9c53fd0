/** Go's types, as far as templates meet them: what `%T` prints, what may be passed where, and what methods hang on. */

export type Kind =
  | 'bool'
  | 'int'
  | 'int64'
  | 'uint'
  | 'uint8'
  | 'float64'
  | 'complex128'
  | 'string'
  | 'slice'
  | 'map'
  | 'struct'
  | 'pointer'
  | 'interface';

export type GoType = {
  readonly kind: Kind;
  /** As `%T` prints it: `int`, `[]string`, `sabakan.MachineSpec`. Two types are the same when they are one object. */
  readonly name: string;
  /** Of slices, maps (their keys are always strings) and pointers. */
  readonly elem?: GoType;
  /** Of structs, in order. */
  readonly fields?: readonly Field[];
};

export type Field = { readonly name: string; readonly json: string; readonly type: GoType };

export const boolType: GoType = { kind: 'bool', name: 'bool' };
export const intType: GoType = { kind: 'int', name: 'int' };
export const int64Type: GoType = { kind: 'int64', name: 'int64' };
export const uintType: GoType = { kind: 'uint', name: 'uint' };
export const uint8Type: GoType = { kind: 'uint8', name: 'uint8' };
export const float64Type: GoType = { kind: 'float64', name: 'float64' };
export const complex128Type: GoType = { kind: 'complex128', name: 'complex128' };
export const stringType: GoType = { kind: 'string', name: 'string' };
/** `interface {}`: what JSON is decoded into. */
export const anyType: GoType = { kind: 'interface', name: 'interface {}' };
export const bytesType: GoType = { kind: 'slice', name: '[]uint8', elem: uint8Type };
export const stringsType: GoType = { kind: 'slice', name: '[]string', elem: stringType };
export const anysType: GoType = { kind: 'slice', name: '[]interface {}', elem: anyType };
export const stringMapType: GoType = { kind: 'map', name: 'map[string]string', elem: stringType };
export const anyMapType: GoType = { kind: 'map', name: 'map[string]interface {}', elem: anyType };
export const timeType: GoType = { kind: 'struct', name: 'time.Time', fields: [] };
export const durationType: GoType = { kind: 'int64', name: 'time.Duration' };
export const monthType: GoType = { kind: 'int', name: 'time.Month' };
export const weekdayType: GoType = { kind: 'int', name: 'time.Weekday' };
const locationStruct: GoType = { kind: 'struct', name: 'time.Location', fields: [] };
export const locationType: GoType = {
  kind: 'pointer',
  name: '*time.Location',
  elem: locationStruct,
};

export function pointerTo(elem: GoType): GoType {
  return { kind: 'pointer', name: `*${elem.name}`, elem };
}

export function sliceOf(elem: GoType): GoType {
  return { kind: 'slice', name: `[]${elem.name}`, elem };
}

export function isInteger(kind: Kind): boolean {
  return isSigned(kind) || isUnsigned(kind);
}

export function isSigned(kind: Kind): boolean {
  return kind === 'int' || kind === 'int64';
}

export function isUnsigned(kind: Kind): boolean {
  return kind === 'uint' || kind === 'uint8';
}
