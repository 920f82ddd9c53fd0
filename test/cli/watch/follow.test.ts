import { describe, expect, it } from 'vitest';
import { TimeIsOver, waitFor } from '../../../src/cli/commands/wait.ts';
import { createChangePrinter } from '../../../src/cli/commands/watch.ts';
import { Failure } from '../../../src/cli/failure.ts';
import { type CliNoun, columnsOf } from '../../../src/cli/nouns/noun.ts';
import { parseOutput } from '../../../src/cli/output.ts';
import { parseRanges } from '../../../src/cli/ranges.ts';
import { type Change, type Following, follow } from '../../../src/cli/watch/follow.ts';

type Thing = { readonly name: string; readonly state: string; readonly revision: string };

const things: CliNoun = {
  names: ['things', 'thing'],
  describes: '',
  nameOf: (object) => (object as Thing).name,
  selectable: {},
  hasLabels: false,
  values: {},
  columns: columnsOf<Thing>([
    ['NAME', ({ name }) => name],
    ['STATE', ({ state }) => state],
  ]),
};

const thing = (name: string, state: string, revision: string): Thing => ({ name, state, revision });

const changes = (revision: number, ...all: readonly (readonly [string, Thing])[]): string => {
  const items = all.map(([kind, object]) => ({ kind, name: object.name, object }));
  const data = JSON.stringify({ revision: String(revision), changes: items });
  return `id: ${revision}\nevent: changes\ndata: ${data}\n\n`;
};
const error = (status: number): string => `event: error\ndata: {"status":${status}}\n\n`;
const down = new Failure('nothing listens there', '');
const refused = (status: number) =>
  new Failure(`answered ${status}`, '', 1, { status, kind: '', said: '', errors: [] });

/** Lists and streams in the order they are asked for; after the last the server is silent. */
function scripted(
  lists: readonly (readonly Thing[])[],
  streams: readonly (readonly (string | Failure)[])[],
  onSilence = () => {},
) {
  const log: string[] = [];
  let list = 0;
  let stream = 0;
  const following: Following = {
    get: async () => {
      const items = lists[list] ?? [];
      list += 1;
      return { status: 200, body: { items, next: null, revision: String(list * 10) } };
    },
    open: async function* (_, lastId) {
      log.push(`from ${lastId}`);
      const pieces = streams[stream];
      stream += 1;
      if (pieces === undefined) {
        onSilence();
        await new Promise(() => {});
      }
      for (const piece of pieces ?? []) {
        if (piece instanceof Failure) throw piece;
        yield piece;
      }
    },
    pause: async (ms) => {
      log.push(`pause ${ms}`);
    },
    warn: (text) => log.push(text),
  };
  return { log, changes: follow(following, things, {}) };
}

async function take(from: AsyncGenerator<readonly Change[], never>, batches: number) {
  const seen: string[] = [];
  for (let at = 0; at < batches; at += 1) {
    const { value } = await from.next();
    seen.push(value.map(({ kind, name }) => `${kind} ${name}`).join(' '));
  }
  return seen;
}

const a1 = thing('a', 'new', '1');
const a2 = thing('a', 'old', '2');
const b = thing('b', 'new', '3');

describe('following a noun', () => {
  it('lists what is there and goes on from the revision of the list', async () => {
    const { log, changes: all } = scripted(
      [[a1]],
      [[changes(11, ['modified', a2]) + changes(12, ['added', b])]],
    );
    expect(await take(all, 3)).toEqual(['listed a', 'modified a', 'added b']);
    expect(log).toEqual(['from 10']);
  });

  it('goes on from the last event when the connection is lost, with growing pauses, and says so', async () => {
    const streams = [[changes(11, ['added', b]), down], [down], [changes(12, ['deleted', b])]];
    const { log, changes: all } = scripted([[a1]], streams);
    expect(await take(all, 3)).toEqual(['listed a', 'added b', 'deleted b']);
    expect(log).toEqual([
      'from 10',
      'lost the watch: nothing listens there; trying again',
      'pause 500',
      'from 11',
      'pause 1000',
      'from 11',
      'connected again; nothing was missed',
    ]);
  });

  it.each([
    ['in the middle', [[changes(11, ['added', b]), error(410)]]],
    ['at the start', [[changes(11, ['added', b]), down], [refused(410)]]],
  ])('shows what differs when the history is gone %s', async (_, streams) => {
    const c = thing('c', 'new', '4');
    const { changes: all } = scripted([[a1], [a2, c]], streams);
    expect(await take(all, 3)).toEqual(['listed a', 'added b', 'deleted b modified a added c']);
  });

  it('goes on from the last event when it was too slow', async () => {
    const streams = [[changes(11, ['added', b]), error(429)], [changes(12, ['deleted', b])]];
    const { log, changes: all } = scripted([[a1]], streams);
    expect(await take(all, 3)).toEqual(['listed a', 'added b', 'deleted b']);
    expect(log).toContain('from 11');
  });

  it('ends when it is refused for good', async () => {
    const { changes: all } = scripted([[a1]], [[refused(403)]]);
    await all.next();
    await expect(all.next()).rejects.toThrow('403');
  });
});

