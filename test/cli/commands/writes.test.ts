import { describe, expect, it } from 'vitest';
import type { Send } from '../../../src/cli/answer.ts';
import { changeMachines, namesText, summary } from '../../../src/cli/commands/change-machines.ts';
import { deleteObjects } from '../../../src/cli/commands/delete.ts';
import { editConfig, editMachine, mergePatch } from '../../../src/cli/commands/edit.ts';
import { askExplanation, explanationText } from '../../../src/cli/commands/explain.ts';
import { mustNotReplace, readLabelArguments } from '../../../src/cli/commands/label.ts';
import { beginRetirement, finishRetirement } from '../../../src/cli/commands/retire.ts';
import { Failure } from '../../../src/cli/failure.ts';
import { mustAllBeDone } from '../../../src/cli/many.ts';
import { configNoun } from '../../../src/cli/nouns/config.ts';
import { machineNoun } from '../../../src/cli/nouns/machine.ts';
import { networkNoun } from '../../../src/cli/nouns/network.ts';
import type { MachineV2 } from '../../../src/sabakan/contract/machine.ts';
import { aFace, aSpec, type TestFace } from '../../support/face.ts';

async function fleet(): Promise<TestFace> {
  const face = await aFace();
  const body = [aSpec('s-1', { labels: { product: 'R630' } }), aSpec('s-2'), aSpec('s-3')];
  await face.must('POST /api/v1/machines', { body });
  await face.must('PUT /api/v1/state/s-3', { body: 'healthy' });
  return face;
}

/** As the terminal's: what is no success and not 404 is a failure that knows the problem. */
function senderTo(face: TestFace): Send {
  return async (method, path, body, terms = {}) => {
    const headers = {
      ...(terms.ifMatch === undefined ? {} : { 'if-match': terms.ifMatch }),
      ...(terms.contentType === undefined ? {} : { 'content-type': terms.contentType }),
    };
    const answer = await face.ask(`${method} ${path}`, {
      headers,
      ...(body === undefined ? {} : { body: body as object }),
    });
    const json = answer.body === '' ? undefined : answer.json();
    const { statusCode: status } = answer;
    if (status >= 300 && status !== 404) {
      const { type, detail, errors = [] } = json;
      const places = errors.map((error: Record<string, string>) => ({
        at: error['pointer'] ?? '',
        detail: error['detail'] ?? '',
      }));
      const kind = type.split(':').at(-1);
      throw new Failure(detail, '', 1, { status, kind, said: detail, errors: places });
    }
    const etag = answer.headers['etag'];
    return { status, body: json, ...(typeof etag === 'string' ? { etag } : {}) };
  };
}

const machinesOf = async (face: TestFace): Promise<readonly MachineV2[]> =>
  (await face.must('GET /api/v2/machines')).json().items;
const stateOf = async (face: TestFace, serial: string) =>
  (await face.ask(`GET /api/v1/state/${serial}`)).body;
const quiet = { step: () => {}, done: () => {} };

describe('the arguments of tetsu label', () => {
  it.each([
    [['A', 'x=1'], ['A'], { x: '1' }],
    [['rack[1-4],^B', 'x=', 'y-'], ['rack[1-4],^B'], { x: '', y: null }],
    [['-', 'x=a=b'], ['-'], { x: 'a=b' }],
    [['serial:ABC-', 'x-'], ['serial:ABC-'], { x: null }],
    [['@hosts-', 'x-'], ['@hosts-'], { x: null }],
  ] as const)('%j', (args, names, labels) => {
    expect(readLabelArguments(args)).toEqual({ ok: true, value: { names, labels } });
  });

  it.each([
    [['A', 'B'], /no label is given/],
    [['A', 'x=1', 'x-'], /label x is given twice/],
  ])('%j is refused', (args, why) => {
    const read = readLabelArguments(args);
    expect(read.ok ? '' : read.error).toMatch(why);
  });
});

