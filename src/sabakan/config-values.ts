/** Values that several members of the configuration have. */

import type { Endpoint } from '../base/world.ts';
import type { Section } from './config-reader.ts';
import { isAbsolute } from './config-text.ts';

export function endpoint(section: Section, name: string, otherwise: string): Endpoint {
  const text = section.text(name, otherwise);
  const cut = text.lastIndexOf(':');
  const port = /^\d{1,5}$/.test(text.slice(cut + 1)) ? Number(text.slice(cut + 1)) : -1;
  const address = text.slice(0, Math.max(cut, 0)).replace(/^\[(.*)\]$/, '$1');
  if (cut < 0 || port < 0 || port > 65_535) {
    section.mistake(name, `must be an address and a port such as ${otherwise}, not "${text}"`);
  }
  return { address: address === '' ? '0.0.0.0' : address, port };
}

export function absolutePath(section: Section, name: string, otherwise: string): string {
  const path = section.text(name, otherwise);
  if (path !== '' && !isAbsolute(path))
    section.mistake(name, `must be an absolute path, not "${path}"`);
  return path;
}

export function oneOf<T extends string>(
  section: Section,
  name: string,
  known: readonly T[],
  otherwise: T,
): T {
  const text = section.text(name, otherwise);
  const found = known.find((value) => value === text);
  if (found === undefined)
    section.mistake(name, `must be one of ${known.join(', ')}, not "${text}"`);
  return found ?? otherwise;
}

/** Go's short durations: `2s`, `500ms`, `1m`. */
export function duration(section: Section, name: string, otherwiseMs: number): number {
  const text = section.optionalText(name);
  if (text === undefined) return otherwiseMs;
  const parts = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text);
  const ms =
    parts === null
      ? Number.NaN
      : Number(parts[1]) * { ms: 1, s: 1000, m: 60_000 }[parts[2] as 'ms'];
  if (!(ms >= 1)) section.mistake(name, `must be a duration such as 2s or 500ms, not "${text}"`);
  return ms >= 1 ? ms : otherwiseMs;
}