describe('waiting', () => {
  const never = new Promise<never>(() => {});
  const rangeOf = (...args: readonly string[]) => {
    const range = parseRanges(args);
    if (!range.ok) throw new Error(range.error.join());
    return range.value;
  };
  const old = { kind: 'column', title: 'STATE', values: ['old'] } as const;

  it('ends when it is so of all', async () => {
    const { changes: all } = scripted(
      [[a1, b]],
      [[changes(11, ['modified', a2]), changes(12, ['modified', thing('b', 'old', '5')])]],
    );
    expect(await waitFor(things, rangeOf('a,b'), old, all, never)).toBe(2);
  });

  it('ends at once when it is so already', async () => {
    const { changes: all } = scripted([[a2]], []);
    expect(await waitFor(things, rangeOf('a'), old, all, never)).toBe(1);
  });

  it('for deletion ends when it is gone, or was never there', async () => {
    const { changes: all } = scripted([[a1]], [[changes(11, ['deleted', a1])]]);
    expect(await waitFor(things, rangeOf('a,z'), { kind: 'delete' }, all, never)).toBe(2);
  });

  it.each([
    ['one that is not there', ['z'], [], 3, /no thing "z"/],
    ['one that is deleted meanwhile', ['a'], [[changes(11, ['deleted', a1])]], 3, /was deleted/],
    ['an empty rack', ['rack7'], [], 3, /no thing matches/],
  ] as const)('ends with a failure for %s', async (_, names, streams, exitCode, message) => {
    const { changes: all } = scripted([[a1]], streams);
    await expect(waitFor(things, rangeOf(...names), old, all, never)).rejects.toMatchObject({
      exitCode,
      message: expect.stringMatching(message),
    });
  });

  it('by the name of an owner is for the one it has now, also when a later one comes', async () => {
    const ones: CliNoun = {
      ...things,
      ownerColumn: (name) => (name.includes('-') ? undefined : 'owner'),
      isFormer: (object) => !(object as { readonly current: boolean }).current,
    };
    const one = (name: string, state: string, current: boolean) => ({
      ...{ ...thing(name, state, '1'), owner: 's', current },
    });
    const listed = [one('s-1', 'old', false), one('s-2', 'new', true)];
    const { changes: all } = scripted(
      [listed],
      [
        [changes(11, ['modified', one('s-1', 'old', false)], ['deleted', listed[0] as Thing])],
        [changes(12, ['modified', one('s-2', 'new', false)], ['added', one('s-3', 'new', true)])],
        [changes(13, ['modified', one('s-3', 'old', true)])],
      ],
    );
    expect(await waitFor(ones, rangeOf('s'), old, all, never)).toBe(1);
    const { changes: none } = scripted([listed], []);
    await expect(waitFor(ones, rangeOf('t'), old, none, never)).rejects.toMatchObject({
      message: expect.stringMatching(/no thing "t"/),
    });
  });

  it('ends with code 7 and the names when the time is over', async () => {
    const end = Promise.withResolvers<never>();
    const { promise: over } = end;
    const timeIsOver = () => end.reject(new TimeIsOver('9 seconds'));
    const { changes: all } = scripted([[a2, b]], [], timeIsOver);
    await expect(waitFor(things, rangeOf('a,b'), old, all, over)).rejects.toMatchObject({
      exitCode: 7,
      message: 'after 9 seconds it is not so of 1 of 2: b',
    });
  });
});

describe('changes as text', () => {
  const batches: readonly (readonly Change[])[] = [
    [{ kind: 'listed', name: 'a', object: a1 }],
    [],
    [{ kind: 'modified', name: 'a', object: thing('a', 'much longer', '2') }],
    [{ kind: 'deleted', name: 'b', object: b }],
  ];
  it.each([
    [
      'table',
      'EVENT   NAME  STATE\nlisted  a     new\nmodified  a     much longer\ndeleted   b     new\n',
    ],
    ['name', 'listed a\nmodified a\ndeleted b\n'],
    ['jsonpath={.state}{"\\n"}', 'new\nmuch longer\nnew\n'],
    ['csv', 'event,name,state\r\nlisted,a,new\r\nmodified,a,much longer\r\ndeleted,b,new\r\n'],
  ])('-o %s', async (as, expected) => {
    const output = parseOutput(as);
    if (!output.ok) throw new Error(output.error);
    const print = createChangePrinter(things, { output: output.value, headers: true });
    let text = '';
    for (const batch of batches) text += await print(batch);
    expect(text).toBe(expected);
  });

  it('-o json is an event a line', async () => {
    const print = createChangePrinter(things, { output: { kind: 'json' }, headers: true });
    const text = await print(batches.flat());
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(batches.flat());
  });
});
