import { describe, expect, it } from 'vitest';
import { checkValues, getObjects, type Output, selectorOf } from '../../../src/cli/commands/get.ts';
import { Failure } from '../../../src/cli/failure.ts';
import type { CliNoun } from '../../../src/cli/nouns/noun.ts';
import { nouns } from '../../../src/cli/nouns.ts';
import { aFace, aSpec, type TestFace } from '../../support/face.ts';

const none = { names: [], fieldSelector: undefined, labelSelector: undefined, sort: undefined };

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

async function shown(noun: string, selection: object, output: Output): Promise<string> {
  const get = getter(await fleet());
  return getObjects(get, nounOf(noun), { ...none, ...selection }, output);
}

describe('tetsu get', () => {
  it.each([
    ['machines', {}, 'name', 's-1\ns-2\ns-3'],
    ['machines', { names: ['s-3', 's-1'] }, 'name', 's-3\ns-1'],
    ['machines', { fieldSelector: 'rack=1' }, 'name', 's-2\ns-3'],
    ['machines', { labelSelector: 'product' }, 'name', 's-1'],
    ['machines', { sort: '-serial' }, 'name', 's-3\ns-2\ns-1'],
    ['machines', { fieldSelector: 'rack=7' }, 'name', ''],
    ['machines', { fieldSelector: 'rack=7' }, 'json', '[]'],
    ['machines', { fieldSelector: 'rack=7' }, 'yaml', '[]'],
    ['machines', { fieldSelector: 'rack=7' }, 'table', 'no machine matches'],
    ['racks', {}, 'name', '0\n1'],
    ['rack', { names: ['1'] }, 'name', '1'],
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
      ].join('\n'),
    );
  });

  it('prints one that is named as an object, several as a list', async () => {
    const one = JSON.parse(await shown('machines', { names: ['s-1'] }, 'json'));
    expect(one.serial).toBe('s-1');
    const two = JSON.parse(await shown('machines', { names: ['s-1', 's-2'] }, 'json'));
    expect(two).toHaveLength(2);
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
    expect(await getObjects(get, nounOf('racks'), none, 'name')).toBe('1\n2');
  });

  it('begins again when the server has lost its list, and gives up after three tries', async () => {
    let asked = 0;
    const gone = async (path: string) => {
      asked += 1;
      if (!path.includes('cursor')) return { status: 200, body: { items: [], next: 'more' } };
      throw new Failure('http://x answered 410: gone', '');
    };
    await expect(getObjects(gone, nounOf('racks'), none, 'name')).rejects.toThrow('410');
    expect(asked).toBe(6);
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
