/** TFTP reads beside tftpd-hpa, in one run and with the same client. */

import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Row } from './row.ts';
import { startBenchServer } from './server.ts';

const peerPort = 18_169;
/** The loader that both serve. */
const file = 'ipxe.efi';
const bytes = 1_000_000;

export async function run(): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tetsukan-bench-tftp-'));
  mkdirSync(join(folder, 'loaders'));
  for (const name of [file, 'snponly.efi', 'undionly.kpxe']) {
    writeFileSync(join(folder, 'loaders', name), Buffer.alloc(bytes, name));
  }
  const server = await startBenchServer(folder, { tftpRoot: join(folder, 'loaders') });
  const peer = startPeer(join(folder, 'loaders'));
  const rows: Row[] = [];
  try {
    await new Promise((settled) => setTimeout(settled, 300));
    for (const [clients, windowSize, reads] of [
      [1, 1, 60],
      [1, 16, 60],
      [50, 1, 200],
      [200, 1, 400],
    ] as const) {
      const ours = await measure(server.tftpPort, clients, windowSize, reads);
      const theirs = await measure(peerPort, clients, windowSize, reads);
      rows.push({
        what: `${clients} client${clients > 1 ? 's' : ''}, window ${windowSize}, 1 MB each`,
        figure: `${ours.toFixed(0)} MB/s, tftpd-hpa ${theirs.toFixed(0)} MB/s, ratio ${(ours / theirs).toFixed(2)}`,
        target: 'ratio ≥ 1.0',
      });
    }
  } finally {
    peer.kill('SIGTERM');
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return rows;
}

function startPeer(root: string): ChildProcess {
  const args = [
    '--foreground',
    '--address',
    `127.0.0.1:${peerPort}`,
    '--secure',
    '--user',
    'root',
    root,
  ];
  return spawn('/usr/sbin/in.tftpd', args, { stdio: 'ignore' });
}

/** Megabytes per second over all reads. */
async function measure(
  port: number,
  clients: number,
  windowSize: number,
  reads: number,
): Promise<number> {
  let left = reads;
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (left > 0) {
        left -= 1;
        await read(port, windowSize);
      }
    }),
  );
  return (reads * bytes) / 1e6 / ((performance.now() - startedAt) / 1000);
}

/** One whole read; checks the length. Fails after ten seconds without a packet. */
function read(port: number, windowSize: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({
      type: 'udp4',
      recvBufferSize: 1 << 20,
      lookup: (host, _, answer) => answer(null, host, 4),
    });
    const options = [
      'blksize',
      '1468',
      ...(windowSize > 1 ? ['windowsize', String(windowSize)] : []),
    ];
    const request = Buffer.from(`\0\x01${[file, 'octet', ...options].join('\0')}\0`, 'latin1');
    const acknowledgement = Buffer.from([0, 4, 0, 0]);
    let expected = 1;
    let received = 0;
    let sinceAck = 0;
    // A server that leaves windowsize out of its OACK sends one block at a time (RFC 7440).
    let granted = 1;
    const timer = setTimeout(() => reject(new Error('no packet for ten seconds')), 10_000);
    const acknowledge = (block: number, to: number): void => {
      acknowledgement.writeUInt16BE(block & 0xffff, 2);
      socket.send(Buffer.from(acknowledgement), to, '127.0.0.1');
      sinceAck = 0;
      timer.refresh();
    };
    socket.on('message', (packet, from) => {
      const opcode = packet[1];
      if (opcode === 5) reject(new Error(`TFTP error: ${packet.subarray(4).toString()}`));
      if (opcode === 6) {
        granted = Number(/windowsize\0(\d+)/i.exec(packet.toString('latin1'))?.[1] ?? 1);
        acknowledge(0, from.port);
      }
      if (opcode !== 3) return;
      if (packet.readUInt16BE(2) !== (expected & 0xffff)) {
        acknowledge(expected - 1, from.port);
        return;
      }
      received += packet.length - 4;
      sinceAck += 1;
      expected += 1;
      const isLast = packet.length - 4 < 1468;
      if (isLast || sinceAck >= granted) acknowledge(expected - 1, from.port);
      if (!isLast) return;
      clearTimeout(timer);
      socket.close();
      if (received === bytes) resolve();
      else reject(new Error(`${received} bytes instead of ${bytes}`));
    });
    socket.bind(0, '127.0.0.1', () => socket.send(request, port, '127.0.0.1'));
  });
}
