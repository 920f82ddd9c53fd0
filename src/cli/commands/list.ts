/** Whole lists, page by page: what `get`, ranges and completion stand on. */

import type { Missing } from '../../sabakan/contract/list.ts';
import type { Get } from '../answer.ts';
import { exitCodes, Failure } from '../failure.ts';
import { macValue } from '../mac-name.ts';
import { type CliNoun, oneOf } from '../nouns/noun.ts';

export type Selectors = {
  readonly fieldSelector?: string | undefined;
  readonly labelSelector?: string | undefined;
  /** Comma-separated columns, a minus before one for descending. */
  readonly sort?: string | undefined;
  /** Is told what the list lacks; absent, or of a noun that is always whole: that is an error. */
  readonly onMissing?: ((missing: readonly Missing[]) => void) | undefined;
};

export type Listed = {
  readonly objects: readonly unknown[];
  /** Where a watch goes on from. */
  readonly revision: string;
};

type Page = {
  readonly items: readonly unknown[];
  readonly next: string | null;
  readonly revision: string;
  readonly missing?: readonly Missing[];
};

/** One request for 1,000 machines, twenty for 100,000. */
const pageLimit = 5_000;
/** A list that changes faster than it can be read to the end is begun again so often. */
const listTriesMax = 3;
const gone = 410;

/** What was shown is not all there is: scripts see it by the exit code, people read why. */
export function notWhole(noun: CliNoun, missing: readonly Missing[]): Failure {
  const [first] = missing;
  const more = missing.length > 1 ? `; and ${missing.length - 1} more` : '';
  return new Failure(
    `not all ${noun.names[0]} could be listed: ${first?.text}${more}`,
    `${first?.todo}; tetsu doctor names every broken record`,
    exitCodes.partial,
    { errors: missing.map(({ key, text }) => ({ at: key, detail: text })) },
  );
}

/** All pages are of one moment; when the server has lost that, it is begun again. */
export async function listAll(
  get: Get,
  noun: Pick<CliNoun, 'names' | 'mayBePartial'>,
  selectors: Selectors = {},
): Promise<Listed> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await allOnce(get, noun, selectors);
    } catch (problem) {
      const isGone = problem instanceof Failure && problem.refused?.status === gone;
      if (!isGone || tries >= listTriesMax) throw problem;
    }
  }
}

async function allOnce(
  get: Get,
  noun: Pick<CliNoun, 'names' | 'mayBePartial'>,
  { fieldSelector, labelSelector, sort, onMissing }: Selectors,
): Promise<Listed> {
  const query = new URLSearchParams({ limit: String(pageLimit) });
  for (const [name, value] of Object.entries({ fieldSelector, labelSelector, sort })) {
    if (value !== undefined) query.set(name, value);
  }
  const isPartial = onMissing !== undefined && noun.mayBePartial === true;
  if (isPartial) query.set('partial', 'true');
  const objects: unknown[] = [];
  for (;;) {
    const { status, body } = await get(`/api/v2/${noun.names[0]}?${query}`);
    if (status === 404) {
      throw new Failure(`the server knows no ${noun.names[0]}`, 'is it Tetsukan, and as new?');
    }
    const { items, next, revision, missing = [] } = body as Page;
    objects.push(...items);
    if (next === null) {
      if (missing.length > 0) onMissing?.(missing);
      return { objects, revision };
    }
    query.set('cursor', next);
  }
}

/** `--state a,b` and `--rack 1` as a selector, joined with one that was given as such. */
export function selectorOf(
  filters: Readonly<Record<string, string>>,
  fieldSelector: string | undefined,
): string | undefined {
  const parts = Object.entries(filters).map(([column, given]) => {
    const values = column === 'mac' ? given.split(',').map(macValue).join(',') : given;
    return values.includes(',') ? `${column} in (${values})` : `${column}=${values}`;
  });
  if (fieldSelector !== undefined) parts.push(fieldSelector);
  return parts.length === 0 ? undefined : parts.join(',');
}

export function unknownName(noun: CliNoun, ...names: readonly string[]): Failure {
  const [plural = ''] = noun.names;
  const shown = names.slice(0, namesShownMax).map((name) => JSON.stringify(name));
  const more = names.length > shown.length ? ` and ${names.length - shown.length} more` : '';
  return new Failure(
    `there is no ${oneOf(noun)} ${shown.join(', ')}${more}`,
    `tetsu get ${plural} lists them; upper and lower case matter`,
    exitCodes.notFound,
  );
}

/** More of them on one line help nobody. */
const namesShownMax = 20;
