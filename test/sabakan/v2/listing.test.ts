import { describe, expect, it } from 'vitest';
import { fail, ok } from '../../../src/base/result.ts';
import { absent, type Revision } from '../../../src/base/store.ts';
import type { Collection, CollectionChange } from '../../../src/sabakan/v2/collection.ts';
import { formatCursor, parseCursor } from '../../../src/sabakan/v2/cursor.ts';
import { createListing, type ListQuery } from '../../../src/sabakan/v2/listing.ts';
import { parseSelector } from '../../../src/sabakan/v2/selector.ts';
import { manualClock } from '../../support/clock.ts';

type Fruit = { readonly name: string; readonly weight: number; readonly colour?: string };

const fruits: readonly Fruit[] = [
  { name: 'apple', weight: 10, colour: 'red' },
  { name: 'banana', weight: 9, colour: 'yellow' },
  { name: 'cherry', weight: 1, colour: 'red' },
  { name: 'date', weight: 2 },
  { name: 'elder', weight: 1, colour: 'black' },
];

function aBasket() {
  let snapshot = { changed: '10' as Revision, completeTo: '12' as Revision, items: fruits };
  let isWhole = true;
  const clock = manualClock();
  const collection: Collection<Fruit> = {
    noun: 'fruits',
    columns: [
      { name: 'colour', text: ({ colour }) => colour },
      {
        name: 'weight',
        text: ({ weight }) => String(weight),
        number: ({ weight }) => weight,
      },
    ],
    nameOf: ({ name }) => name,
    labelsOf: ({ name }) => new Map([['first', name.slice(0, 1)]]),
    toJson: (fruit) => fruit,
    revisionOf: () => absent,
    snapshot: () => (isWhole ? ok(snapshot) : fail({ kind: 'not-live', text: 'behind' })),
    find: () => ok(undefined),
    completeTo: () => snapshot.completeTo,
    subscribe: () => () => {},
  };
  return {
    clock,
    listing: createListing(collection, clock),
    change: (revision: string, items: readonly Fruit[]) => {
      const changed = revision as Revision;
      snapshot = { changed, completeTo: changed, items };
    },
    breakIt: () => {
      isWhole = false;
    },
  };
}

function query(where = '', sort = '', labels = ''): ListQuery {
  const requirements = (text: string) => {
    const parsed = parseSelector(text);
    if (!parsed.ok) throw new Error(parsed.error.text);
    return parsed.value;
  };
  return {
    where: requirements(where),
    labels: requirements(labels),
    sort: sort
      .split(',')
      .filter((key) => key !== '')
      .map((key) => ({ column: key.replace('-', ''), descending: key.startsWith('-') })),
  };
}

/** All pages, as `a b | c d`. */
function pages(basket: ReturnType<typeof aBasket>, asked: ListQuery, limit: number): string {
  const shown: string[] = [];
  let cursor: string | undefined;
  do {
    const parsed = cursor === undefined ? ok(undefined) : parseCursor(cursor);
    const page = basket.listing.page(asked, limit, parsed.ok ? parsed.value : undefined);
    if (!page.ok) return page.error.kind;
    shown.push(page.value.items.map(({ name }) => name).join(' '));
    cursor = page.value.next && formatCursor(page.value.next);
  } while (cursor !== undefined);
  return shown.join(' | ');
}

describe('a list in pages', () => {
  it.each([
    [query(), 2, 'apple banana | cherry date | elder'],
    [query(), 5, 'apple banana cherry date elder'],
    [query(), 4, 'apple banana cherry date | elder'],
    [query('colour=red'), 1, 'apple | cherry'],
    [query('colour!=red'), 9, 'banana date elder'],
    [query('!colour'), 9, 'date'],
    [query('colour=blue'), 9, ''],
    [query('', '', 'first in (a,e)'), 9, 'apple elder'],
    [query('colour=red', '', 'first=c'), 9, 'cherry'],
    [query('', 'weight'), 9, 'cherry elder date banana apple'],
    [query('', '-weight'), 9, 'apple banana date cherry elder'],
    [query('', 'colour'), 9, 'elder apple cherry banana date'],
    [query('', '-colour'), 9, 'banana apple cherry elder date'],
    [query('', 'colour,weight'), 9, 'elder cherry apple banana date'],
  ])('%j by %i is %s', (asked, limit, expected) => {
    expect(pages(aBasket(), asked, limit)).toBe(expected);
  });

  it('counts what the query selects, not what the page holds', () => {
    const page = aBasket().listing.page(query('colour=red'), 1, undefined);
    expect(page.ok && page.value.total).toBe(2);
  });

  it('goes on with the list it began with, though objects come and go', () => {
    const basket = aBasket();
    const first = basket.listing.page(query(), 2, undefined);
    basket.change('11', fruits.slice(3));
    const second = basket.listing.page(query(), 2, first.ok ? first.value.next : undefined);
    expect(second.ok && [second.value.completeTo, second.value.items]).toEqual([
      '12',
      fruits.slice(2, 4),
    ]);
  });

  it('is known on a server that never gave its first page, while nothing has changed', () => {
    const next = { changed: '10' as Revision, query: '[[],[],[]]', offset: 3 };
    const page = aBasket().listing.page(query(), 9, next);
    expect(page.ok && page.value.items.map(({ name }) => name)).toEqual(['date', 'elder']);
  });

  it.each([
    ['the server has forgotten it', { revision: '9', query: '[[],[],[]]' }, 'cursor-gone'],
    ['it comes from another query', { revision: '10', query: '[[],[],[1]]' }, 'bad-request'],
  ])('is refused when %s', (_, { revision, query: of }, expected) => {
    const cursor = { changed: revision as Revision, query: of, offset: 2 };
    const page = aBasket().listing.page(query(), 2, cursor);
    expect(!page.ok && page.error.kind).toBe(expected);
  });

  it('is forgotten after five minutes without a reader', () => {
    const basket = aBasket();
    const first = basket.listing.page(query(), 2, undefined);
    const next = first.ok ? first.value.next : undefined;
    basket.change('11', []);
    basket.clock.advance(4 * 60_000);
    expect(basket.listing.page(query(), 1, next).ok).toBe(true);
    basket.clock.advance(5 * 60_000 + 1);
    basket.listing.page(query('weight=1'), 1, undefined);
    const late = basket.listing.page(query(), 2, next);
    expect(!late.ok && late.error.kind).toBe('cursor-gone');
  });

  it('keeps no more than 64 lists', () => {
    const basket = aBasket();
    const first = basket.listing.page(query(), 2, undefined);
    basket.change('11', fruits);
    for (let at = 0; at < 64; at += 1) basket.listing.page(query(`weight=${at}`), 1, undefined);
    const late = basket.listing.page(query(), 2, first.ok ? first.value.next : undefined);
    expect(!late.ok && late.error.kind).toBe('cursor-gone');
  });

  it('is refused whole when the collection is not', () => {
    const basket = aBasket();
    basket.breakIt();
    expect(pages(basket, query(), 2)).toBe('not-live');
  });
});

