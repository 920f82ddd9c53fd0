import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { libcFunction } from '../../src/base/io/native.ts';
import { createNet } from '../../src/base/io/udp.ts';
import type { Datagram, UdpSocket } from '../../src/base/world.ts';

const client: Socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
const open: UdpSocket[] = [];
const troubles: string[] = [];

beforeAll(async () => {
  client.bind(0, '127.0.0.1');
  await once(client, 'listening');
});

afterEach(() => {
  client.removeAllListeners('message');
  troubles.splice(0);
  for (const socket of open.splice(0)) socket.close();
});

afterAll(() => client.close());

async function listen(
  onDatagram: (datagram: Datagram) => void,
  more: { readonly broadcast?: boolean; readonly port?: number; readonly batches?: boolean } = {},
): Promise<UdpSocket> {
  const opened = await createNet().openUdp({
    ...{ address: '127.0.0.1', port: 0, batches: true, ...more, onDatagram },
    onError: ({ message }) => troubles.push(message),
  });
  if (!opened.ok) throw new Error(opened.error.text);
  open.push(opened.value);
  return opened.value;
}

const say = (text: string | Buffer, to: UdpSocket) => client.send(text, to.local.port, '127.0.0.1');
const clientAt = () => ({ address: '127.0.0.1', port: client.address().port });

/** The next answers that the client gets. */
function answers(count: number): Promise<readonly string[]> {
  const texts: string[] = [];
  return new Promise((resolve) => {
    client.on('message', (message) => {
      texts.push(String(message));
      if (texts.length === count) resolve(texts);
    });
  });
}

function openSockets(): readonly number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => readlinkOf(fd).startsWith('socket:'));
}

