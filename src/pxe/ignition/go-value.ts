/**
 * The values a Go template computes with, and how Go's `fmt` prints them.
 *
 * Whole numbers are bigint (Go's int and uint), fractions are number (float64): Go never mixes them silently, and
 * neither do we. `undefined` is Go's invalid value: a missing map key or a JSON null.
 */

import type { Rfc3339 } from '../../base/time.ts';

export type GoValue =
  | undefined
  | boolean
  | bigint
  | number
  | string
  | readonly GoValue[]
  | GoMap
  | GoStruct
  | GoTime;

export type GoMap = {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, GoValue>;
  /** What `index` gives for a missing key: the zero value of the element type. */
  readonly zero: GoValue;
};

export type GoStruct = {
  readonly kind: 'struct';
  /** Go's type name, for error texts. */
  readonly type: string;
  readonly fields: ReadonlyMap<string, GoValue>;
  /** What `json` prints: the published form, whose names differ from the field names. */
  readonly json: unknown;
};

export type GoTime = { readonly kind: 'time'; readonly text: Rfc3339 };

export function isMap(value: GoValue): value is GoMap {
  return typeof value === 'object' && !Array.isArray(value) && (value as GoMap).kind === 'map';
}

export function isStruct(value: GoValue): value is GoStruct {
  return (
    typeof value === 'object' && !Array.isArray(value) && (value as GoStruct).kind === 'struct'
  );
}

export function isTime(value: GoValue): value is GoTime {
  return typeof value === 'object' && !Array.isArray(value) && (value as GoTime).kind === 'time';
}

export function isList(value: GoValue): value is readonly GoValue[] {
  return Array.isArray(value);
}

/** JSON as Go decodes it into `interface{}`: every number is a float64. */
export function goFromJson(json: unknown): GoValue {
  if (json === null || json === undefined) return undefined;
  if (typeof json === 'boolean' || typeof json === 'number' || typeof json === 'string')
    return json;
  if (Array.isArray(json)) return json.map(goFromJson);
  const entries = Object.entries(json).map(([name, value]) => [name, goFromJson(value)] as const);
  return { kind: 'map', entries: new Map(entries), zero: undefined };
}

/** The other way, for the template function `json`. Go writes map keys in ascending order. */
export function jsonFromGo(value: GoValue): unknown {
  if (value === undefined) return null;
  if (typeof value === 'bigint') return Number(value);
  if (isList(value)) return value.map(jsonFromGo);
  if (isMap(value)) {
    const names = [...value.entries.keys()].sort();
    return Object.fromEntries(names.map((name) => [name, jsonFromGo(value.entries.get(name))]));
  }
  if (isStruct(value)) return value.json;
  if (isTime(value)) return value.text;
  return value;
}

/** What counts as true in `if`, `and`, `or`, `with`: anything but the zero value; a struct always does. */
export function isTrue(value: GoValue): boolean {
  if (value === undefined || value === '' || value === 0n || value === 0) return false;
  if (typeof value === 'boolean') return value;
  if (isList(value)) return value.length > 0;
  if (isMap(value)) return value.entries.size > 0;
  return true;
}

export function typeName(value: GoValue): string {
  if (value === undefined) return 'nil';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return 'float64';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  if (isList(value)) return '[]interface {}';
  if (isMap(value)) return value.zero === '' ? 'map[string]string' : 'map[string]interface {}';
  return isStruct(value) ? value.type : 'time.Time';
}

/** What an action prints at the top level. */
export function printed(value: GoValue): string {
  return value === undefined ? '<no value>' : formatValue(value);
}

/** Go's `%v`. */
export function formatValue(value: GoValue): string {
  if (value === undefined) return '<nil>';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return formatFloat(value);
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (isList(value)) return `[${value.map(formatValue).join(' ')}]`;
  if (isMap(value)) {
    const names = [...value.entries.keys()].sort();
    return `map[${names.map((name) => `${name}:${formatValue(value.entries.get(name))}`).join(' ')}]`;
  }
  if (isStruct(value)) return `{${[...value.fields.values()].map(formatValue).join(' ')}}`;
  return formatTime(value.text);
}

/** Shortest form that reads back the same; with an exponent below −4 and from 6 on, so a million is `1e+06`. */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [digits = '', exponentText = '0'] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < floatExponentMax) return String(value);
  const sign = exponent < 0 ? '-' : '+';
  return `${digits}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** Go's shortest `%g` turns to an exponent here, however many digits there are. */
const floatExponentMax = 6;

/** Go's `time.Time.String`: `2026-11-21 06:00:00.5 +0000 UTC`; a numeric zone stands for its own name. */
export function formatTime(text: Rfc3339): string {
  const parts = /^(.{10})[Tt](.{8})(?:\.(\d+))?(.*)$/.exec(text) ?? [];
  const [, day = '', clock = '', fraction = '', offset = 'Z'] = parts;
  const kept = fraction.replace(/0+$/, '');
  const zone =
    /^[Zz]$/.test(offset) || offset === '+00:00' ? '+0000 UTC' : twice(offset.replace(':', ''));
  return `${day} ${clock}${kept === '' ? '' : `.${kept}`} ${zone}`;
}

function twice(text: string): string {
  return `${text} ${text}`;
}
