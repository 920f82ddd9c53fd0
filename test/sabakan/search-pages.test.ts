import { describe, expect, it } from 'vitest';
import { instant } from '../../src/base/time.ts';
import type { Machine } from '../../src/inventory/machine.ts';
import { type SearchPages, searchInPages } from '../../src/sabakan/graphql/search-pages.ts';
import { aFace, aSpec } from '../support/face.ts';

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const noPause = async () => {};

/** Executes like the resolver does: finds once, then cuts. */
const cutting = (count: number, seen: number[] = []) => {
  const machines = Array.from({ length: count }, (_, at) => at) as unknown as readonly Machine[];
  return async (pages: SearchPages) => {
    pages.found ??= { machines, now: instant(0) };
    seen.push(pages.from);
    const { from, length } = pages;
    return { data: { all: pages.found.machines.slice(from, from + length) } };
  };
};

describe('a search in pages', () => {
  it.each([0, 1, 249, 250, 251, 500, 1001])(
    'loses and doubles none of %i machines',
    async (count) => {
      const found = await searchInPages('all', cutting(count), noPause);
      expect('body' in found && JSON.parse(text(found.body))).toEqual({
        data: { all: Array.from({ length: count }, (_, at) => at) },
      });
    },
  );

  it('ends with a newline and escapes HTML, as every answer does', async () => {
    const found = await searchInPages('all', async () => ({ data: { all: ['<a>'] } }), noPause);
    expect('body' in found && text(found.body)).toBe('{"data":{"all":["\\u003ca\\u003e"]}}\n');
  });

  it('pauses between pages and not before the first or after the last', async () => {
    let pauses = 0;
    const seen: number[] = [];
    await searchInPages('all', cutting(600, seen), async () => {
      pauses += 1;
    });
    expect([seen, pauses]).toEqual([[0, 250, 500], 2]);
  });

  it('answers with an error whole, whichever page it is on', async () => {
    const execute = cutting(600);
    const found = await searchInPages(
      'all',
      async (pages) => (pages.from < 250 ? execute(pages) : { data: null, errors: ['broken'] }),
      noPause,
    );
    expect(found).toEqual({ refused: { data: null, errors: ['broken'] } });
  });
});

describe('searchMachines over 560 machines', () => {
  const register = async () => {
    const face = await aFace();
    for (let rack = 0; rack < 20; rack += 1) {
      const body = Array.from({ length: 28 }, (_, at) =>
        aSpec(`m${String(28 * rack + at).padStart(3, '0')}`, { rack }),
      );
      await face.must('POST /api/v1/machines', { body });
    }
    return face;
  };
  const serials = (list: readonly { readonly spec: { readonly serial: string } }[]) =>
    list.map(({ spec }) => spec.serial);

  it('is of one moment, though machines come and go between its pages', async () => {
    const face = await register();
    const before = face.inventory.machines().map(({ spec }) => spec.serial);
    const asked = face.graphql('{ found: searchMachines { spec { serial } status { state } } }');
    let answered = false;
    void asked.then(() => {
      answered = true;
    });
    await face.must('POST /api/v1/machines', { body: [aSpec('a-new-one', { rack: 20 })] });
    await face.must('PUT /api/v1/state/m559', { body: 'healthy' });
    while (!answered) await face.clock.run(1);
    const { data } = await asked;
    expect(serials(data.found)).toEqual(before);
    expect(data.found[559].status.state).toBe('UNINITIALIZED');
  });

  it.each([
    [
      'beside another field',
      '{ searchMachines { spec { serial } } machine(serial: "m000") { spec { serial } } }',
    ],
    ['under a directive', '{ searchMachines @skip(if: false) { spec { serial } } }'],
    [
      'through a fragment',
      'query { ...all } fragment all on Query { searchMachines { spec { serial } } }',
    ],
  ])('is whole %s', async (_, query) => {
    const face = await register();
    const { data } = await face.graphql(query);
    expect(serials(data.searchMachines)).toHaveLength(560);
  });
});
