/** JSON that somebody else stored: read, changed in one place, and written back with every number as it came. */

/** In Node since 21 and in ECMAScript 2026; TypeScript's library for 2024 does not know it yet. */
type ExactJson = { readonly rawJSON: (text: string) => unknown };
type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

export type JsonObject = Readonly<Record<string, unknown>>;

/** A number that JavaScript would write differently (64 bits, `1.0`) is written back as it came. */
const keepNumber: Reviver = (_, value, { source }) =>
  typeof value === 'number' && source !== undefined && String(value) !== source
    ? (JSON as unknown as ExactJson).rawJSON(source)
    : value;

const utf8 = new TextDecoder();

/** Undefined for what is no JSON. Numbers are numbers. */
export function parseJson(bytes: Uint8Array): unknown {
  return parsed(bytes, undefined);
}

/**
 * Undefined for what is no JSON. For `JSON.stringify` alone: an unusual number in it is no number but an object that
 * is written as it came.
 */
export function parseExactJson(bytes: Uint8Array): unknown {
  return parsed(bytes, keepNumber);
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object in a member, or an empty one. */
export function objectAt(json: unknown, name: string): JsonObject {
  const value = isJsonObject(json) && Object.hasOwn(json, name) ? json[name] : undefined;
  return isJsonObject(value) ? value : {};
}

function parsed(bytes: Uint8Array, reviver: Reviver | undefined): unknown {
  try {
    return JSON.parse(utf8.decode(bytes), reviver as Parameters<typeof JSON.parse>[1]);
  } catch {
    return undefined;
  }
}
