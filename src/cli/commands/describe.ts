/** `tetsu describe machine`: everything that is known and decided about one. */

import type { Get } from '../answer.ts';
import { exitCodes, Failure } from '../failure.ts';

export async function describeMachine(get: Get, serial: string): Promise<string> {
  const { status, body } = await get(`/api/v2/machines/${encodeURIComponent(serial)}/explain`);
  if (status === 404) {
    throw new Failure(
      `there is no machine ${JSON.stringify(serial)}`,
      'tetsu get machines lists them; upper and lower case matter',
      exitCodes.notFound,
    );
  }
  return outline(body, 0);
}

/** Nested data as indented `name: value` lines: for reading, not for parsing. */
export function outline(value: unknown, depth: number): string {
  const indent = '  '.repeat(depth);
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== 'object')) return `${indent}${value.join(', ')}`;
    return value.map((item) => `${indent}- ${outline(item, depth + 1).trimStart()}`).join('\n');
  }
  if (typeof value !== 'object' || value === null) return `${indent}${String(value)}`;
  return Object.entries(value)
    .map(([name, inner]) => {
      const nested = typeof inner === 'object' && inner !== null && Object.keys(inner).length > 0;
      const isShort = Array.isArray(inner) && inner.every((item) => typeof item !== 'object');
      if (!nested || isShort)
        return `${indent}${name}: ${inner === null || !nested ? emptyText(inner) : inner.join(', ')}`;
      return `${indent}${name}:\n${outline(inner, depth + 1)}`;
    })
    .join('\n');
}

function emptyText(value: unknown): string {
  if (value === null || value === undefined) return '-';
  return typeof value === 'object' ? 'none' : String(value);
}
