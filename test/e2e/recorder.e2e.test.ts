/** A capture as Wireshark reads it. Needs `tshark`; without it the tests are skipped, and say so. */

import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { optionCodes } from '../../src/pxe/dhcp/options.ts';
import { type DhcpPacket, encodeDhcp } from '../../src/pxe/dhcp/packet.ts';
import { captureOf } from '../../src/pxe/recorder/capture.ts';
import { encodePcapng } from '../../src/pxe/recorder/pcapng.ts';
import { createRecorder } from '../../src/pxe/recorder/recorder.ts';
import {
  aDhcpSighting,
  anHttpSighting,
  aTftpSighting,
  later,
  macOf,
} from '../support/sightings.ts';

const run = promisify(execFile);
const hasTshark = spawnSync('tshark', ['--version']).status === 0;
const title = hasTshark
  ? 'a capture of the flight recorder'
  : 'a capture of the flight recorder (skipped: tshark is not installed; npm run setup installs it)';

const mac = macOf('52:54:00:00:00:01');
const message = (op: DhcpPacket['op'], type: number): Uint8Array =>
  encodeDhcp({
    op,
    hardwareType: 1,
    hardwareAddress: Uint8Array.of(0x52, 0x54, 0, 0, 0, 1),
    hops: 0,
    xid: 0x1234,
    secs: 0,
    broadcast: true,
    clientAddress: 0 as DhcpPacket['clientAddress'],
    yourAddress: 0x0a450028 as DhcpPacket['yourAddress'],
    nextServer: 0 as DhcpPacket['nextServer'],
    relayAddress: 0 as DhcpPacket['relayAddress'],
    serverName: '',
    file: '',
    options: new Map([[optionCodes.messageType, Uint8Array.of(type)]]),
  });

const endpoint = (address: string, port: number) => ({ address, port });
const dhcp = (at: number, asks: number, answers: number, answer: 'offer' | 'ack') =>
  aDhcpSighting({
    mac,
    at: later(at),
    answer,
    received: {
      from: endpoint('0.0.0.0', 68),
      to: endpoint('255.255.255.255', 67),
      payload: message('request', asks),
    },
    sent: {
      from: endpoint('10.69.0.3', 67),
      to: endpoint('255.255.255.255', 68),
      payload: message('reply', answers),
    },
  });

const boot = [
  dhcp(0, 1, 2, 'offer'),
  dhcp(10, 3, 5, 'ack'),
  aTftpSighting({ at: later(20) }),
  aTftpSighting({ at: later(120), kind: 'completed', bytes: 30_000, durationMs: 100 }),
  aTftpSighting({ at: later(125), kind: 'not-found', file: 'autoexec.ipxe', text: 'no such file' }),
  anHttpSighting({
    at: later(200),
    kind: 'script',
    path: '/api/v1/boot/coreos/ipxe/s-1',
    bodyBytes: 321,
    requestId: 'r-script',
  }),
  anHttpSighting({ at: later(201), phase: 'ended', requestId: 'r-script', sentBytes: 321 }),
  anHttpSighting({ at: later(300), bodyBytes: 9_000_000, requestId: 'r-kernel' }),
  anHttpSighting({ at: later(900), phase: 'ended', requestId: 'r-kernel', sentBytes: 9_000_000 }),
  anHttpSighting({ at: later(950), kind: 'initrd', status: 404, requestId: 'r-initrd' }),
];

describe.skipIf(!hasTshark)(title, () => {
  let folder: string;
  let file: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tetsukan-capture-'));
    file = join(folder, 'boot.pcapng');
    const recorder = createRecorder({ macAt: () => mac });
    for (const one of boot) recorder.note(one);
    const frames = captureOf(mac, recorder.of(mac), endpoint('10.69.0.3', 10_080));
    await writeFile(file, encodePcapng(frames, 'boot-0'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const fields = async (
    filter: string,
    ...names: readonly string[]
  ): Promise<readonly string[]> => {
    const checks = ['ip', 'udp', 'tcp'].flatMap((one) => ['-o', `${one}.check_checksum:TRUE`]);
    const { stdout } = await run('tshark', [
      ...['-r', file, ...checks, '-d', 'tcp.port==10080,http', '-Y', filter, '-T', 'fields'],
      ...names.flatMap((name) => ['-e', name]),
    ]);
    return stdout
      .trim()
      .split('\n')
      .filter((line) => line !== '');
  };

  it('decodes DHCP with its message types, from the hardware address of the machine', async () => {
    expect(await fields('dhcp', 'dhcp.option.dhcp', 'eth.src')).toEqual([
      '1\t52:54:00:00:00:01',
      '2\t02:00:0a:45:00:03',
      '3\t52:54:00:00:00:01',
      '5\t02:00:0a:45:00:03',
    ]);
  });

  it('decodes TFTP: request, options, the last block and its acknowledgement, an error', async () => {
    const told = await fields('tftp', 'tftp.opcode', 'tftp.source_file', 'tftp.error.code');
    expect(told).toEqual(
      ['1\tsnponly.efi\t', '6\t\t', '3\t\t', '4\t\t', '1\tautoexec.ipxe\t', '5\t\t1'].map(
        (line) => line,
      ),
    );
  });

  it('decodes HTTP: each request, and the status of its answer', async () => {
    expect(await fields('http.request', 'http.request.uri', 'http.user_agent')).toEqual([
      '/api/v1/boot/coreos/ipxe/s-1\tiPXE/1.21.1',
      '/api/v1/boot/coreos/images/1/kernel\tiPXE/1.21.1',
      '/api/v1/boot/coreos/images/1/kernel\tiPXE/1.21.1',
    ]);
    expect(await fields('http.response', 'http.response.code', 'http.content_length')).toEqual([
      '200\t321',
      '200\t9000000',
      '404\t0',
    ]);
  });

  it('finds no checksum wrong, and the times as they were', async () => {
    const wrong = 'ip.checksum.status==0 || udp.checksum.status==0 || tcp.checksum.status==0';
    expect(await fields(wrong, 'frame.number')).toEqual([]);
    expect(await fields('_ws.malformed', 'frame.number')).toEqual([]);
    const [first] = await fields('frame.number==1', 'frame.time_epoch');
    expect(first).toMatch(/^1795240800\.000000/);
  });

  it('says in comments what was decided', async () => {
    expect(await fields('dhcp.option.dhcp==2', 'frame.comment')).toEqual(['offer: a free address']);
  });
});
