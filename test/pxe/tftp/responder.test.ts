import { describe, expect, it } from 'vitest';
import type { Datagram, Endpoint, UdpSocket } from '../../../src/base/world.ts';
import type { TftpSighting } from '../../../src/pxe/sightings.ts';
import { decodeTftp, encodeTftp, type TftpPacket } from '../../../src/pxe/tftp/packet.ts';
import {
  createTftpResponder,
  defaultTftpLimits,
  type TftpResponder,
} from '../../../src/pxe/tftp/responder.ts';
import type { TransferLimits } from '../../../src/pxe/tftp/transfers.ts';
import { nextTurn } from '../../../src/sim/io/turn.ts';
import { createLife } from '../../../src/sim/life.ts';
import type { Weather } from '../../../src/sim/network.ts';
import { readByTftp } from '../../../src/sim/tftp-client.ts';
import { createSimWorld, type SimWorld } from '../../../src/sim/world.ts';

const server: Endpoint = { address: '10.0.0.1', port: 69 };

function patterned(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8)) & 0xff);
}

const loader = patterned(100_000);
const files = new Map<string, Uint8Array>([
  ['ipxe.efi', loader],
  ['empty', new Uint8Array()],
  ['text', new TextEncoder().encode('a\nb\rc')],
]);

type Lab = {
  readonly sim: SimWorld;
  readonly responder: TftpResponder;
  readonly events: TftpSighting[];
  readonly replace: (name: string, content: Uint8Array) => void;
  /** A socket on a host of its own, and what it heard. */
  readonly client: (
    address: string,
  ) => Promise<{ readonly socket: UdpSocket; readonly heard: Datagram[] }>;
};

async function aLab(weather?: Weather, limits: Partial<TransferLimits> = {}): Promise<Lab> {
  const sim = createSimWorld({
    seed: 'tftp',
    startMs: 0,
    turn: nextTurn,
    ...(weather === undefined ? {} : { weather }),
  });
  const own = new Map(files);
  const events: TftpSighting[] = [];
  const responder = createTftpResponder({
    world: sim.worldOf(aHost('server', server.address)),
    files: own,
    settings: {
      addresses: [server.address],
      port: server.port,
      limits: { ...defaultTftpLimits, ...limits },
    },
    tell: (event) => {
      if (event.by === 'tftp') events.push(event);
    },
  });
  expect(await responder.start()).toEqual([]);
  const client: Lab['client'] = async (address) => {
    const heard: Datagram[] = [];
    const opened = await sim.worldOf(aHost(address, address)).net.openUdp({
      address,
      port: 0,
      onDatagram: (datagram) => heard.push(datagram),
      onError: () => {},
    });
    if (!opened.ok) throw new Error(opened.error.text);
    return { socket: opened.value, heard };
  };
  const replace = (name: string, content: Uint8Array) => void own.set(name, content);
  return { sim, responder, events, client, replace };
}

function aHost(name: string, address: string) {
  return {
    name,
    interfaces: [
      {
        name: 'eth0',
        mac: '52:54:00:00:00:01',
        link: 'lan',
        ipv4: [{ address, prefixLength: 24 }],
      },
    ],
    isUp: () => true,
    address: () => address,
  };
}

function read(file: string, over: Partial<Extract<TftpPacket, { kind: 'read' }>> = {}): Uint8Array {
  return encodeTftp({ kind: 'read', file, mode: 'octet', options: [], ...over });
}

function said(datagrams: readonly Datagram[]): string[] {
  return datagrams.map(({ payload }) => {
    const packet = decodeTftp(payload);
    if (!packet.ok) return packet.error;
    switch (packet.value.kind) {
      case 'data':
        return `data ${packet.value.block} (${packet.value.data.length})`;
      case 'error':
        return `error ${packet.value.code}`;
      case 'options-ack':
        return `oack ${packet.value.options.map((pair) => pair.join('=')).join(' ')}`;
      default:
        return packet.value.kind;
    }
  });
}

async function download(lab: Lab, file: string, options: readonly (readonly [string, string])[]) {
  const world = lab.sim.worldOf(aHost('client', '10.0.0.9'));
  const done = readByTftp(
    { ...world, life: createLife(lab.sim.clock), address: '10.0.0.9' },
    { server, file, options, sizeOnly: false },
  );
  let outcome: Awaited<typeof done> | undefined;
  void done.then((value) => {
    outcome = value;
  });
  for (let second = 1; outcome === undefined && second < 600; second += 1) {
    await lab.sim.clock.runUntil(lab.sim.clock.elapsedMs() + 1_000);
  }
  return outcome;
}

