import { describe, expect, it } from 'vitest';
import { checkValues } from '../../../src/cli/commands/get.ts';
import { listAll, selectorOf } from '../../../src/cli/commands/list.ts';
import { Failure } from '../../../src/cli/failure.ts';
import type { CliNoun } from '../../../src/cli/nouns/noun.ts';
import { nouns } from '../../../src/cli/nouns.ts';
import { formatObjects, parseOutput } from '../../../src/cli/output.ts';
import { parseRanges } from '../../../src/cli/ranges.ts';
import { selectForReading, selectForWriting } from '../../../src/cli/selection.ts';
import { aFace, aSpec, type TestFace } from '../../support/face.ts';

async function fleet(): Promise<TestFace> {
  const face = await aFace();
  const body = [
    aSpec('s-1', { labels: { product: 'R630' } }),
    aSpec('s-2', { rack: 1, role: 'boot' }),
    aSpec('s-3', { rack: 1 }),
  ];
  await face.must('POST /api/v1/machines', { body });
  await face.must('PUT /api/v1/state/s-3', { body: 'healthy' });
  face.clock.advance(61_000);
  return face;
}

const nounOf = (name: string): CliNoun => {
  const found = nouns.find(({ names }) => names.includes(name));
  if (found === undefined) throw new Error(`no noun ${name}`);
  return found;
};

const getter = (face: TestFace) => async (path: string) => {
  const answer = await face.ask(`GET ${path}`);
  return { status: answer.statusCode, body: answer.json() };
};

function rangeOf(...args: readonly string[]) {
  const range = parseRanges(args);
  if (!range.ok) throw new Error(range.error.join());
  return range.value;
}

type Asked = { readonly names?: readonly string[]; readonly [selector: string]: unknown };

async function shown(
  noun: string,
  { names = [], ...selectors }: Asked,
  as: string,
): Promise<string> {
  const range = rangeOf(...names);
  const found = await selectForReading(getter(await fleet()), nounOf(noun), {
    range,
    ...selectors,
  });
  const output = parseOutput(as);
  if (!output.ok) throw new Error(output.error);
  const one = range.isOne && found.length === 1;
  return formatObjects(nounOf(noun), found, { output: output.value, headers: true }, one);
}

