/** A list in pages, all of one moment. */

import type { Row } from './generated/table.ts';
import { ProblemError } from './problem.ts';
import { type Args, type CallTerms, call, type Link } from './request.ts';

export type Page<T> = {
  readonly items: readonly T[];
  /** A watch from here misses nothing that came after this list. */
  readonly revision: string;
  /** How many are selected, over all pages. */
  readonly total: number;
  /** The list began anew with this page, since the server no longer had its moment: drop what came before. */
  readonly isAnew: boolean;
  /** Where `partial` was asked for: what the list lacks, and why; else the list is whole. */
  readonly missing: readonly Missing[];
};

export type Missing = { readonly key: string; readonly text: string; readonly todo: string };

export type Pages<T> = AsyncIterable<Page<T>> & {
  /** All items of one moment. */
  readonly all: () => Promise<{
    readonly items: readonly T[];
    readonly revision: string;
    readonly missing: readonly Missing[];
  }>;
};

/** A fleet that changes faster than it can be read through so often is a fault, not a list. */
const beginningsMax = 5;

export function pagesOf<T>(link: Link, row: Row, args: Args, terms: CallTerms = {}): Pages<T> {
  const pages = () => walk<T>(link, row, args, terms);
  return {
    [Symbol.asyncIterator]: pages,
    all: async () => {
      let items: T[] = [];
      let revision = '';
      let missing: readonly Missing[] = [];
      for await (const page of pages()) {
        if (page.isAnew) items = [];
        items.push(...page.items);
        revision = page.revision;
        missing = page.missing;
      }
      return { items, revision, missing };
    },
  };
}

type Body<T> = Omit<Page<T>, 'isAnew' | 'missing'> &
  Partial<Pick<Page<T>, 'missing'>> & { readonly next: string | null };

async function* walk<T>(
  link: Link,
  row: Row,
  args: Args,
  terms: CallTerms,
): AsyncGenerator<Page<T>> {
  let cursor: string | undefined;
  let beginnings = 1;
  let isAnew = false;
  for (;;) {
    let page: Body<T>;
    try {
      const reply = await call(link, row, { ...args, cursor }, terms);
      page = reply.body as Body<T>;
    } catch (error) {
      const isGone = error instanceof ProblemError && error.status === 410;
      if (!isGone || cursor === undefined || beginnings >= beginningsMax) throw error;
      beginnings += 1;
      cursor = undefined;
      isAnew = true;
      continue;
    }
    const { items, revision, total, missing = [], next } = page;
    yield { items, revision, total, isAnew, missing };
    isAnew = false;
    if (next === null) return;
    cursor = next;
  }
}
