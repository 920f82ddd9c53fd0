/** The TFTP server on real sockets, read by clients that others wrote. */

import { execFile, execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/io/system-clock.ts';
import { createNet } from '../../src/base/io/udp.ts';
import { decodeTftp, encodeTftp } from '../../src/pxe/tftp/packet.ts';
import {
  createTftpResponder,
  defaultTftpLimits,
  type TftpResponder,
} from '../../src/pxe/tftp/responder.ts';
import { freePorts } from '../support/ports.ts';
import { silentLog } from '../support/silent-log.ts';

const address = '127.0.0.1';
const files = new Map<string, Uint8Array>([
  ['ipxe.efi', randomBytes(1_000_003)],
  ['multiple', randomBytes(512 * 64)],
  ['empty', new Uint8Array()],
  // 512-octet blocks roll over twice.
  ['large', randomBytes(70_000_000)],
]);
const folder = mkdtempSync(join(tmpdir(), 'tftp-'));
let responder: TftpResponder;
let port = 0;

beforeAll(async () => {
  // The server wants to be told one.
  [port = 0] = await freePorts(1);
  responder = createTftpResponder({
    world: { clock: systemClock, net: createNet(), log: silentLog },
    files,
    settings: { addresses: [address], port, limits: defaultTftpLimits },
  });
  expect(await responder.start()).toEqual([]);
});

afterAll(() => {
  responder.stop();
  rmSync(folder, { recursive: true });
});

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const hashOf = (name: string) => hash(files.get(name) ?? new Uint8Array());

type NpmClient = {
  createClient: (options: object) => {
    get: (name: string, path: string, done: (error: Error | null) => void) => void;
  };
};

/** The npm package `tftp`, as a client. */
function getWithNpm(name: string, options: object): Promise<string> {
  const { createClient } = createRequire(import.meta.url)('tftp') as NpmClient;
  const path = join(folder, `npm-${name}`);
  return new Promise((done, reject) => {
    createClient({ host: address, port, ...options }).get(name, path, (error) => {
      if (error) reject(error);
      else done(hash(readFileSync(path)));
    });
  });
}

async function getWithBusybox(name: string, blockSize: number): Promise<string> {
  const path = join(folder, `busybox-${name}-${blockSize}`);
  const args = ['tftp', '-g', '-b', `${blockSize}`, '-r', name, '-l', path, address, `${port}`];
  await promisify(execFile)('busybox', args);
  return hash(readFileSync(path));
}

const hasBusybox = (() => {
  try {
    return execFileSync('busybox', ['--list'], { encoding: 'utf8' }).split('\n').includes('tftp');
  } catch {
    return false;
  }
})();

describe('TFTP on real sockets', () => {
  it.each([
    ['ipxe.efi', { windowSize: 1, blockSize: 1468 }],
    ['ipxe.efi', { windowSize: 4, blockSize: 1468 }],
    ['ipxe.efi', { windowSize: 64, blockSize: 1468 }],
    ['multiple', { windowSize: 1, blockSize: 512 }],
    ['multiple', { windowSize: 16, blockSize: 512 }],
    ['large', { windowSize: 64, blockSize: 512 }],
  ])('the npm client reads %s with %j', async (name, options) => {
    expect(await getWithNpm(name, options)).toBe(hashOf(name));
  });

  it.runIf(hasBusybox).each([
    ['ipxe.efi', 512],
    ['ipxe.efi', 1468],
    ['multiple', 512],
    ['empty', 1432],
    ['large', 1468],
  ])('busybox reads %s in blocks of %i', async (name, blockSize) => {
    expect(await getWithBusybox(name, blockSize)).toBe(hashOf(name));
  });

  it.runIf(existsSync('/usr/bin/curl'))('curl reads ipxe.efi', async () => {
    const path = join(folder, 'curl');
    const url = `tftp://${address}:${port}/ipxe.efi`;
    await promisify(execFile)('curl', ['-sS', '-m', '240', '-o', path, url]);
    expect(hash(readFileSync(path))).toBe(hashOf('ipxe.efi'));
  });

  it('packets of 0, 1 and 3 octets to the request port and to a transfer end nothing', async () => {
    const client = createSocket('udp4');
    const heard: { port: number; payload: Buffer }[] = [];
    client.on('message', (payload, from) => heard.push({ port: from.port, payload }));
    await new Promise<void>((done) => client.bind(0, address, done));
    const send = (payload: Uint8Array, to: number) => client.send(payload, to, address);
    const tiny = [new Uint8Array(), Uint8Array.of(0), Uint8Array.of(0, 4, 0)];
    for (const packet of tiny) send(packet, port);
    send(encodeTftp({ kind: 'read', file: 'multiple', mode: 'octet', options: [] }), port);
    // A block comes again where its acknowledgement is late.
    const hasHeard = (block: number) =>
      heard.some(({ payload }) => {
        const packet = decodeTftp(payload);
        return packet.ok && packet.value.kind === 'data' && packet.value.block === block;
      });
    await until(() => hasHeard(1), 'the first block');
    const from = heard[0]?.port ?? 0;
    for (const packet of tiny) send(packet, from);
    send(encodeTftp({ kind: 'ack', block: 1 }), from);
    await until(() => hasHeard(2), 'the second block');
    send(encodeTftp({ kind: 'error', code: 0, text: 'enough' }), from);
    await until(() => responder.transfers() === 0, 'the end of the transfer');
    client.close();
  });

  it('two hundred clients at once, among five hundred that went away, all get the whole file', async () => {
    const request = encodeTftp({ kind: 'read', file: 'ipxe.efi', mode: 'octet', options: [] });
    const gone: Socket[] = [];
    for (let n = 0; n < 500; n += 1) {
      const socket = createSocket('udp4');
      socket.on('error', () => {});
      socket.send(request, port, address);
      gone.push(socket);
    }
    const outcomes = await Promise.all(Array.from({ length: 200 }, () => readWhole('ipxe.efi')));
    expect(new Set(outcomes)).toEqual(new Set([hashOf('ipxe.efi')]));
    for (const socket of gone) socket.close();
  });
});

/** A small client of our own, since 200 processes are too many. */
function readWhole(name: string): Promise<string> {
  return new Promise((done) => {
    const socket = createSocket('udp4');
    const digest = createHash('sha256');
    const options = [
      ['blksize', '1468'],
      ['windowsize', '8'],
    ] as const;
    const request = encodeTftp({ kind: 'read', file: name, mode: 'octet', options });
    let [next, sinceAck] = [1, 0];
    const again = setInterval(() => next === 1 && socket.send(request, port, address), 2_000);
    socket.on('message', (payload, from) => {
      const packet = decodeTftp(payload);
      const ack = (block: number) =>
        socket.send(encodeTftp({ kind: 'ack', block: block & 0xffff }), from.port, from.address);
      if (!packet.ok) return;
      if (packet.value.kind === 'options-ack') ack(0);
      if (packet.value.kind !== 'data') return;
      const { block, data } = packet.value;
      if (block !== (next & 0xffff)) {
        ack(next - 1);
        return;
      }
      digest.update(data);
      next += 1;
      sinceAck += 1;
      const isLast = data.length < 1468;
      if (isLast || sinceAck === 8) {
        sinceAck = 0;
        ack(block);
      }
      if (!isLast) return;
      clearInterval(again);
      socket.close();
      done(digest.digest('hex'));
    });
    socket.send(request, port, address);
  });
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error(`waited 120 s for ${what}`);
    await new Promise((settled) => setTimeout(settled, 10));
  }
}