describe('changes of many machines', () => {
  it('are made together, and told by what they changed', async () => {
    const face = await fleet();
    const patch = { spec: { labels: { product: 'R630', x: null } } };
    const send = senderTo(face);
    const dry = await changeMachines(send, ['s-1', 's-2'], { patch }, true);
    expect(summary(dry, 'labelled', true)).toBe(
      '1 machine labelled, 1 was so already (dry run: nothing was changed)',
    );
    const done = await changeMachines(send, ['s-1', 's-2'], { patch }, false);
    expect(summary(done, 'labelled', false)).toBe('1 machine labelled, 1 was so already');
    expect((await machinesOf(face))[1]?.spec.labels).toEqual({ product: 'R630' });
  });

  it('that some refuse end with 8 and each reason', async () => {
    const face = await fleet();
    const patch = { status: { state: 'unhealthy' } };
    const outcomes = await changeMachines(senderTo(face), ['s-1', 's-3'], { patch }, false);
    expect(() => mustAllBeDone(outcomes, 'machine', 'set')).toThrow(
      expect.objectContaining({
        exitCode: 8,
        message: expect.stringMatching(
          /^1 of 2 machines were set, 1 were not:\n {2}s-1: .*forbidden/,
        ),
      }),
    );
    expect(await stateOf(face, 's-3')).toBe('unhealthy');
  });

  it('of one that went meanwhile do nothing at all', async () => {
    const face = await fleet();
    const patch = { spec: { labels: { x: '1' } } };
    const changed = changeMachines(senderTo(face), ['s-1', 'gone'], { patch }, false);
    await expect(changed).rejects.toThrow('not registered: gone');
    expect((await machinesOf(face))[0]?.spec.labels).toEqual({ product: 'R630' });
  });

  it('replace another value of a label only on purpose', async () => {
    const machines = await machinesOf(await fleet());
    expect(() => mustNotReplace(machines, { product: 'R630', x: null })).not.toThrow();
    expect(() => mustNotReplace(machines, { product: 'R640' })).toThrow('s-1 has product=R630');
  });

  it('are asked about with the names of a few', () => {
    const names = Array.from({ length: 14 }, (_, at) => `s${at}`);
    expect(namesText(names)).toMatch(/^s0, .*s11 and 2 more$/);
  });
});

describe('retiring', () => {
  const terms = { date: '2031-04-01T00:00:00Z', reason: 'end of lease', dryRun: false };

  it('begins with the state, the date and the reason', async () => {
    const face = await fleet();
    const machines = await machinesOf(face);
    const outcomes = await beginRetirement(senderTo(face), machines, terms);
    expect(summary(outcomes, 'set to retiring', false)).toBe('3 machines set to retiring');
    const [first] = await machinesOf(face);
    expect(first).toMatchObject({
      spec: { retireDate: terms.date },
      status: { state: 'retiring', reason: { text: 'end of lease' } },
    });
  });

  it('leaves what is retired already as it is', async () => {
    const face = await fleet();
    for (const state of ['retiring', 'retired']) {
      await face.must('PUT /api/v1/state/s-3', { body: state });
    }
    const outcomes = await beginRetirement(senderTo(face), await machinesOf(face), terms);
    expect(summary(outcomes, 'set to retiring', false)).toBe(
      '2 machines set to retiring, 1 was so already',
    );
  });

  it('goes all the way in its legal order', async () => {
    const face = await fleet();
    const asked: string[] = [];
    const send: Send = async (method, path, body, more) => {
      asked.push(`${method} ${path}`);
      if (path.startsWith('/api/v1/crypts/')) return { status: 200, body: [] };
      return senderTo(face)(method, path, body, more);
    };
    await beginRetirement(send, await machinesOf(face), terms);
    const told: string[] = [];
    const names = ['s-1', 's-2'];
    await finishRetirement(
      send,
      names,
      'gone',
      () => quiet,
      (text) => told.push(text),
    );
    expect(told).toEqual([
      'their disk keys are destroyed',
      'they are retired',
      'they are removed; their indices and addresses are free',
    ]);
    expect((await machinesOf(face)).map(({ serial }) => serial)).toEqual(['s-3']);
    expect(asked.filter((one) => one.includes('crypts'))).toHaveLength(2);
  });

  it('stops before anything is lost where keys cannot be destroyed', async () => {
    const face = await fleet();
    await beginRetirement(senderTo(face), await machinesOf(face), terms);
    const going = finishRetirement(
      senderTo(face),
      ['s-1'],
      'gone',
      () => quiet,
      () => {},
    );
    await expect(going).rejects.toMatchObject({ hint: expect.stringContaining('HTTPS') });
    expect(await stateOf(face, 's-1')).toBe('retiring');
  });
});

describe('deleting one by one', () => {
  it('is on condition of what was seen', async () => {
    const face = await fleet();
    const send = senderTo(face);
    const outcomes = await deleteObjects(send, machineNoun, ['s-1', 'nope'], false, quiet);
    const codes = outcomes.map(({ result }) => (result.ok ? 0 : result.failure.exitCode));
    // Not retired, and not there.
    expect(codes).toEqual([1, 3]);
  });

  it('says what the server says of what is listed and cannot be deleted', async () => {
    const face = await aFace();
    await face.must('PUT /api/v1/config/dhcp', { body: {} });
    const send = senderTo(face);
    const [outcome] = await deleteObjects(send, networkNoun, ['node-pool'], false, quiet);
    expect(outcome?.result.ok === false && outcome.result.failure.message).toMatch(
      /^node-pool is no record: .*put a network of its CIDR with mode off$/,
    );
  });
});

