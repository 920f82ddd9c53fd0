import { describe, expect, it } from 'vitest';
import type { Send } from '../../../src/cli/answer.ts';
import {
  deleteIgnition,
  getIgnition,
  previewIgnition,
  readTemplate,
  setIgnition,
} from '../../../src/cli/commands/ignition.ts';
import { Failure } from '../../../src/cli/failure.ts';
import type { SourceFiles } from '../../../src/cli/ignition-assembly.ts';
import { aFace, aSpec } from '../../support/face.ts';

async function aServer(): Promise<Send> {
  const face = await aFace();
  await face.must('POST /api/v1/machines', { body: [aSpec('a', { rack: 1 })] });
  return async (method, path, body) => {
    const how = body === undefined ? {} : { body: body as object };
    const answer = await face.ask(`${method} ${path}`, how);
    if (answer.statusCode >= 300 && answer.statusCode !== 404) {
      throw new Failure(`${answer.statusCode}: ${answer.body}`, '');
    }
    const warning = answer.headers['x-tetsukan-warning'];
    return {
      status: answer.statusCode,
      body: answer.body === '' ? undefined : answer.json(),
      ...(typeof warning === 'string' ? { warning } : {}),
    };
  };
}

const files: SourceFiles = {
  open: async (_, name) => ({
    text:
      {
        'site.yml': 'version: "2.3"\nsystemd: [{name: a.service, enabled: true}]',
        'meta.yml': 'domain: example.com\n',
        'meta.json': '{"domain": "example.com"}',
        'whole.json': '{"version": "3.4", "template": {}, "meta": null}',
      }[name] ?? '[',
    directory: '/t',
  }),
  read: async () => ({
    bytes: new TextEncoder().encode('{{ .Spec.Serial }} {{ Metadata "domain" }}'),
    mode: 0o600,
  }),
};

describe('tetsu ignition', () => {
  it('stores a template made of a source, shows it, previews a machine, and deletes it', async () => {
    const send = await aServer();
    const template = await readTemplate(files, '.', { file: 'site.yml', meta: 'meta.yml' });
    expect(await setIgnition(send, 'cs', '1.0.0', template)).toContain(
      '1.0.0 of role cs is stored',
    );
    expect(await getIgnition(send, 'cs')).toBe('1.0.0');
    expect(JSON.parse(await getIgnition(send, 'cs', '1.0.0'))).toEqual(template);
    const document = JSON.parse(await previewIgnition(send, 'a', {}));
    expect(document.systemd.units[0]).toEqual({
      contents: 'a example.com',
      enabled: true,
      name: 'a.service',
    });
    expect(await deleteIgnition(send, 'cs', '1.0.0')).toContain('is deleted');
    expect(await getIgnition(send, 'cs')).toBe('role cs has no template');
  });

  it('previews another version, and a file that is not stored', async () => {
    const send = await aServer();
    for (const id of ['1', '2']) {
      const template = { ignition: {}, passwd: { groups: [{ name: `g${id}` }] } };
      await setIgnition(send, 'cs', id, { version: '2.3', template, meta: null });
    }
    expect(await previewIgnition(send, 'a', { template: '1' })).toContain('"g1"');
    expect(await previewIgnition(send, 'a', {})).toContain('"g2"');
    const body = await readTemplate(files, '.', { file: 'whole.json', json: true });
    expect(JSON.parse(await previewIgnition(send, 'a', { body }))).toEqual({
      ignition: { version: '3.4.0' },
    });
  });

  it('passes on that a stored template fails for a machine', async () => {
    const name = '{{ if eq .Spec.Role "cs" }}{{ index .Spec.IPv4 9 }}{{ end }}';
    const template = { passwd: { groups: [{ name }] } };
    const body = { version: '2.3', template, meta: null };
    expect(await setIgnition(await aServer(), 'cs', '1', body)).toMatch(
      /^template 1 of role cs is stored\nwarning: it does not render for machine a: .*index out of range/,
    );
  });

  it('takes meta data as JSON, too', async () => {
    const template = await readTemplate(files, '.', { file: 'site.yml', meta: 'meta.json' });
    expect(template).toMatchObject({ meta: { domain: 'example.com' } });
  });

  it.each([
    ['an unknown machine', (send: Send) => previewIgnition(send, 'nobody', {}), 3],
    ['a version that is not there', (send: Send) => getIgnition(send, 'cs', '9'), 3],
    ['deleting what is not there', (send: Send) => deleteIgnition(send, 'cs', '9'), 3],
    ['a source that is no YAML', () => readTemplate(files, '.', { file: 'x.yml' }), 2],
    ['a file that is no JSON', () => readTemplate(files, '.', { file: 'x.json', json: true }), 2],
    ['meta data that is none', () => readTemplate(files, '.', { file: 'site.yml', meta: 'x' }), 2],
  ])('ends with its code after %s', async (_, run, exitCode) => {
    const failure = await Promise.resolve(run(await aServer())).catch(
      (problem: unknown) => problem,
    );
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ exitCode });
  });
});
