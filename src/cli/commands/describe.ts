/** `tetsu describe NOUN NAME`: everything that is known of one thing, of a machine also what is decided about it. */

import type { Get } from '../answer.ts';
import type { CliNoun } from '../nouns/noun.ts';
import { printable } from '../table.ts';
import { unknownName } from './list.ts';

export async function describeObject(get: Get, noun: CliNoun, name: string): Promise<string> {
  const place = `/api/v2/${noun.names[0]}/${encodeURIComponent(name)}`;
  const { status, body } = await get(place + (noun.describedBelow ?? ''));
  if (status === 404) throw unknownName(noun, name);
  return noun.page?.(body) ?? outline(body, 0);
}

/** Nested data as indented `name: value` lines: for reading, not for parsing. */
export function outline(value: unknown, depth: number): string {
  const indent = '  '.repeat(depth);
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== 'object')) return `${indent}${texts(value)}`;
    return value.map((item) => `${indent}- ${outline(item, depth + 1).trimStart()}`).join('\n');
  }
  if (typeof value !== 'object' || value === null) return `${indent}${printable(String(value))}`;
  return Object.entries(value)
    .map(([name, inner]) => {
      const nested = typeof inner === 'object' && inner !== null && Object.keys(inner).length > 0;
      const isShort = Array.isArray(inner) && inner.every((item) => typeof item !== 'object');
      if (!nested || isShort)
        return `${indent}${printable(name)}: ${inner === null || !nested ? emptyText(inner) : texts(inner)}`;
      return `${indent}${printable(name)}:\n${outline(inner, depth + 1)}`;
    })
    .join('\n');
}

function emptyText(value: unknown): string {
  if (value === null || value === undefined) return '-';
  return typeof value === 'object' ? 'none' : printable(String(value));
}

function texts(values: unknown): string {
  return [values]
    .flat()
    .map((value) => printable(String(value)))
    .join(', ');
}
