/** `tetsu doctor` on a real etcd and host, with faults planted by hand. */

import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ipamConfigToJson } from '../../src/inventory/ipam-config.ts';
import type { DoctorReportV2 } from '../../src/sabakan/contract/doctor.ts';
import { startTestEtcd, type TestEtcd } from '../support/etcd.ts';
import { etcdHand } from '../support/etcd-hand.ts';
import { aSpec } from '../support/face.ts';
import { ipamG } from '../support/machines.ts';
import { tarOf, utf8 } from '../support/tar.ts';
import {
  prepareTetsuServer,
  runTetsu,
  type TetsuServer,
  type TetsuSite,
  usualTimeout,
} from '../support/tetsu.ts';

let etcd: TestEtcd;
let site: TetsuSite;
let server: TetsuServer;

beforeAll(async () => {
  etcd = await startTestEtcd({ args: ['--quota-backend-bytes', String(16 * 1024 * 1024)] });
  site = await prepareTetsuServer({ etcd: etcd.endpoints, etcdMore: usualTimeout });
  server = await site.launch();
  await must('PUT', 'config/ipam', JSON.stringify(ipamConfigToJson(ipamG)));
  await must('POST', 'machines', JSON.stringify([aSpec('A'), aSpec('B')]));
  const image = tarOf([
    ['kernel', utf8('a kernel')],
    ['initrd.gz', utf8('an initrd')],
  ]);
  await must('PUT', 'images/coreos/1234.5.6', image);
});

afterAll(async () => {
  server?.signal('SIGKILL');
  await server?.ended;
  await site?.remove();
  await etcd?.stop();
});

