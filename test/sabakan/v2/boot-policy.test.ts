import { describe, expect, it } from 'vitest';
import { type Asked, aFace, type TestFace } from '../../support/face.ts';
import { anImage } from '../../support/noun-samples.ts';

const any = { 'if-match': '*' };
const json = (body: unknown, headers: Readonly<Record<string, string>> = {}): Asked => ({
  body: body as Record<string, unknown>,
  headers,
});

async function refused(face: TestFace, what: string, how: Asked): Promise<string> {
  const answer = await face.ask(what, how);
  const { type, detail } = answer.json();
  return `${answer.statusCode} ${String(type).replace('urn:tetsukan:problem:', '')}: ${detail}`;
}

const putTemplate = (face: TestFace, version: number) =>
  face.must(`PUT /api/v1/ignitions/cs/${version}`, {
    body: { version: '2.3', template: {} },
  });

const upload = (face: TestFace, id: string) =>
  face.must(`PUT /api/v1/images/coreos/${id}`, { body: anImage(`kernel ${id}`) });

describe('channels and boot rules', () => {
  it('are made, replaced on condition, tried first, and taken away, each with its audit record', async () => {
    const face = await aFace();
    await upload(face, '1');
    const made = await face.must('PUT /api/v2/channels/stable', json({ image: '1' }));
    expect(made.json()).toEqual({
      ...{ name: 'stable', revision: made.json().revision },
      ...{ image: '1', kernelParams: null, templates: {} },
    });
    await face.must('PUT /api/v2/boot-rules/all', json({ channel: 'stable' }));
    expect(await refused(face, 'PUT /api/v2/channels/stable', json({ kernelParams: 'x' }))).toMatch(
      /^428 precondition-missing/,
    );
    const etag = String(made.headers['etag']);
    const tried = json({ kernelParams: 'x' }, { 'if-match': etag });
    await face.must('PUT /api/v2/channels/stable?dryRun=true', tried);
    expect((await face.must('GET /api/v2/channels/stable')).json().image).toBe('1');
    await face.must('PUT /api/v2/channels/stable', tried);
    expect(await refused(face, 'DELETE /api/v2/channels/stable', { headers: any })).toMatch(
      /^409 still-named: the channel stable is named by the rule all/,
    );
    await face.must('DELETE /api/v2/boot-rules/all', { headers: any });
    await face.must('DELETE /api/v2/channels/stable', { headers: any });
    expect(await refused(face, 'DELETE /api/v2/channels/stable', { headers: any })).toMatch(
      /^404 channel-unknown/,
    );
    const log = (await face.must('GET /api/v1/logs')).body.trim().split('\n');
    const told = log.map((line) => JSON.parse(line)).filter(({ category }) => category !== 'image');
    expect(told.map(({ category, action }) => `${category} ${action}`).slice(-5)).toEqual([
      'channels put',
      'boot-rules put',
      'channels put',
      'boot-rules delete',
      'channels delete',
    ]);
  });

  it.each<[string, unknown, RegExp]>([
    [
      'an image nobody has',
      { image: '9' },
      /^409 pin-missing: there is no image 9; images there are: 1/,
    ],
    [
      'a template nobody has',
      { templates: { cs: '9' } },
      /^409 pin-missing: role cs has no template 9/,
    ],
    ['a channel nobody has', { channel: 'no' }, /^409 pin-missing: the rule names the channel no/],
    ['nothing at all', {}, /^400 bad-request: a rule says at least one of/],
    [
      'unsafe parameters',
      { kernelParams: 'a && b' },
      /^400 bad-request: kernelParams holds characters/,
    ],
    [
      'a label that is none',
      { match: { labels: { '-': 'x' } }, image: '1' },
      /^400 bad-request: match.labels/,
    ],
    [
      'a rival',
      { match: { role: 'cs' }, image: '1' },
      /^409 boot-rules-tied: the rules new \(role cs\) and old \(role cs\)/,
    ],
  ])('a rule with %s is refused', async (_, body, expected) => {
    const face = await aFace();
    await upload(face, '1');
    await face.must('PUT /api/v2/boot-rules/old', json({ match: { role: 'cs' }, image: '1' }));
    expect(await refused(face, 'PUT /api/v2/boot-rules/new', json(body))).toMatch(expected);
  });

  it('a boot goes by them, and its Ignition preview, too', async () => {
    const face = await aFace();
    for (const id of ['1', '2']) await upload(face, id);
    for (const version of [1, 2]) await putTemplate(face, version);
    await face.must('POST /api/v1/machines', {
      body: [{ serial: 's-1', rack: 1, role: 'cs', bmc: { type: 'none' } }],
    });
    const serial = 's-1';
    const script = async () => (await face.must(`GET /api/v1/boot/coreos/ipxe/${serial}`)).body;
    const preview = async () =>
      (await face.must(`GET /api/v2/machines/${serial}/ignition`)).headers['x-tetsukan-template'];
    expect(await script()).toMatch(/images\/2\/kernel.*images\/2\/initrd/s);
    await face.must('PUT /api/v2/channels/stable', json({ image: '1', kernelParams: 'quiet' }));
    const follow = { match: { role: 'cs' }, channel: 'stable', templates: { cs: '1' } };
    await face.must('PUT /api/v2/boot-rules/cs', json(follow));
    expect(await script()).toMatch(
      /ignition-id 1\n.*images\/1\/kernel .*quiet.*images\/1\/initrd/s,
    );
    expect(await preview()).toBe('1');
    await face.must('PUT /api/v2/channels/stable', json({ image: '2' }, any));
    expect(await script()).toMatch(/images\/2\/kernel/);
  });

  it('what they name is not deleted, nor swept away by uploads', async () => {
    const face = await aFace();
    for (const id of ['1', '2', '3', '4', '5']) await upload(face, id);
    await putTemplate(face, 1);
    await face.must('PUT /api/v2/channels/stable', json({ image: '1', templates: { cs: '1' } }));
    for (const what of ['v1', 'v2']) {
      const answer = await face.ask(`DELETE /api/${what}/images/coreos/1`, { headers: any });
      expect([answer.statusCode, answer.body]).toEqual([
        409,
        expect.stringContaining('image 1 is named by the channel stable'),
      ]);
    }
    expect(await refused(face, 'DELETE /api/v2/templates/cs%2F1', { headers: any })).toMatch(
      /^409 still-named: template 1 of role cs is named by the channel stable/,
    );
    for (let version = 2; version <= 12; version += 1) await putTemplate(face, version);
    expect((await face.must('GET /api/v1/ignitions/cs')).json()[0]).toBe('1');
    await upload(face, '6');
    const ids = async () =>
      (await face.must('GET /api/v1/images/coreos')).json().map(({ id }: { id: string }) => id);
    expect(await ids()).toEqual(['1', '3', '4', '5', '6']);
    for (const id of ['3', '4', '5', '6']) {
      await face.must(`PUT /api/v2/channels/keep-${id}`, json({ image: id }));
    }
    const full = await face.ask('PUT /api/v1/images/coreos/7', { body: anImage() });
    expect([full.statusCode, full.body]).toEqual([
      409,
      expect.stringContaining('let one of them go first'),
    ]);
    expect(await ids()).toEqual(['1', '3', '4', '5', '6']);
  });
});