/** Empty where it was closed meanwhile, as the listing's own. */
function readlinkOf(fd: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

function libcCalls(...signatures: readonly string[]) {
  return signatures.map((signature) => {
    const call = libcFunction(signature);
    if (!call.ok) throw new Error(call.error);
    return call.value;
  });
}

/** `struct sockaddr_in`. */
function addressOf(port: number, octets: readonly number[]): Buffer {
  const address = Buffer.alloc(16);
  address.writeUInt16LE(2, 0);
  address.writeUInt16BE(port, 2);
  address.set(octets, 4);
  return address;
}

describe('a socket that is read and written in batches', () => {
  it.each([
    ['by itself', true],
    ['by Node, where there is no native library', false],
  ])(
    'hears each datagram with its sender, and sends each answer, in order, %s',
    async (_, batches) => {
      const onDatagram = ({ payload, from }: Datagram): void => {
        expect(from).toEqual(clientAt());
        // As DHCP does: most answers come a moment later.
        void Promise.resolve().then(() => socket.send(Buffer.from(`re ${payload}`), from));
      };
      const socket = await listen(onDatagram, { batches });
      const heard = answers(1_000);
      for (let at = 0; at < 1_000; at += 1) {
        say(String(at), socket);
        if (at % 50 === 0) await new Promise((settled) => setImmediate(settled));
      }
      expect(await heard).toEqual(Array.from({ length: 1_000 }, (_, at) => `re ${at}`));
    },
  );

  it('what is heard stays what it was', async () => {
    const kept: Uint8Array[] = [];
    const socket = await listen(({ payload, from }) => {
      kept.push(payload);
      socket.send(payload, from);
    });
    const heard = answers(300);
    for (let at = 0; at < 300; at += 1) say(`kept ${at}`, socket);
    await heard;
    expect(kept.map((payload) => Buffer.from(payload).toString())).toEqual(
      Array.from({ length: 300 }, (_, at) => `kept ${at}`),
    );
  });

  it('one that cannot be sent is told of, and holds up no other', async () => {
    const socket = await listen(() => {});
    const heard = answers(40);
    for (let at = 0; at < 40; at += 1) {
      // A broadcast from a socket that may not.
      if (at % 10 === 5) socket.send(Buffer.from('x'), { address: '255.255.255.255', port: 68 });
      socket.send(Buffer.from(String(at)), clientAt());
    }
    expect(await heard).toEqual(Array.from({ length: 40 }, (_, at) => String(at)));
    expect(troubles).toEqual(
      Array.from({ length: 4 }, () => 'a datagram to 255.255.255.255:68 was not taken: EACCES'),
    );
  });

  it('one that is too long is not sent, and one that is too many neither', async () => {
    const socket = await listen(() => {});
    socket.send(Buffer.alloc(2_049), clientAt());
    expect(troubles).toEqual([
      `a datagram to 127.0.0.1:${clientAt().port} is not sent: it has 2049 bytes`,
    ]);
    const nobody = { address: '127.0.0.2', port: 9 };
    for (let at = 0; at <= 8_192; at += 1) socket.send(Buffer.from('x'), nobody);
    expect(troubles[1]).toContain('is not sent: too many wait');
    expect(troubles).toHaveLength(2);
  });

  it('a datagram is heard whole up to 2,048 bytes, and cut beyond', async () => {
    const lengths: number[] = [];
    const done = Promise.withResolvers<void>();
    const socket = await listen(({ payload }) => {
      lengths.push(payload.length);
      if (lengths.length === 5) done.resolve();
    });
    for (const length of [0, 1, 2_048, 2_049, 9_000]) say(Buffer.alloc(length), socket);
    await done.promise;
    expect(lengths).toEqual([0, 1, 2_048, 2_048, 2_048]);
  });

  it('sends what was said before it was closed, and hears and says nothing after', async () => {
    let count = 0;
    const socket = await listen(() => {
      count += 1;
    });
    const heard = answers(20);
    for (let at = 0; at < 20; at += 1) socket.send(Buffer.from(String(at)), clientAt());
    socket.close();
    socket.close();
    socket.send(Buffer.from('late'), clientAt());
    say('late', socket);
    const other = await listen(({ from }) => other.send(Buffer.from('alive'), from));
    expect(await heard).toHaveLength(20);
    const alive = answers(1);
    say('?', other);
    expect(await alive).toEqual(['alive']);
    expect(count).toBe(0);
  });

  it.each([
    ['at once', 0],
    ['while a thread sends the first of them', 1],
  ])('sends all that was said, however much, when it is closed %s', async (_, turns) => {
    const socket = await listen(() => {});
    const heard = answers(400);
    for (let at = 0; at < 400; at += 1) socket.send(Buffer.from(String(at)), clientAt());
    for (let turn = 0; turn < turns; turn += 1) await new Promise((next) => setImmediate(next));
    socket.close();
    expect(new Set(await heard).size).toBe(400);
  });

  it('has room for what waits until silent hosts answer to ARP', async () => {
    const before = new Set(openSockets());
    await listen(() => {});
    const [fd = -1] = openSockets().filter((one) => !before.has(one));
    const [getsockopt] = libcCalls('int getsockopt(int, int, int, void *, void *)');
    const room = (of: number): number => {
      const [value, length] = [Buffer.alloc(4), Buffer.from([4, 0, 0, 0])];
      expect(getsockopt?.(of, 1, 7, value, length)).toBe(0);
      return value.readInt32LE(0);
    };
    expect(room(fd)).toBeGreaterThan(client.getSendBufferSize());
  });

  it('descriptors are used again at once, while threads still send from some of them', async () => {
    const before = openSockets().length;
    for (let round = 0; round < 60; round += 1) {
      const socket = await listen(({ payload, from }) => {
        for (let at = 0; at < 20; at += 1) socket.send(payload, from);
      });
      const heard = answers(20);
      say(`round ${round}`, socket);
      expect(new Set(await heard)).toEqual(new Set([`round ${round}`]));
      client.removeAllListeners('message');
      for (let at = 0; at < 30; at += 1) {
        socket.send(Buffer.from('last'), { address: '127.0.0.2', port: 9 });
      }
      if (round % 2 === 0) await new Promise((next) => setImmediate(next));
      socket.close();
    }
    await expect.poll(() => openSockets().length).toBe(before);
    expect(troubles).toEqual([]);
  });

  it('goes on after an error of the socket', async () => {
    const before = new Set(openSockets());
    const socket = await listen(({ from }) => socket.send(Buffer.from('still here'), from));
    const [fd = -1] = openSockets().filter((one) => !before.has(one));
    const [connect, send] = libcCalls(
      'int connect(int, void *, uint32)',
      'long send(int, void *, size_t, int)',
    );
    // What is sent to a port that nobody has comes back as an error where the socket is connected.
    expect(connect?.(fd, addressOf(9, [127, 0, 0, 2]), 16)).toBe(0);
    send?.(fd, Buffer.from('x'), 1, 0);
    await new Promise((settled) => setImmediate(settled));
    await new Promise((settled) => setImmediate(settled));
    expect(connect?.(fd, addressOf(clientAt().port, [127, 0, 0, 1]), 16)).toBe(0);
    const heard = answers(1);
    say('?', socket);
    expect(await heard).toEqual(['still here']);
  });

  it('a port that another has is told of', async () => {
    const first = await listen(() => {});
    const second = await createNet().openUdp({
      ...{ address: '127.0.0.1', port: first.local.port, batches: true },
      ...{ onDatagram: () => {}, onError: () => {} },
    });
    expect(second.ok ? undefined : second.error.kind).toBe('port-taken');
  });
});
