/** `tetsu describe NOUN NAME`: everything that is known of one thing, of a machine also what is decided about it. */

import type { Get } from '../answer.ts';
import { exitCodes, Failure } from '../failure.ts';
import type { CliNoun } from '../nouns/noun.ts';
import { selectForReading } from '../selection.ts';
import { printable } from '../table.ts';
import { unknownName } from './list.ts';

export function describedText({ page }: CliNoun, object: unknown): string {
  return page?.(object) ?? outline(object, 0);
}

/** All that the server knows of it. */
export async function askDescribed(get: Get, noun: CliNoun, name: string): Promise<unknown> {
  const place = `/api/v2/${noun.names[0]}/${encodeURIComponent(name)}`;
  const { status, body } = await get(place + (noun.describedBelow ?? ''));
  return status === 404 ? askOwned(get, noun, name) : body;
}

/** By a name that is not its own: `tetsu describe discovery SERIAL`. */
async function askOwned(get: Get, noun: CliNoun, name: string): Promise<unknown> {
  if (!noun.ownersAreNames || noun.ownerColumn?.(name) === undefined) throw unknownName(noun, name);
  const range = { names: [name], racks: [], without: { names: [], racks: [] }, isOne: true };
  const ids = (await selectForReading(get, noun, { range })).map((object) => noun.nameOf(object));
  const [id = '', ...others] = ids;
  if (others.length === 0) return askDescribed(get, noun, id);
  throw new Failure(
    `${ids.length} ${noun.names[0]} are called ${JSON.stringify(name)}: ${ids.join(', ')}`,
    'name one of them by its id',
    exitCodes.conflict,
  );
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