describe('tetsu get', () => {
  it.each([
    ['machines', {}, 'name', 's-1\ns-2\ns-3\n'],
    ['machines', { names: ['s-3', 's-1'] }, 'name', 's-3\ns-1\n'],
    ['machines', { names: ['rack1'] }, 'name', 's-2\ns-3\n'],
    ['machines', { names: ['s-[1-3],^s-2'] }, 'name', 's-1\ns-3\n'],
    ['machines', { names: ['rack[0-1]', '^rack0'] }, 'name', 's-2\ns-3\n'],
    ['machines', { names: ['^s-1'] }, 'name', 's-2\ns-3\n'],
    ['machines', { names: ['rack1'], fieldSelector: 'role=boot' }, 'name', 's-2\n'],
    ['machines', { names: ['s-3,s-1'], sort: 'serial' }, 'name', 's-1\ns-3\n'],
    ['machines', { fieldSelector: 'rack=1' }, 'name', 's-2\ns-3\n'],
    ['machines', { labelSelector: 'product' }, 'name', 's-1\n'],
    ['machines', { sort: '-serial' }, 'name', 's-3\ns-2\ns-1\n'],
    ['machines', { fieldSelector: 'rack=7' }, 'name', ''],
    ['machines', { fieldSelector: 'rack=7' }, 'json', '{\n  "items": []\n}\n'],
    ['machines', { fieldSelector: 'rack=7' }, 'yaml', 'items: []\n'],
    ['machines', { fieldSelector: 'rack=7' }, 'table', ''],
    ['machines', {}, 'jsonpath={.items[*].serial}', 's-1 s-2 s-3\n'],
    ['racks', {}, 'name', '0\n1\n'],
    ['rack', { names: ['1'] }, 'name', '1\n'],
    ['rack', { names: ['r[0-1]'] }, 'name', '0\n1\n'],
  ] as const)('%s %j -o %s', async (noun, selection, output, expected) => {
    expect(await shown(noun, selection, output)).toBe(expected);
  });

  it('shows machines as a table', async () => {
    const [head, first] = (await shown('machines', {}, 'wide')).split('\n');
    expect(head).toMatch(/^SERIAL +RACK +INDEX +ROLE +STATE +SINCE +IPV4 +BMC +BMC-IPV4 +LABELS/);
    expect(first).toMatch(
      /^s-1 +0 +4 +cs +uninitialized +1m1s +10\.69\.0\.4 +iDRAC-9 +10\.72\.17\.4 +product=R630$/,
    );
  });

  it('shows racks as a table', async () => {
    expect(await shown('racks', {}, 'table')).toBe(
      [
        'RACK  MACHINES  WORKERS  BOOT  STATES',
        '0     1         1/28     -     uninitialized=1',
        '1     2         1/28     s-2   uninitialized=1,healthy=1',
        '',
      ].join('\n'),
    );
  });

  it('prints one that is named as an object, several as a list', async () => {
    const one = JSON.parse(await shown('machines', { names: ['s-1'] }, 'json'));
    expect(one.serial).toBe('s-1');
    const two = JSON.parse(await shown('machines', { names: ['s-1', 's-2'] }, 'json'));
    expect(two.items).toHaveLength(2);
  });

  it('names the one that is not there, with the code for it', async () => {
    await expect(shown('machines', { names: ['s-1', 'nope'] }, 'table')).rejects.toMatchObject({
      exitCode: 3,
      message: 'there is no machine "nope"',
    });
  });

  it('follows the pages to the end', async () => {
    const pages: Readonly<Record<string, unknown>> = {
      '/api/v2/racks?limit=5000': { items: [{ rack: 1 }], next: 'more' },
      '/api/v2/racks?limit=5000&cursor=more': { items: [{ rack: 2 }], next: null },
    };
    const get = async (path: string) => ({ status: 200, body: pages[path] });
    expect((await listAll(get, nounOf('racks'))).objects).toEqual([{ rack: 1 }, { rack: 2 }]);
  });

  it('begins again when the server has lost its list, and gives up after three tries', async () => {
    let asked = 0;
    const gone = async (path: string) => {
      asked += 1;
      if (!path.includes('cursor')) return { status: 200, body: { items: [], next: 'more' } };
      throw new Failure('gone', '', 1, {
        status: 410,
        kind: 'cursor-gone',
        said: 'gone',
        errors: [],
      });
    };
    await expect(listAll(gone, nounOf('racks'))).rejects.toThrow('gone');
    expect(asked).toBe(6);
  });
});

describe('what a change is about', () => {
  it.each([
    ['nothing named', [], {}, 2, /never for all/],
    ['only what is left out', ['^s-1'], {}, 2, /never for all/],
    ['a rack without machines', ['rack7'], {}, 3, /no machine matches/],
    ['a name that is not there', ['s-[2-5]'], {}, 3, /no machine "s-4", "s-5"/],
    ['a selector without matches', [], { fieldSelector: 'rack=7' }, 3, /nothing was changed/],
  ] as const)('%s is refused', async (_, args, selectors, exitCode, message) => {
    const range = rangeOf(...args);
    const wanted = { range, ...selectors };
    const selected = selectForWriting(getter(await fleet()), nounOf('machines'), wanted);
    await expect(selected).rejects.toMatchObject({
      exitCode,
      message: expect.stringMatching(message),
    });
  });
});

describe('filters of columns', () => {
  it.each([
    [{}, undefined, undefined],
    [{ state: 'healthy' }, undefined, 'state=healthy'],
    [{ state: 'healthy,retired', rack: '1' }, undefined, 'state in (healthy,retired),rack=1'],
    [{ rack: '1' }, 'role!=boot', 'rack=1,role!=boot'],
  ])('%j beside %s are the selector %s', (filters, given, expected) => {
    expect(selectorOf(filters, given)).toBe(expected);
  });
});

describe('the values of filters', () => {
  it.each([
    ['machines', { state: 'healthy,unhelthy' }, /no state "unhelthy"/],
    ['machines', { rack: '0,x' }, /no rack "x"/],
    ['racks', { rack: '-1' }, /no rack "-1"/],
  ])('%s by %j are refused as mistyped', (noun, filters, why) => {
    expect(() => checkValues(nounOf(noun), filters)).toThrow(why);
  });

  it.each([
    ['machines', { state: 'healthy,retired', rack: '0,12', role: 'whatever' }],
    ['racks', {}],
  ])('%s by %j are taken', (noun, filters) => {
    expect(() => checkValues(nounOf(noun), filters)).not.toThrow();
  });
});
