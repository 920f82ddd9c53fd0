import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ipamConfigToJson } from '../../src/inventory/ipam-config.ts';
import { startTestEtcd, type TestEtcd } from '../support/etcd.ts';
import { ipamG } from '../support/machines.ts';
import { type Ended, runTetsu, startTetsuServer, type TetsuServer } from '../support/tetsu.ts';

let etcd: TestEtcd;
let server: TetsuServer;
let directory: string;

beforeAll(async () => {
  etcd = await startTestEtcd();
  server = await startTetsuServer({ etcd: etcd.endpoints });
  await must('PUT', '/api/v1/config/ipam', ipamConfigToJson(ipamG));
  await must('POST', '/api/v1/machines', [
    { serial: 'e2e-1', rack: 1, role: 'cs', bmc: { type: 'iDRAC-9' } },
  ]);
  directory = await mkdtemp(join(tmpdir(), 'tetsu-ignition-'));
  const site = join(directory, 'site');
  for (const folder of ['base/files/etc', 'base/systemd', 'site/files/opt']) {
    await mkdir(join(directory, folder), { recursive: true });
  }
  await writeFile(
    join(directory, 'base/base.yml'),
    'version: "2.3"\nfiles: [/etc/rack]\nsystemd: [{name: a.service, enabled: true}]\n',
  );
  await writeFile(join(directory, 'base/files/etc/rack'), 'rack {{ .Spec.Rack }}\n');
  await writeFile(join(directory, 'base/systemd/a.service'), '[Service]\n');
  await writeFile(
    join(site, 'real.yml'),
    'version: "2.3"\ninclude: ../base/base.yml\nfiles: [/opt/run]\n',
  );
  await writeFile(join(site, 'files/opt/run'), '#!/bin/sh\necho {{ Metadata "domain" }}\n');
  await chmod(join(site, 'files/opt/run'), 0o750);
  await writeFile(join(site, 'meta.yml'), 'domain: example.com\n');
  // The folder of the source is what its links lead to.
  await symlink(site, join(directory, 'link'));
});

afterAll(async () => {
  server?.signal('SIGKILL');
  await server?.ended;
  await etcd?.stop();
  await rm(directory, { recursive: true, force: true });
});

async function must(method: string, path: string, body: object): Promise<void> {
  const answer = await fetch(server.url + path, { method, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
}

function ignition(...args: readonly string[]): Promise<Ended> {
  return runTetsu(['ignition', ...args], { TETSU_SERVER: server.url });
}

describe('tetsu ignition', () => {
  it('takes a template from its source to the machine, and back', async () => {
    const source = [
      '-f',
      join(directory, 'link/real.yml'),
      '--meta',
      join(directory, 'site/meta.yml'),
    ];
    const tried = await ignition('preview', 'e2e-1', ...source);
    expect(tried).toMatchObject({ code: 0, err: '' });
    expect((await ignition('get', 'cs')).out).toBe('role cs has no template\n');
    const stored = await ignition('set', 'cs', '1.0.0', ...source);
    expect(stored).toMatchObject({ code: 0, out: 'template 1.0.0 of role cs is stored\n' });

    const preview = await ignition('preview', 'e2e-1');
    expect(preview.out).toBe(tried.out);
    expect(JSON.parse(preview.out).storage.files).toMatchObject([
      {
        path: '/etc/rack',
        filesystem: 'root',
        mode: 0o644,
        contents: { source: 'data:,rack%201%0A' },
      },
      { path: '/opt/run', filesystem: 'root', mode: 0o750 },
    ]);
    const booted = await fetch(`${server.url}/api/v1/boot/ignitions/e2e-1/1.0.0`);
    expect(await booted.json()).toEqual(JSON.parse(preview.out));

    expect((await ignition('set', 'cs', '1.0.0', ...source)).code).toBe(4);
    expect((await ignition('get', 'cs')).out).toBe('1.0.0\n');
    expect(JSON.parse((await ignition('get', 'cs', '1.0.0')).out)).toMatchObject({
      version: '2.3',
      meta: { domain: 'example.com' },
    });
    expect((await ignition('delete', 'cs', '1.0.0')).code).toBe(0);
    expect((await ignition('delete', 'cs', '1.0.0')).code).toBe(3);
  });

  it('says where a template fails', async () => {
    const file = join(directory, 'broken.json');
    const contents = 'one\n{{ .Spec.Nope }}';
    const template = { systemd: { units: [{ name: 'a', contents }] } };
    await writeFile(file, JSON.stringify({ version: '3.4', template }));
    const failed = await ignition('preview', 'e2e-1', '--json', '-f', file);
    expect(failed.code).not.toBe(0);
    expect(failed.err).toContain('does not render for machine e2e-1: ');
    expect(failed.err).toContain('systemd.units[0].contents:2:8: executing');
    expect(failed.err).toContain("at <.Spec.Nope>: can't evaluate field Nope");
  });
});