async function must(method: string, path: string, body: string | Uint8Array): Promise<void> {
  const answer = await fetch(`${site.url}/api/v1/${path}`, { method, body: Buffer.from(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
}

type Examined = { readonly code: number | null; readonly report: DoctorReportV2 };

/** By the command; the server keeps an examination for two seconds, so what was done a moment ago is waited for. */
async function examined(how: readonly string[]): Promise<Examined> {
  const ended = await runTetsu(['doctor', ...how, '-o', 'json']);
  if (ended.out === '') throw new Error(`no report: ${ended.err}`);
  return { code: ended.code, report: JSON.parse(ended.out) as DoctorReportV2 };
}

const problems = ({ report }: Examined) =>
  report.findings
    .filter(({ level }) => level === 'problem')
    .map(({ check, subject, found }) => `${check} ${subject}: ${found}`);

const ofServer = (): readonly string[] => ['--server', site.url];
const ofHost = (): readonly string[] => ['--config', join(site.directory, 'tetsu.yml')];

describe('tetsu doctor', () => {
  it('finds a running server well but for what it lacks, says so, and leaves no key behind', async () => {
    // A leader is elected a moment after the start.
    await expect
      .poll(async () => problems(await examined(ofServer())))
      .toEqual(['boot role cs: has no Ignition template: its machines stop in iPXE']);
    const well = await examined(ofServer());
    expect(well.code).toBe(1);
    const said = (check: string) =>
      well.report.findings.filter((one) => one.check === check).map(({ found }) => found);
    expect(said('etcd').join('\n')).toMatch(
      /etcd 3\.\d.*\n.*of 16\.0 MiB[\s\S]*synced writes: p50/,
    );
    expect(said('ports')).toEqual(Array.from(said('ports'), () => 'this server listens'));
    expect(said('ports').length).toBeGreaterThanOrEqual(4);
    expect(said('records')).toEqual([expect.stringMatching(/records can be read and agree/)]);
    expect(said('files')).toEqual(['2 files of images and assets are here and whole in size']);
    const hand = etcdHand(etcd.endpoints[0] ?? '');
    expect(await hand.get('tetsukan/doctor')).toBeUndefined();
  });

  it('prints the worst first, each with what to do, and ends with the counts', async () => {
    const { out, code } = await runTetsu(['doctor', ...ofServer()]);
    const lines = out.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^PROBLEM {2}boot +role cs: has no Ignition template/);
    expect(lines[1]).toMatch(/^ +→ tetsu ignition set cs VERSION/);
    expect(lines.at(-1)).toMatch(/^boot-0: 1 problem, \d+ warnings, \d+ ok$/);
    expect(code).toBe(1);
  });

  it('sees a wrong address in a record, a machine without a slot and a lost file of an image', async () => {
    const hand = etcdHand(etcd.endpoints[0] ?? '');
    const [a, list] = [await hand.get('machines/A'), await hand.get('node-indices/0')];
    await hand.put('machines/A', (a ?? '').replaceAll('10.69.0.4', '10.69.0.5'));
    await hand.put('node-indices/0', '[4]');
    await rm(join(site.directory, 'data', 'images', 'coreos', '1234.5.6', 'kernel'));
    // The watch brings what the hand did a moment later.
    const found = async () => problems(await examined(ofServer()));
    await expect
      .poll(found)
      .toEqual([
        expect.stringContaining('boot role cs'),
        expect.stringMatching(/^records machines\/B: has 10\.69\.0\.5, and so has machines\/A/),
        expect.stringMatching(/^records node-indices\/0: does not list 5, which machines\/B has/),
        expect.stringMatching(
          /^files image 1234\.5\.6: images\/coreos\/1234\.5\.6\/kernel is missing/,
        ),
      ]);
    await hand.put('machines/A', a);
    await hand.put('node-indices/0', list);
  });

  it('finds, on the host, the ports of the running server taken, and names the process', async () => {
    const found = problems(await examined(ofHost()));
    const taken = found.filter((line) => line.startsWith('ports '));
    expect(taken).toEqual(
      ['http TCP', 'metrics TCP', 'dhcp-bind UDP', 'tftp.listen UDP'].map((port) =>
        expect.stringMatching(
          new RegExp(`^ports ${port} .*: taken by \\S+ \\(pid ${server.pid}\\)`),
        ),
      ),
    );
  });

  it('sees a full etcd, though nothing can be written any more', async () => {
    const hand = etcdHand(etcd.endpoints[0] ?? '', '/other/');
    let isFull = false;
    for (let n = 0; n < 400 && !isFull; n += 1) {
      await hand.put(`fill/${n}`, 'x'.repeat(100_000)).catch((error: unknown) => {
        isFull = String(error).includes('space exceeded');
        if (!isFull) throw error;
      });
    }
    expect(isFull).toBe(true);
    const look = async () => problems(await examined(ofServer()));
    await expect
      .poll(look)
      .toContainEqual(
        expect.stringMatching(/^etcd member \d+: alarm NOSPACE: the space quota is reached/),
      );
    const found = await look();
    expect(found).toContainEqual(expect.stringMatching(/^etcd writes: .*space exceeded/));
    expect(found).toContainEqual(expect.stringMatching(/^files image 1234/));
  });

  it('of a server that cannot start says why: a port that another program holds, a dead etcd', async () => {
    server.signal('SIGKILL');
    await server.ended;
    await etcd.members[0]?.kill();
    const taker = await listening(Number(new URL(site.url).port));
    const { code, report } = await examined(ofHost());
    taker.close();
    expect(code).toBe(1);
    const found = problems({ code, report });
    expect(found).toContainEqual(
      expect.stringMatching(new RegExp(`^ports http TCP .*taken by .*\\(pid ${process.pid}\\)`)),
    );
    expect(found).toContainEqual(expect.stringMatching(/^etcd http:.*no answer: .*ECONNREFUSED/));
    expect(report.findings).toContainEqual(
      expect.objectContaining({
        check: 'ports',
        subject: expect.stringContaining('metrics'),
        found: 'free',
      }),
    );
  });

  it('reads every mistake of a configuration', async () => {
    const { code, out } = await runTetsu(['doctor', '--config', '/nowhere/tetsu.yml']);
    expect(code).toBe(1);
    expect(out).toMatch(/^PROBLEM {2}configuration +\/nowhere\/tetsu\.yml: .*cannot be read/);
  });
});

function listening(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const taker = createServer();
    taker.once('error', reject);
    taker.listen({ host: '127.0.0.1', port }, () => resolve(taker));
  });
}
