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

const unitMs = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** Go's durations: `2s`, `500ms`, `1m30s`. */
export function duration(section: Section, name: string, otherwiseMs: number): number {
  const text = section.optionalText(name);
  if (text === undefined) return otherwiseMs;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  const isWhole = parts.map(([part]) => part).join('') === text;
  const ms = isWhole
    ? parts.reduce((sum, [, count, unit]) => sum + Number(count) * unitMs[unit as 'ms'], 0)
    : Number.NaN;
  if (!(ms >= 1)) section.mistake(name, `must be a duration such as 2s or 500ms, not "${text}"`);
  return ms >= 1 ? ms : otherwiseMs;
}
