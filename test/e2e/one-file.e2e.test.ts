/** The whole of Tetsukan in an empty folder, without packages and sources. */

import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeServerPacket } from '../../src/sim/dhcp-wire.ts';
import { message } from '../pxe/dhcp/bed.ts';
import { startTetsuServer, type TetsuServer } from '../support/tetsu.ts';

const run = promisify(execFile);
const node = resolve('node_modules/.bin/node');

const ipam = {
  'max-nodes-in-rack': 28,
  'node-ipv4-pool': '127.64.0.0/16',
  'node-ipv4-range-size': 6,
  'node-ipv4-range-mask': 26,
  'node-ip-per-node': 3,
  'node-index-offset': 3,
  'node-gateway-offset': 1,
  'bmc-ipv4-pool': '127.72.16.0/20',
  'bmc-ipv4-offset': '0.0.1.0',
  'bmc-ipv4-range-size': 5,
  'bmc-ipv4-range-mask': 20,
  'bmc-ipv4-gateway-offset': 1,
};
const ignition = '{"version": "2.3", "template": {"ignition": {"version": "2.3.0"}}}';
const relay = '127.64.0.1';

let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tetsukan-one-file-'));
  await run(node, ['scripts/build.ts', folder]);
  file = join(folder, 'tetsu.mjs');
  await Promise.all([
    writeFile(join(folder, 'ipam.json'), JSON.stringify(ipam)),
    writeFile(join(folder, 'machines.csv'), 'serial,rack,role,bmc-type\nABC001,0,worker,none\n'),
    writeFile(join(folder, 'kernel'), 'a kernel'),
    writeFile(join(folder, 'initrd.gz'), 'an initrd'),
  ]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const serving = (more: string): Promise<TetsuServer> =>
  startTetsuServer({ command: [node, file], etcd: undefined, more });

const tetsu = (server: TetsuServer, ...args: readonly string[]) =>
  run(node, [file, ...args], {
    cwd: folder,
    env: { ...process.env, TETSU_SERVER: server.url, TETSU_CONFIG: join(folder, 'none') },
  });

async function must(server: TetsuServer, path: string, body?: string | Uint8Array) {
  const answer = await fetch(
    server.url + path,
    body === undefined ? {} : { method: 'PUT', body: body as never },
  );
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
  return text;
}

const dhcpOf = async (server: TetsuServer) =>
  (JSON.parse(await must(server, '/api/v2/status')) as { dhcp: DhcpStatus }).dhcp;

type DhcpStatus = {
  readonly listening: readonly { readonly address: string; readonly port: number }[];
  readonly missing: readonly string[];
};

/** What a relay is offered for a client. It asks to be answered at its own port (RFC 8357: option 82, suboption 19). */
async function offered(port: number) {
  const socket = createSocket('udp4');
  const discover = message('discover', { giaddr: relay, options: [[82, Uint8Array.of(19, 0)]] });
  let again: NodeJS.Timeout | undefined;
  try {
    return await new Promise<ReturnType<typeof decodeServerPacket>>((answered) => {
      socket.on('message', (bytes) => answered(decodeServerPacket(bytes)));
      socket.bind(0, relay, () => {
        const send = () => socket.send(discover, port, '127.0.0.1');
        send();
        again = setInterval(send, 1_000);
      });
    });
  } finally {
    clearInterval(again);
    socket.close();
  }
}

describe('the one file', () => {
  it('is a server: a machine is registered, boots by HTTP, and is lent an address through a relay', async () => {
    const server = await serving('dhcp: { relay-networks: [127.64.0.0/16] }');
    try {
      await must(server, '/api/v1/config/ipam', JSON.stringify(ipam));
      await must(server, '/api/v1/config/dhcp', '{"lease-minutes": 60}');
      await must(server, '/api/v1/ignitions/worker/1.0.0', ignition);
      const { stdout } = await tetsu(server, 'register', 'machines.csv', '--yes');
      expect(stdout).toContain('done: 1 registered');
      await run('tar', ['-cf', 'image.tar', 'kernel', 'initrd.gz'], { cwd: folder });
      await tetsu(server, 'upload', 'image', 'coreos', '1.0.0', 'image.tar');
      expect(await must(server, '/api/v1/boot/coreos/ipxe/ABC001')).toMatch(/^#!ipxe\n/);
      expect(await must(server, '/api/v1/boot/coreos/kernel')).toBe('a kernel');

      const { listening } = await dhcpOf(server);
      expect(await offered(listening[0]?.port ?? 0)).toMatchObject({ yourAddress: '127.64.0.32' });
      const doctor = await tetsu(server, 'doctor', '-o', 'json').catch((ended) => ended);
      expect(JSON.parse(doctor.stdout)).toMatchObject({ server: 'boot-0' });
    } finally {
      server.signal('SIGTERM');
    }
    const { code, err } = await server.ended;
    expect([code, err]).toEqual([0, expect.not.stringContaining('Error:')]);
  });

  it('without the library beside it says so, and answers relays', async () => {
    await rm(join(folder, `koffi-${process.platform}-${process.arch}.node`));
    const more = 'dhcp: { relay-networks: [127.64.0.0/16], interfaces: [lo] }';
    const server = await serving(more);
    try {
      await must(server, '/api/v1/config/ipam', JSON.stringify(ipam));
      await must(server, '/api/v1/config/dhcp', '{"lease-minutes": 60}');
      const { listening, missing } = await dhcpOf(server);
      expect(missing).toEqual([expect.stringContaining('there is no native library')]);
      expect(server.log()).toContain('machines on direct links get no answer; relays do');
      expect(await offered(listening[0]?.port ?? 0)).toMatchObject({ yourAddress: '127.64.0.32' });
    } finally {
      server.signal('SIGTERM');
    }
    expect((await server.ended).code).toBe(0);
  });
});
