import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ipamConfigToJson } from '../../src/inventory/ipam-config.ts';
import { ipamG } from '../support/machines.ts';
import { runTetsu, startTetsuServer, type TetsuServer } from '../support/tetsu.ts';

/** Room for 50 racks of 20 machines. */
const ipam = {
  ...ipamConfigToJson(ipamG),
  'node-ipv4-pool': '10.64.0.0/12',
  'bmc-ipv4-pool': '10.80.0.0/12',
};
const perRack = 20;

describe('a newcomer registers 1,000 machines from a table', () => {
  let server: TetsuServer;
  let folder: string;
  let file: string;
  const tetsu = (...args: readonly string[]) => runTetsu(args, { TETSU_SERVER: server.url });
  const count = async () => {
    const { out } = await tetsu('get', 'machines', '-o', 'name');
    return out.split('\n').filter((line) => line !== '').length;
  };
  const row = (at: number) => [
    `S${String(at).padStart(4, '0')}`,
    String(Math.floor(at / perRack)),
    'worker',
    'iDRAC-9',
    'tokyo',
  ];
  const rows = Array.from({ length: 1000 }, (_, at) => row(at));
  const save = () =>
    writeFile(
      file,
      ['serial,rack,role,bmc-type,label:site', ...rows.map((cells) => cells.join(','))].join(
        '\r\n',
      ),
    );
  const set = (at: number, column: number, to: string) => {
    const cells = rows[at] ?? [];
    cells[column] = to;
  };

  beforeAll(async () => {
    server = await startTetsuServer({ etcd: undefined });
    folder = await mkdtemp(join(tmpdir(), 'tetsukan-register-'));
    file = join(folder, 'machines.csv');
    await writeFile(join(folder, 'ipam.json'), JSON.stringify(ipam));
  });
  afterAll(async () => {
    server.signal('SIGTERM');
    await server.ended;
    await rm(folder, { recursive: true, force: true });
  });

  it('sets up the address plan', async () => {
    const { code, out } = await tetsu('apply', '-f', join(folder, 'ipam.json'));
    expect([code, out]).toEqual([0, expect.stringContaining('ipam set')]);
  });

  it('reads all three mistakes at once, with row and column', async () => {
    set(16, 1, '1.5');
    set(499, 2, 'wor ker');
    set(999, 0, 'S0003');
    await save();
    const { code, err } = await tetsu('register', file);
    expect(code).toBe(2);
    expect(err.split('\n')).toEqual([
      'tetsu: 3 mistakes; nothing was sent:',
      `${file}:18:2: cell B18 (rack): rack must be a whole number from 0, not "1.5"`,
      expect.stringMatching(
        /:501:3: cell C501 \(role\): role must be 1 to 63 letters.*not "wor ker"$/,
      ),
      `${file}:1001:1: cell A1001 (serial): serial S0003 is there twice: it stands in row 5, too`,
      'hint: mend them and run it again',
      '',
    ]);
    expect(await count()).toBe(0);
  });

  it('mends them and sees index and addresses that each would get', async () => {
    for (const at of [16, 499, 999]) rows[at] = row(at);
    await save();
    const { code, out } = await tetsu('register', file, '--dry-run', '-o', 'wide');
    expect([code, out.split('\n').length]).toEqual([0, 1004]);
    expect(out).toMatch(
      /^S0021 +1 +5 +worker +10\.64\.0\.197,10\.64\.1\.5,10\.64\.1\.69 +iDRAC-9 +10\.80\.1\.37$/m,
    );
    expect(out).toContain('would be: 1000 registered, 0 changed, 0 unchanged');
    expect(await count()).toBe(0);
  });

  it('is asked, and nothing is done where nobody can answer', async () => {
    const { code, err } = await tetsu('register', file);
    expect([code, err]).toEqual([2, expect.stringContaining('register 1000 machines?')]);
    expect(await count()).toBe(0);
  });

  it('applies it, and again: nothing changes', async () => {
    const first = await tetsu('register', file, '--yes');
    expect([first.err, first.code]).toEqual(['', 0]);
    expect(first.out).toContain('done: 1000 registered, 0 changed, 0 unchanged');
    expect(await count()).toBe(1000);
    const again = await tetsu('register', file, '--yes');
    expect([again.code, again.out]).toEqual([
      0,
      'would be: 0 registered, 0 changed, 1000 unchanged\n',
    ]);
    expect((await tetsu('diff', '-f', file)).code).toBe(0);
  });

  it('changes a few rows and sees the difference first', async () => {
    set(0, 4, 'osaka');
    set(1, 1, '60');
    await save();
    const diff = await tetsu('diff', '-f', file);
    expect([diff.code, diff.err]).toEqual([1, '']);
    expect(diff.out).toContain(
      '~ machine S0000\n    spec.labels.site: tokyo → osaka\n~ machine S0001\n    spec.rack: 0 → 60\n',
    );
    const asked = await tetsu('apply', '-f', file);
    expect([asked.code, asked.err]).toEqual([2, expect.stringContaining('change 2 machines?')]);
    const done = await tetsu('apply', '-f', file, '--yes');
    expect([done.code, done.out]).toEqual([
      0,
      expect.stringContaining('done: 0 registered, 2 changed, 998 unchanged'),
    ]);
    const { out } = await tetsu(
      'get',
      'machines',
      'S0001',
      '-o',
      'jsonpath={.spec.rack} {.spec.labels.site}',
    );
    expect(out.trim()).toBe('60 tokyo');
  });

  it('adds rows without being asked when nothing that is there changes', async () => {
    rows.push(['NEW1', '61', 'boot', 'iDRAC-9', '']);
    await save();
    const { code, out } = await tetsu('apply', '-f', file);
    expect([code, out]).toEqual([
      0,
      expect.stringContaining('1 registered, 0 changed, 1000 unchanged'),
    ]);
  });

  it('is told what the fleet is against at the row of the file', async () => {
    rows.push(['NEW2', '61', 'boot', 'iDRAC-9', '']);
    await save();
    const { code, err } = await tetsu('register', file, '--yes');
    expect(code).not.toBe(0);
    expect(err).toContain(`${file}:1003:3: `);
    rows.pop();
    rows.push(['NEW3', '61', 'worker', 'iDRAC-9', '']);
    rows.splice(
      rows.findIndex(([serial]) => serial === 'NEW1'),
      1,
      ['NEW4', '61', 'boot', 'iDRAC-9', ''],
    );
    await save();
    const late = await tetsu('register', file, '--yes');
    expect([late.code, late.err]).toEqual([4, expect.stringContaining(`${file}:1002:3: `)]);
  });

  it('gives back what it got: the YAML of tetsu get changes nothing', async () => {
    const { out } = await tetsu('get', 'machines', '-o', 'yaml');
    const got = join(folder, 'got.yaml');
    await writeFile(got, out);
    expect(await tetsu('diff', '-f', got)).toMatchObject({ code: 0, out: '', err: '' });
  });
});