describe('TFTP downloads', () => {
  it.each([
    ['plain', []],
    [
      'blksize=1432 tsize=0',
      [
        ['blksize', '1432'],
        ['tsize', '0'],
      ],
    ],
    [
      'blksize=1468 windowsize=16',
      [
        ['blksize', '1468'],
        ['windowsize', '16'],
      ],
    ],
    ['windowsize=64', [['windowsize', '64']]],
  ] as const)('%s: content is exact', async (_, options) => {
    const lab = await aLab();
    const outcome = await download(lab, 'ipxe.efi', options);
    expect(outcome?.ok && outcome.value.bytes).toEqual(loader);
    await lab.sim.clock.runUntil(lab.sim.clock.elapsedMs() + 10);
    expect(lab.responder.transfers()).toBe(0);
    expect(lab.events).toMatchObject([
      { kind: 'started', bytes: 0 },
      { kind: 'completed', bytes: loader.length, resentBlocks: 0, server },
    ]);
  });

  it.each([1, 16])('window %i: one lost packet in ten leaves content intact', async (window) => {
    const lab = await aLab({ loss: 0.1, delayMs: 0.2, jitterMs: 0.3 });
    const outcome = await download(lab, 'ipxe.efi', [['windowsize', String(window)]]);
    expect(outcome?.ok && outcome.value.bytes).toEqual(loader);
    expect(lab.responder.counters.resent).toBeGreaterThan(0);
  });

  it('an empty file is one empty block', async () => {
    const lab = await aLab();
    const { socket, heard } = await lab.client('10.0.0.2');
    socket.send(read('empty'), server);
    await lab.sim.clock.runUntil(10);
    expect(said(heard)).toEqual(['data 1 (0)']);
  });

  it('RFC 1350 section 5: netascii turns LF into CR LF and CR into CR NUL', async () => {
    const lab = await aLab();
    const { socket, heard } = await lab.client('10.0.0.2');
    socket.send(read('text', { mode: 'NetASCII', options: [['tsize', '0']] }), server);
    await lab.sim.clock.runUntil(10);
    expect([...(heard[0]?.payload ?? [])].slice(4)).toEqual([97, 13, 10, 98, 13, 0, 99]);
  });

  it('a file replaced during a read stays as it was for that read', async () => {
    const lab = await aLab();
    const { socket, heard } = await lab.client('10.0.0.2');
    socket.send(read('/ipxe.efi'), server);
    await lab.sim.clock.runUntil(5);
    lab.replace('ipxe.efi', new Uint8Array(10));
    const from = heard[0]?.from ?? server;
    socket.send(encodeTftp({ kind: 'ack', block: 1 }), from);
    await lab.sim.clock.runUntil(10);
    expect(heard[1]?.payload.subarray(4)).toEqual(loader.subarray(512, 1024));
  });
});

describe('TFTP requests that get no file', () => {
  const check = (title: string, request: Uint8Array, answer: readonly string[]) =>
    it(title, async () => {
      const lab = await aLab();
      const { socket, heard } = await lab.client('10.0.0.2');
      socket.send(request, server);
      await lab.sim.clock.runUntil(10);
      expect(said(heard)).toEqual(answer);
      expect(lab.responder.transfers()).toBe(0);
    });

  check('a file that is not there is ERROR 1', read('nowhere.efi'), ['error 1']);
  check('autoexec.ipxe is ERROR 1 at once', read('autoexec.ipxe'), ['error 1']);
  check('an unknown mode is ERROR 4', read('ipxe.efi', { mode: 'mail' }), ['error 4']);
  check(
    'writing is ERROR 2',
    encodeTftp({ kind: 'write', file: 'x', mode: 'octet', options: [] }),
    ['error 2'],
  );
  check('a request without its NUL is ERROR 4', Uint8Array.of(0, 1, 65, 66), ['error 4']);
  for (const name of [
    '../etc/passwd',
    '/../etc/passwd',
    'a/../../etc/passwd',
    '..\\windows',
    '%2e%2e/etc/passwd',
    'ipxe.efi%00',
    'x'.repeat(300),
    'a\nb',
    '$(x)',
  ]) {
    check(`${JSON.stringify(name.slice(0, 30))} is ERROR 2`, read(name), ['error 2']);
  }
  for (const name of [
    '/etc/passwd',
    '//etc/passwd',
    './ipxe',
    '__proto__',
    'constructor',
    '',
    '/',
  ]) {
    check(`${JSON.stringify(name)} is ERROR 1`, read(name), ['error 1']);
  }
  check('0 octets get silence', new Uint8Array(), []);
  check('1 octet gets silence', Uint8Array.of(0), []);
  check('3 octets get silence', Uint8Array.of(0, 1, 0), ['error 4']);
  check('RFC 1350 section 4: an ERROR gets no answer', Uint8Array.of(0, 5, 0, 1, 0), []);
  check('a stray ACK gets ERROR 5', Uint8Array.of(0, 4, 0, 1), ['error 5']);
  check('operation 9 gets silence', Uint8Array.of(0, 9, 0, 1), []);
});