describe('editing a configuration', () => {
  it('shows each mistake above the text, and stores what is right', async () => {
    const face = await aFace();
    const shown: string[] = [];
    const editor = async (text: string): Promise<string> => {
      shown.push(text);
      const mask = text.replace(/(node-ipv4-range-mask): \d+/, '$1: 33');
      return shown.length === 1
        ? mask
        : mask.replace(': 33', ': 26').replace(/(in-rack): 28/, '$1: 20');
    };
    const end = await editConfig(senderTo(face), editor, configNoun, 'ipam', false);
    expect(end).toBe('the ipam configuration changed');
    expect(shown[1]).toMatch(/^#! .*node-ipv4-range-mask must be 8 to 32 bits, not 33$/m);
    const plan = (await face.must('GET /api/v1/config/ipam')).json();
    expect([plan['max-nodes-in-rack'], plan['node-ipv4-range-mask']]).toEqual([20, 26]);
  });
});

describe('editing a machine', () => {
  const edited = async (face: TestFace, ...edits: readonly ((text: string) => string)[]) => {
    const shown: string[] = [];
    const editor = async (text: string): Promise<string> => {
      shown.push(text);
      return edits[shown.length - 1]?.(text) ?? text;
    };
    const end = await editMachine(senderTo(face), editor, machineNoun, 's-1', false).catch(
      (problem: unknown) => problem,
    );
    return { end, shown };
  };

  it('stores what was changed and no more', async () => {
    const face = await fleet();
    const { end, shown } = await edited(face, (text) =>
      text.replace('product: R630', 'product: R650\n    rack-unit: "7"'),
    );
    expect(end).toBe('machine s-1 changed');
    expect(shown[0]).toMatch(/^# Machine s-1: rack 0, index 4, role cs; uninitialized/);
    expect((await machinesOf(face))[0]?.spec.labels).toEqual({ product: 'R650', 'rack-unit': '7' });
  });

  it('moves it to another rack, and changes a hold as a whole', async () => {
    const face = await fleet();
    const moved = await edited(face, (text) =>
      text
        .replace('rack: 0', 'rack: 1')
        .replace('hold: null', 'hold: { reason: disk, until: "2099-01-01T00:00:00Z" }'),
    );
    expect(moved.end).toBe('machine s-1 changed');
    const again = await edited(face, (text) => text.replace('2099-', '2098-'));
    expect(again.shown[0]).toMatch(/reason: disk/);
    expect(again.end).toBe('machine s-1 changed');
    const { spec } = (await face.must('GET /api/v2/machines/s-1')).json() as MachineV2;
    expect([spec.rack, spec.hold]).toMatchObject([
      1,
      { reason: 'disk', until: '2098-01-01T00:00:00Z' },
    ]);
  });

  it('shows what is refused above the text, as often as it is', async () => {
    const face = await fleet();
    const { end, shown } = await edited(
      face,
      (text) => text.replace('state: uninitialized', 'state: updating'),
      (text) => text.replace('state: updating', 'state: ['),
      (text) => text.replace(/^ +state: \[/m, '  state: healthy'),
    );
    expect(shown[1]).toMatch(/^#! .*forbidden/);
    expect(shown[2]).toMatch(/^#! (?!.*forbidden)/);
    expect(shown[2]?.match(/^#! .*forbidden/m)).toBeNull();
    expect(end).toBe('machine s-1 changed');
    expect(await stateOf(face, 's-1')).toBe('healthy');
  });

  it.each([
    ['unchanged', (text: string) => text],
    ['empty', () => ''],
    ['in its comments alone', (text: string) => `# x\n${text}`],
  ])('changes nothing when it is left %s', async (_, edit) => {
    expect((await edited(await fleet(), edit)).end).toBe('nothing was changed');
  });

  it('keeps what was typed when somebody else was faster', async () => {
    const face = await fleet();
    const send = senderTo(face);
    const editor = async (text: string): Promise<string> => {
      await face.must('PUT /api/v1/state/s-1', { body: 'healthy' });
      return text.replace('R630', 'R650');
    };
    const end = editMachine(send, editor, machineNoun, 's-1', false);
    await expect(end).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringContaining('product: R650'),
    });
  });

  it('gives up with the reason when a mistake is left as it is', async () => {
    const { end } = await edited(await fleet(), () => 'x: [');
    expect(end).toBeInstanceOf(Failure);
  });
});

describe('a merge patch', () => {
  it.each([
    [{ a: 1 }, { a: 1 }, undefined],
    [{ a: 1 }, { a: 2 }, { a: 2 }],
    [{ a: { x: 1, y: 2 } }, { a: { y: 2, z: 3 } }, { a: { x: null, z: 3 } }],
    [{ a: [1] }, { a: [2] }, { a: [2] }],
    [{ a: { x: 1 } }, {}, { a: null }],
  ])('%j → %j is %j', (before, after, patch) => {
    expect(mergePatch(before, after)).toEqual(patch);
  });
});

describe('tetsu explain machine', () => {
  it('says why it has its state, its addresses and its place', async () => {
    const face = await fleet();
    const get = (path: string) => senderTo(face)('GET', path);
    const text = explanationText(await askExplanation(get, machineNoun, 's-1'));
    expect(text).toContain('state: uninitialized since');
    // Nobody said when it is to go.
    expect(text).not.toContain('to go');
    expect(text).toContain('next:  it can become healthy, retiring');
    expect(text).toContain('place: rack 0, index 4, as cs');
    expect(text).toContain('addresses follow from rack and index: 10.69.0.4');
  });
});
