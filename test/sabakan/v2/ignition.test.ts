import { describe, expect, it } from 'vitest';
import { aFace, aSpec, type TestFace } from '../../support/face.ts';

const unit = (contents: string, version = '2.3') => ({
  version,
  template: { systemd: { units: [{ name: 'a.service', contents }] } },
  meta: { domain: 'example.com' },
});

async function fleet(): Promise<TestFace> {
  const face = await aFace();
  await face.must('POST /api/v1/machines', {
    body: [aSpec('a', { rack: 1 }), aSpec('b', { role: 'boot' }), aSpec('c', { role: 'other' })],
  });
  await face.must('PUT /api/v1/ignitions/cs/1.0.0', {
    body: unit('old {{ .Spec.Serial }}.{{ Metadata "domain" }}'),
  });
  await face.must('PUT /api/v1/ignitions/cs/1.1.0', { body: unit('new {{ .Spec.Serial }}') });
  // Fits the example machine, which has no labels either way, and no machine whose product is short.
  await face.must('PUT /api/v1/ignitions/boot/1', {
    body: unit('one\ntwo {{ if eq .Spec.Role "boot" }}{{ slice .Spec.Labels.product 9 }}{{ end }}'),
  });
  return face;
}

const contents = (document: { systemd: { units: readonly { contents: string }[] } }): string =>
  document.systemd.units[0]?.contents ?? '';

describe('GET /api/v2/machines/{serial}/ignition', () => {
  it('is what the machine would boot with now', async () => {
    const face = await fleet();
    const answer = await face.must('GET /api/v2/machines/a/ignition');
    expect(contents(answer.json())).toBe('new a');
    expect(answer.headers['x-tetsukan-template']).toBe('1.1.0');
    const booted = await face.must('GET /api/v1/boot/ignitions/a/1.1.0');
    expect(answer.body).toBe(booted.body);
  });

  it('is by another version of its role’s template when asked', async () => {
    const face = await fleet();
    const answer = await face.must('GET /api/v2/machines/a/ignition?template=1.0.0');
    expect(contents(answer.json())).toBe('old a.example.com');
  });

  it('is open to every peer, as the boot address is', async () => {
    const face = await fleet();
    const answer = await face.ask('GET /api/v2/machines/a/ignition', { from: '203.0.113.9' });
    expect(answer.statusCode).toBe(200);
  });

  it.each([
    ['nobody', 404, 'not-found', 'no machine has the serial nobody'],
    ['c', 404, 'template-unknown', 'role other has no template'],
    ['a?template=2', 404, 'template-unknown', 'role cs has no template 2'],
    ['a?id=2', 400, 'bad-request', 'id is unknown here'],
  ])('for %s is %i', async (what, status, kind, text) => {
    const face = await fleet();
    const [serial, query] = what.split('?');
    const path = `/api/v2/machines/${serial}/ignition${query === undefined ? '' : `?${query}`}`;
    const answer = await face.ask(`GET ${path}`);
    expect([answer.statusCode, answer.json().type]).toEqual([
      status,
      `urn:tetsukan:problem:${kind}`,
    ]);
    expect(answer.json().detail).toContain(text);
  });

  it('names machine, template, member, line and expression of what fails', async () => {
    const face = await fleet();
    const answer = await face.ask('GET /api/v2/machines/b/ignition');
    expect(answer.statusCode).toBe(422);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.json()).toMatchObject({
      type: 'urn:tetsukan:problem:template-broken',
      detail: expect.stringContaining('template 1 of role boot does not render for machine b: '),
      template: {
        serial: 'b',
        id: '1',
        member: 'systemd.units[0].contents',
        line: 2,
        expression: 'slice .Spec.Labels.product 9',
      },
    });
  });
});

describe('PUT /api/v1/ignitions/{role}/{id}', () => {
  it('warns when a template fails for a registered machine of the role, and stores it', async () => {
    const face = await fleet();
    const body = unit('{{ if eq .Spec.Role "cs" }}{{ slice .Spec.Labels.product 9 }}{{ end }}');
    const answer = await face.must('PUT /api/v1/ignitions/cs/2.0.0', { body });
    expect(answer.statusCode).toBe(201);
    expect(answer.headers['x-tetsukan-warning']).toMatch(
      /^does not render for machine a: template: systemd\.units\[0\]\.contents:1:/,
    );
    expect(face.log.map(({ message }) => message)).toContain('a new template fails for a machine');
    const fine = await face.must('PUT /api/v1/ignitions/cs/2.0.1', { body: unit('x') });
    expect(fine.headers['x-tetsukan-warning']).toBeUndefined();
  });
});

describe('PUT /api/v1/ignitions/{role}/{id} of what is fetched from elsewhere', () => {
  it('warns where no hash tells whether it was changed, and stores it', async () => {
    const face = await fleet();
    const put = async (id: string, contents: object) => {
      const template = { storage: { files: [{ path: '/a', contents }] } };
      const body = { version: '3.4', template, meta: null };
      const { headers } = await face.must(`PUT /api/v1/ignitions/cs/${id}`, { body });
      return headers['x-tetsukan-warning'];
    };
    const source = '{{ MyURL }}/api/v1/assets/a';
    expect(await put('3.0.0', { source })).toMatch(
      /storage\.files\[0\]\.contents\.source has no verification\.hash/,
    );
    const verification = { hash: `sha512-${'0'.repeat(128)}` };
    expect(await put('3.0.1', { source, verification })).toBeUndefined();
    expect(await put('3.0.2', { source: 'data:,x' })).toBeUndefined();
  });
});

describe('POST /api/v2/machines/{serial}/ignition', () => {
  const url = 'POST /api/v2/machines/a/ignition';

  it('renders a template that is not stored, and stores nothing', async () => {
    const face = await fleet();
    const before = (await face.must('GET /api/v1/ignitions/cs')).json();
    const answer = await face.must(url, { body: unit('{{ .Spec.Rack }}', '3.4') });
    expect(answer.json()).toEqual({
      ignition: { version: '3.4.0' },
      systemd: { units: [{ contents: '1', name: 'a.service' }] },
    });
    expect((await face.must('GET /api/v1/ignitions/cs')).json()).toEqual(before);
  });

  it('is for peers in allow-ips', async () => {
    const face = await fleet();
    const answer = await face.ask(url, { body: unit(''), from: '203.0.113.9' });
    expect(answer.statusCode).toBe(403);
  });

  it.each([
    [{ version: '2.3' }, 400, 'template'],
    [{ version: '9', template: {} }, 400, 'version must be one of 2.2, 2.3, 3.0'],
    [unit('{{ .Nope }}'), 422, "can't evaluate field Nope in type *sabakan.Machine"],
    [unit('{{ range 99999999 }}{{ end }}'), 422, 'more than 1000000 steps (stepsMax)'],
    [{ version: '3.0', template: { networkd: {} } }, 422, 'networkd: is no member'],
  ])('refuses %j with %i', async (body, status, text) => {
    const face = await fleet();
    const answer = await face.ask(url, { body });
    expect(answer.statusCode).toBe(status);
    expect(answer.json().detail).toContain(text);
  });
});