describe('TFTP addresses', () => {
  it('RFC 1123 section 4.2.3.5: a broadcast request gets silence', async () => {
    const lab = await aLab();
    const { socket, heard } = await lab.client('10.0.0.2');
    socket.send(read('ipxe.efi'), { address: '255.255.255.255', port: server.port });
    await lab.sim.clock.runUntil(3_000);
    expect(said(heard)).toEqual([]);
  });

  it('that a host has later are served, and left when they go', async () => {
    const lab = await aLab();
    const addresses = ['10.0.0.21'];
    const responder = createTftpResponder({
      world: lab.sim.worldOf(aHost('moving', '10.0.0.21')),
      files,
      settings: { addresses: () => addresses, port: 69, limits: defaultTftpLimits },
    });
    await responder.start();
    const { socket, heard } = await lab.client('10.0.0.2');
    addresses.splice(0, 1, '10.0.0.22');
    await lab.sim.clock.runUntil(10_000);
    expect(responder.listening().map(({ address }) => address)).toEqual(['10.0.0.22']);
    socket.send(read('ipxe.efi'), { address: '10.0.0.22', port: 69 });
    await lab.sim.clock.runUntil(10_010);
    expect(heard.map(({ from }) => from.address)).toEqual(['10.0.0.22']);
    responder.stop();
  });
});

