/** `json`: Go's `encoding/json`, which escapes `<`, `>` and `&` for HTML and sorts the keys of maps. */

import { refuse } from './callable.ts';
import {
  entriesOf,
  listOf,
  type MaybeValue,
  type Moment,
  sortedKeys,
  type Value,
} from './go-value.ts';
import { rfc3339 } from './moment.ts';

export function jsonOf(value: MaybeValue): string {
  if (value === undefined) return 'null';
  const { type, data } = value;
  switch (type.kind) {
    case 'bool':
      return String(data);
    case 'string':
      return jsonString(data as string);
    case 'float64':
      return Number.isFinite(data) ? floatText(data as number) : unsupported(data as number);
    case 'complex128':
      return refuse(`json: unsupported type: ${type.name}`);
    case 'slice':
      if (data === null) return 'null';
      return type.name === '[]uint8' ? base64(value) : `[${listOf(value).map(jsonOf).join(',')}]`;
    case 'map': {
      if (data === null) return 'null';
      const entries = entriesOf(value);
      return `{${sortedKeys(value)
        .map((key) => `${jsonString(key)}:${jsonOf(entries.get(key))}`)
        .join(',')}}`;
    }
    case 'struct':
      return type.name === 'time.Time' ? `"${rfc3339(data as Moment)}"` : structText(value);
    case 'pointer':
      return type.name === '*time.Location' ? '{}' : jsonOf(data as MaybeValue);
    case 'interface':
      return jsonOf(data as MaybeValue);
    default:
      return String(data);
  }
}

function structText({ type, data }: Value): string {
  const values = data as readonly Value[];
  const members = (type.fields ?? []).map((field, at) => `"${field.json}":${jsonOf(values[at])}`);
  return `{${members.join(',')}}`;
}

/** JavaScript's form is Go's, but for negative zero. */
function floatText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function unsupported(value: number): never {
  return refuse(
    `json: unsupported value: ${Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'}`,
  );
}

function jsonString(text: string): string {
  // Octets that are no UTF-8 are written as the escape of U+FFFD.
  const inner = text.split(/[\udc80-\udcff]/u).map((part) => JSON.stringify(part).slice(1, -1));
  const escaped = inner
    .join('\\ufffd')
    .replace(
      /[<>&\u2028\u2029]/g,
      (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
    );
  return `"${escaped}"`;
}

function base64(value: Value): string {
  return `"${btoa(
    listOf(value)
      .map((octet) => String.fromCharCode(Number(octet.data)))
      .join(''),
  )}"`;
}
