import { execFile } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ipamConfigToJson } from '../../src/inventory/ipam-config.ts';
import { ipamG } from '../support/machines.ts';
import { runTetsu, startTetsuServer, type TetsuServer } from '../support/tetsu.ts';

describe('tetsu changes machines', () => {
  let server: TetsuServer;
  const on = () => ({ TETSU_SERVER: server.url });
  const send = async (method: 'PUT' | 'POST', path: string, body: unknown): Promise<void> => {
    const answer = await request(`${server.url}${path}`, { method, body: JSON.stringify(body) });
    await answer.body.dump();
    expect(answer.statusCode).toBeLessThan(300);
  };
  const tetsu = (...args: readonly string[]) => runTetsu(args, on());

  beforeAll(async () => {
    server = await startTetsuServer({ etcd: undefined });
    await send('PUT', '/api/v1/config/ipam', ipamConfigToJson(ipamG));
    const machines = Array.from({ length: 6 }, (_, at) => ({
      serial: `w-${at + 1}`,
      spec: { rack: at < 3 ? 1 : 2, role: 'cs', bmc: { type: 'none' } },
    }));
    await send('POST', '/api/v2/machines', machines);
  });
  afterAll(async () => {
    server.signal('SIGTERM');
    await server.ended;
  });

  it('labels a range, a dry run before', async () => {
    const dry = await tetsu('label', 'machines', 'rack1,^w-2', 'product=R650', '--dry-run');
    expect(dry).toMatchObject({
      code: 0,
      out: '2 machines labelled (dry run: nothing was changed)\n',
    });
    expect((await tetsu('get', 'machines', '-l', 'product', '-o', 'name')).out).toBe('');
    await tetsu('label', 'machines', 'rack1,^w-2', 'product=R650');
    expect((await tetsu('get', 'machines', '-l', 'product', '-o', 'name')).out).toBe('w-1\nw-3\n');
    const again = await tetsu('label', 'machine', 'w-1', 'product=R640');
    expect(again).toMatchObject({ code: 4, err: expect.stringContaining('--overwrite') });
    expect(await tetsu('label', 'machines', 'w-[1,3]', 'product-')).toMatchObject({ code: 0 });
  });

  it('reads names from standard input and files', async () => {
    const file = join(server.directory, 'names');
    await writeFile(file, 'w-1 # the first\nw-[4-5]\n');
    const named = await tetsu('get', 'machines', `@${file}`, '^w-4', '-o', 'name');
    expect(named.out).toBe('w-1\nw-5\n');
    const pipe = `printf 'w-2\\nw-3\\n' | '${resolve('bin/tetsu')}' get machines - -o name`;
    const { stdout } = await promisify(execFile)('sh', ['-c', pipe], {
      env: { ...process.env, ...on() },
    });
    expect(stdout).toBe('w-2\nw-3\n');
  });

  it.each([
    [['state', 'machines', 'rack1', 'healthy'], 2, 'nobody is there to confirm: set 3 machines'],
    [['state', 'machine', 'w-1', 'helthy'], 2, 'did you mean healthy?'],
    [['state', 'machine', 'w-1', 'retired'], 4, 'forbidden'],
    [['state', 'machines', 'healthy'], 2, 'no machine is named'],
    [['state', 'machines', 'rack9', 'healthy'], 3, 'no machine matches'],
    [['delete', 'machine', 'w-1', '--yes'], 4, 'w-1'],
    [['delete', 'machine', 'w-1'], 2, 'nobody is there to confirm: delete 1 machine: w-1'],
    [['retire', 'w-1', '--yes'], 2, '--reason'],
    [['get', 'machines', 'w-[1-'], 2, 'a bracket is not closed'],
  ])('%j ends with %i and changes nothing', async (args, code, text) => {
    const ended = await tetsu(...args);
    expect(ended).toMatchObject({ code, err: expect.stringContaining(text) });
    expect((await tetsu('get', 'machines', '--state', 'uninitialized', '-o', 'name')).out).toBe(
      'w-1\nw-2\nw-3\nw-4\nw-5\nw-6\n',
    );
  });

  it('errors are JSON where JSON is asked for', async () => {
    const { code, err } = await tetsu('get', 'machines', 'nobody', '-o', 'json');
    expect([code, JSON.parse(err).error]).toEqual([
      3,
      expect.objectContaining({ message: 'there is no machine "nobody"', exitCode: 3 }),
    ]);
  });

  it('edits with the editor of the user, who mends what is refused', async () => {
    const editor = join(server.directory, 'editor');
    await writeFile(
      editor,
      `#!/bin/sh
if grep -q '^#! ' "$1"; then cp "$1" "$1.seen"; cp "$1" ${server.directory}/seen; sed -i 's/state: .*/state: healthy/' "$1"
else sed -i 's/state: .*/state: retired/; s/labels: .*/labels: { unit: "7" }/' "$1"; fi
`,
    );
    await chmod(editor, 0o755);
    const ended = await runTetsu(['edit', 'machine', 'w-6'], { ...on(), EDITOR: editor });
    expect(ended).toMatchObject({ code: 0, out: 'machine w-6 changed\n' });
    const shown = await tetsu(
      'get',
      'machine',
      'w-6',
      '-o',
      'jsonpath={.status.state} {.spec.labels.unit}',
    );
    expect(shown.out).toBe('healthy 7\n');
  });

  it('sets states and tells what failed, with 8 when some did', async () => {
    const ended = await tetsu(
      'state',
      'machines',
      'w-[5-6]',
      'unhealthy',
      '--reason',
      'fan',
      '--yes',
    );
    expect(ended).toMatchObject({
      code: 8,
      out: '1 machine set to unhealthy\n',
      err: expect.stringContaining('  w-5: '),
    });
    const { out } = await tetsu('explain', 'machine', 'w-6');
    expect(out).toMatch(/^state: unhealthy since .*: fan/);
  });

  it('retires, and then removes what is retired', async () => {
    const begun = await tetsu('retire', 'w-[1-2]', '--reason', 'end of lease', '--yes');
    expect(begun).toMatchObject({
      code: 0,
      out: '2 machines set to retiring\n',
      err: expect.stringContaining('what follows'),
    });
    expect((await tetsu('state', 'machines', 'w-[1-2]', 'retired', '--yes')).code).toBe(0);
    const gone = await tetsu('delete', 'machines', 'w-[1-2]', '--yes');
    expect(gone).toMatchObject({ code: 0, out: '2 machines deleted\n' });
    expect((await tetsu('get', 'machines', '--rack', '1', '-o', 'name')).out).toBe('w-3\n');
  });
});
