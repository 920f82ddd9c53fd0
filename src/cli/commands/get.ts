/** `tetsu get NOUN [NAME…]`: lists of any noun, in the form that is asked for. */

import type { Get } from '../answer.ts';
import { exitCodes, Failure } from '../failure.ts';
import type { CliNoun } from '../nouns/noun.ts';
import { formatTable, printable } from '../table.ts';

export const outputs = ['table', 'wide', 'json', 'yaml', 'name'] as const;
export type Output = (typeof outputs)[number];

export type Selection = {
  /** These and no others; empty: all that the selectors leave. */
  readonly names: readonly string[];
  readonly fieldSelector: string | undefined;
  readonly labelSelector: string | undefined;
  /** Comma-separated columns, a minus before one for descending. */
  readonly sort: string | undefined;
};

type Page = { readonly items: readonly unknown[]; readonly next: string | null };

/** One request for 1,000 machines, twenty for 100,000. */
const pageLimit = 5_000;
/** A list that changes faster than it can be read to the end is begun again so often. */
const listTriesMax = 3;

/** The text to print. No match is an empty list, not an error: a script counts lines. */
export async function getObjects(
  get: Get,
  noun: CliNoun,
  selection: Selection,
  output: Output,
): Promise<string> {
  const { names } = selection;
  const isOne = names.length === 1;
  const objects =
    names.length > 0 ? await named(get, noun, names) : await all(get, noun, selection);
  const [only] = objects;
  switch (output) {
    case 'json':
      return JSON.stringify(isOne ? only : objects, null, 2);
    case 'yaml': {
      // Loaded here: the other forms stay quick.
      const { stringify } = await import('yaml');
      return stringify(isOne ? only : objects).trimEnd();
    }
    case 'name':
      return objects.map((object) => printable(noun.nameOf(object))).join('\n');
    case 'table':
    case 'wide': {
      if (objects.length === 0) return `no ${noun.names[1] ?? noun.names[0]} matches`;
      const columns = noun.columns.filter(({ wide }) => output === 'wide' || !wide);
      return formatTable(columns, objects);
    }
  }
}

async function named(
  get: Get,
  noun: CliNoun,
  names: readonly string[],
): Promise<readonly unknown[]> {
  const objects: unknown[] = [];
  for (const name of names) {
    const { status, body } = await get(`/api/v2/${noun.names[0]}/${encodeURIComponent(name)}`);
    if (status === 404) throw unknownName(noun, name);
    objects.push(body);
  }
  return objects;
}

/** Page by page; all pages are of one moment, and when the server has lost that, it is begun again. */
async function all(get: Get, noun: CliNoun, selection: Selection): Promise<readonly unknown[]> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await allOnce(get, noun, selection);
    } catch (problem) {
      const isGone = problem instanceof Failure && problem.message.includes('answered 410');
      if (!isGone || tries >= listTriesMax) throw problem;
    }
  }
}

async function allOnce(get: Get, noun: CliNoun, selection: Selection): Promise<readonly unknown[]> {
  const { fieldSelector, labelSelector, sort } = selection;
  const query = new URLSearchParams({ limit: String(pageLimit) });
  for (const [name, value] of Object.entries({ fieldSelector, labelSelector, sort })) {
    if (value !== undefined) query.set(name, value);
  }
  const objects: unknown[] = [];
  for (;;) {
    const { status, body } = await get(`/api/v2/${noun.names[0]}?${query}`);
    if (status === 404) throw new Failure('the server has no API version 2', 'is it Tetsukan?');
    const { items, next } = body as Page;
    objects.push(...items);
    if (next === null) return objects;
    query.set('cursor', next);
  }
}

export function unknownName(noun: CliNoun, name: string): Failure {
  const [plural = '', one = ''] = noun.names;
  return new Failure(
    `there is no ${one} ${JSON.stringify(name)}`,
    `tetsu get ${plural} lists them; upper and lower case matter`,
    exitCodes.notFound,
  );
}

/** A mistyped state would match nothing, which reads like good news. */
export function checkValues(noun: CliNoun, filters: Readonly<Record<string, string>>): void {
  for (const [column, values] of Object.entries(filters)) {
    const known = noun.values[column];
    const wrong = values.split(',').find((value) => known !== undefined && !known.test(value));
    if (known === undefined || wrong === undefined) continue;
    throw new Failure(
      `--${column}: there is no ${column} ${JSON.stringify(wrong)}`,
      known.says,
      exitCodes.usage,
    );
  }
}

/** `--state a,b` and `--rack 1` as a selector, joined with one that was given as such. */
export function selectorOf(
  filters: Readonly<Record<string, string>>,
  fieldSelector: string | undefined,
): string | undefined {
  const parts = Object.entries(filters).map(([column, values]) =>
    values.includes(',') ? `${column} in (${values})` : `${column}=${values}`,
  );
  if (fieldSelector !== undefined) parts.push(fieldSelector);
  return parts.length === 0 ? undefined : parts.join(',');
}
