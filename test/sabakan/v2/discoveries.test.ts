import { describe, expect, it } from 'vitest';
import { strangerIds, twoStrangers } from '../../support/discoveries.ts';
import { type Asked, aFace, aSpec } from '../../support/face.ts';

const [one, two] = strangerIds;
const approve = { select: { names: [one, two] }, expect: 2, approve: { role: 'cs' } };

async function aServer(serials: readonly [string, string] = ['A-1', 'A-2']) {
  const face = await aFace();
  await twoStrangers(face, serials);
  const refusal = async (what: string, how: Asked) => {
    const answer = await face.ask(what, how);
    const { type = '', detail = '' } = answer.json();
    return { status: answer.statusCode, kind: type.split(':').at(-1), detail };
  };
  const states = async () =>
    (await face.must('GET /api/v2/discoveries'))
      .json()
      .items.map(({ state }: { state: string }) => state);
  return { face, refusal, states };
}

describe('/api/v2/discoveries', () => {
  it.each<[string, string, Asked, number, string]>([
    ['an approval without a role', `POST ${one}/approve`, { body: {} }, 400, 'discovery-invalid'],
    [
      'a role that is none',
      `POST ${one}/approve`,
      { body: { role: '/' } },
      400,
      'discovery-invalid',
    ],
    [
      'an adoption into no machine',
      `POST ${one}/approve`,
      { body: { adopt: true } },
      409,
      'discovery-conflict',
    ],
    [
      'who was never seen',
      'POST 52-54-00-00-00-09/approve',
      { body: { role: 'cs' } },
      404,
      'discovery-unknown',
    ],
    ['a member nobody knows', `POST ${one}/approve`, { body: { rake: 3 } }, 400, 'bad-request'],
    ['a rejection without a reason', `POST ${one}/reject`, { body: {} }, 400, 'bad-request'],
    ['an edit without a condition', `PATCH ${one}`, { body: {} }, 428, 'precondition-missing'],
  ])('refuses %s', async (_, what, how, status, kind) => {
    const { refusal, states } = await aServer();
    const [method, rest] = what.split(' ');
    const answer = await refusal(`${method} /api/v2/discoveries/${rest}`, how);
    expect({ status: answer.status, kind: answer.kind }).toEqual({ status, kind });
    expect(await states()).toEqual(['waiting', 'waiting']);
  });

  it('refuses the serial number of a registered machine, and names both places', async () => {
    const { face, refusal } = await aServer();
    await face.must('POST /api/v1/machines', { body: [aSpec('A-1', { rack: 3 })] });
    const how = { body: { role: 'cs' } };
    const { status, detail } = await refusal(`POST /api/v2/discoveries/${one}/approve`, how);
    expect(status).toBe(409);
    expect(detail).toContain('registered, in rack 3');
    expect(detail).toContain('--adopt');
  });

  it('approves many at once only when they are as many as was said', async () => {
    const { refusal, states, face } = await aServer();
    const body = { ...approve, select: { names: [one] } };
    expect(await refusal('POST /api/v2/bulk/discoveries', { body })).toMatchObject({ status: 409 });
    expect(await states()).toEqual(['waiting', 'waiting']);
    await face.must('POST /api/v2/bulk/discoveries', { body: approve });
    expect(await states()).toEqual(['approved', 'approved']);
  });

  it('says of two with one serial number that neither can be approved', async () => {
    const { face, states } = await aServer(['A-1', 'A-1']);
    const { items } = (await face.must('POST /api/v2/bulk/discoveries', { body: approve })).json();
    expect(items.map(({ outcome }: { outcome: string }) => outcome)).toEqual(['failed', 'failed']);
    expect(await states()).toEqual(['waiting', 'waiting']);
  });

  it('that were rejected say why', async () => {
    const { face } = await aServer();
    await face.must(`POST /api/v2/discoveries/${one}/reject`, { body: { reason: 'not ours' } });
    const [first] = (await face.must('GET /api/v2/discoveries?fieldSelector=state=rejected')).json()
      .items;
    expect(first).toMatchObject({ id: one, decision: { text: 'not ours' } });
  });
});