describe('TFTP transfers and who may move them', () => {
  const tsize: [string, string] = ['tsize', '0'];

  it('RFC 1350 section 4: each transfer has its own port, and strangers get ERROR 5 and move nothing', async () => {
    const lab = await aLab();
    const one = await lab.client('10.0.0.2');
    const two = await lab.client('10.0.0.3');
    one.socket.send(read('ipxe.efi'), server);
    await lab.sim.clock.runUntil(5);
    const from = one.heard[0]?.from ?? server;
    expect(from.address).toBe(server.address);
    expect(from.port).not.toBe(server.port);
    two.socket.send(encodeTftp({ kind: 'ack', block: 1 }), from);
    two.socket.send(encodeTftp({ kind: 'error', code: 0, text: 'stop' }), from);
    await lab.sim.clock.runUntil(10);
    expect(said(two.heard)).toEqual(['error 5']);
    expect(said(one.heard)).toEqual(['data 1 (512)']);
    one.socket.send(encodeTftp({ kind: 'ack', block: 1 }), from);
    await lab.sim.clock.runUntil(15);
    expect(said(one.heard)).toEqual(['data 1 (512)', 'data 2 (512)']);
  });

  it('a client that asks for the size and leaves with ERROR 8 is no fault', async () => {
    const lab = await aLab();
    const { socket, heard } = await lab.client('10.0.0.2');
    socket.send(read('ipxe.efi', { options: [tsize, ['blksize', '1468']] }), server);
    await lab.sim.clock.runUntil(5);
    expect(said(heard)).toEqual(['oack tsize=100000 blksize=1468']);
    const from = heard[0]?.from ?? server;
    socket.send(encodeTftp({ kind: 'error', code: 8, text: 'User aborted' }), from);
    await lab.sim.clock.runUntil(10);
    expect(lab.responder.transfers()).toBe(0);
    expect(lab.responder.counters).toMatchObject({ sizeOnly: 1, abortedByClient: 0 });
    expect(lab.events.map(({ kind }) => kind)).toEqual(['started', 'size-only']);
  });

  it('the same request twice is one transfer', async () => {
    const lab = await aLab();
    const { socket, heard } = await lab.client('10.0.0.2');
    socket.send(read('ipxe.efi'), server);
    socket.send(read('ipxe.efi'), server);
    await lab.sim.clock.runUntil(5);
    socket.send(read('ipxe.efi'), server);
    await lab.sim.clock.runUntil(10);
    expect(said(heard)).toEqual(['data 1 (512)']);
    expect(lab.responder.transfers()).toBe(1);
  });

  it('a copy of the request that comes late does not end a transfer that moves', async () => {
    const lab = await aLab();
    const { socket, heard } = await lab.client('10.0.0.2');
    socket.send(read('ipxe.efi'), server);
    await lab.sim.clock.runUntil(5);
    const from = heard[0]?.from ?? server;
    socket.send(encodeTftp({ kind: 'ack', block: 1 }), from);
    await lab.sim.clock.runUntil(10);
    socket.send(read('ipxe.efi'), server);
    await lab.sim.clock.runUntil(15);
    expect(said(heard)).toEqual(['data 1 (512)', 'data 2 (512)']);
    expect(heard.map((datagram) => datagram.from.port)).toEqual([from.port, from.port]);
    expect(lab.responder.transfers()).toBe(1);
  });

  it('a client that started over from the same port gets a new transfer', async () => {
    const lab = await aLab();
    const { socket, heard } = await lab.client('10.0.0.2');
    socket.send(read('ipxe.efi'), server);
    await lab.sim.clock.runUntil(5);
    socket.send(encodeTftp({ kind: 'ack', block: 1 }), heard[0]?.from ?? server);
    await lab.sim.clock.runUntil(1_500);
    socket.send(read('ipxe.efi'), server);
    await lab.sim.clock.runUntil(1_505);
    expect(said(heard).at(-1)).toBe('data 1 (512)');
    expect(lab.responder.transfers()).toBe(1);
  });

  it('repeated ACKs do not put off the timer', async () => {
    const lab = await aLab();
    const { socket, heard } = await lab.client('10.0.0.2');
    socket.send(read('ipxe.efi'), server);
    await lab.sim.clock.runUntil(5);
    const from = heard[0]?.from ?? server;
    for (let ms = 100; ms <= 1_000; ms += 100) {
      await lab.sim.clock.runUntil(ms);
      socket.send(encodeTftp({ kind: 'ack', block: 0 }), from);
    }
    await lab.sim.clock.runUntil(1_010);
    expect(said(heard)).toEqual(['data 1 (512)', 'data 1 (512)']);
  });

  it('an abandoned transfer is dropped, and its port with it', async () => {
    const lab = await aLab();
    const { socket } = await lab.client('10.0.0.2');
    socket.send(read('ipxe.efi'), server);
    await lab.sim.clock.runUntil(60_000);
    expect(lab.responder.transfers()).toBe(0);
    expect(lab.responder.counters.givenUp).toBe(1);
  });

  it('a request over the limits is told so and counted', async () => {
    const lab = await aLab(undefined, { transfersMax: 3, transfersPerAddressMax: 2 });
    const heard: Datagram[][] = [];
    for (const address of ['10.0.0.2', '10.0.0.2', '10.0.0.2', '10.0.0.3', '10.0.0.4']) {
      const client = await lab.client(address);
      heard.push(client.heard);
      client.socket.send(read('ipxe.efi'), server);
      await lab.sim.clock.runUntil(lab.sim.clock.elapsedMs() + 5);
    }
    expect(heard.map((datagrams) => said(datagrams)[0])).toEqual([
      'data 1 (512)',
      'data 1 (512)',
      'error 0',
      'data 1 (512)',
      'error 0',
    ]);
    expect(lab.responder.counters.overLimit).toBe(2);
  });

  it('20,000 hostile packets leave a server that serves', async () => {
    const lab = await aLab();
    const { socket } = await lab.client('10.0.0.66');
    const { chance } = lab.sim;
    for (let n = 0; n < 20_000; n += 1) {
      const bytes = Uint8Array.from({ length: Math.floor(chance.next() * 40) }, () =>
        Math.floor(chance.next() * 256),
      );
      if (bytes.length > 1) bytes.set([0, Math.floor(chance.next() * 8)]);
      socket.send(bytes, server);
    }
    await lab.sim.clock.runUntil(100);
    const outcome = await download(lab, 'ipxe.efi', []);
    expect(outcome?.ok && outcome.value.bytes).toEqual(loader);
  });
});