describe('a cursor', () => {
  it.each([
    '',
    'x',
    '{}',
    'W10',
    btoa('[1,"10","[]"]'),
    btoa('[2,"10","[]",0]'),
    btoa('[1,"-1","[]",0]'),
    btoa('[1,"10",7,0]'),
    btoa('[1,"10","[]",-1]'),
    btoa('[1,"10","[]",1.5]'),
    btoa('[1,"10","[]",1e300]'),
    'a'.repeat(20_000),
  ])('that is %j is refused', (text) => expect(parseCursor(text).ok).toBe(false));
});

describe('a cursor of another server', () => {
  const heavier = fruits.map((fruit) => ({ ...fruit, weight: fruit.weight + 100 }));

  /** A server that was told of the same changes. */
  function another(
    changes: readonly CollectionChange<Fruit>[][],
    items: readonly Fruit[],
    kept = 0,
  ) {
    const entries = changes.map((one, at) => {
      return { revision: String(11 + at) as Revision, changes: one };
    });
    const changed = String(10 + changes.length) as Revision;
    const collection: Collection<Fruit> = {
      ...basketCollection,
      snapshot: () => ok({ changed, completeTo: changed, items }),
    };
    const after = (from: Revision) =>
      Number(from) < 10 + kept ? undefined : entries.filter(({ revision }) => revision > from);
    return createListing(collection, manualClock(), { after });
  }
  const basketCollection: Collection<Fruit> = {
    noun: 'fruits',
    columns: [{ name: 'colour', text: ({ colour }) => colour }],
    nameOf: ({ name }) => name,
    toJson: (fruit) => fruit,
    revisionOf: () => absent,
    snapshot: () => fail({ kind: 'not-live', text: '' }),
    find: () => ok(undefined),
    completeTo: () => absent,
    subscribe: () => () => {},
  };
  const asked = query();
  const cursor = { changed: '10' as Revision, query: JSON.stringify([[], [], []]), offset: 1 };
  const renamed = (at: number, after: Fruit | undefined) => {
    const before = fruits[at];
    return [{ name: before?.name ?? '', before, after }];
  };
  const added = { name: 'blackberry', weight: 1 };

  it.each<[string, readonly CollectionChange<Fruit>[][], readonly Fruit[]]>([
    ['nothing', [], fruits],
    ['objects that changed', fruits.map((_, at) => renamed(at, heavier[at])), heavier],
    [
      'one that changed twice',
      [renamed(1, heavier[1]), [{ name: 'banana', before: heavier[1], after: fruits[1] }]],
      fruits,
    ],
    [
      'one that came',
      [[{ name: added.name, before: undefined, after: added }]],
      [...fruits.slice(0, 2), added, ...fruits.slice(2)],
    ],
    ['one that went', [renamed(2, undefined)], fruits.toSpliced(2, 1)],
    [
      'one that went and came again',
      [renamed(2, undefined), [{ name: 'cherry', before: undefined, after: added }]],
      fruits,
    ],
  ])('goes on with the same list after %s', (_, changes, items) => {
    const page = another(changes, items).page(asked, 10, cursor);
    expect(page.ok && page.value).toEqual({
      items: fruits.slice(1),
      completeTo: '10',
      total: 5,
      next: undefined,
    });
  });

  it.each<[string, readonly Fruit[], number]>([
    ['some of the changes since are forgotten', fruits.toSpliced(2, 1), 1],
    ['one went from a list that is in no order of names', fruits.toReversed().toSpliced(2, 1), 0],
  ])('is gone when %s', (_, items, kept) => {
    const page = another([renamed(2, undefined)], items, kept).page(asked, 10, cursor);
    expect(!page.ok && page.error.kind).toBe('cursor-gone');
  });
});
