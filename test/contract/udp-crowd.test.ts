import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createNet } from '../../src/base/io/udp.ts';
import type { Datagram, UdpOptions, UdpSocket } from '../../src/base/world.ts';

const client: Socket = createSocket('udp4');
const open: UdpSocket[] = [];

afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});

async function listen(
  onDatagram: (datagram: Datagram) => void,
  more: Partial<UdpOptions> = {},
): Promise<UdpSocket> {
  const options = { address: '127.0.0.1', port: 0, frames: true, onError: () => {}, ...more };
  const opened = await createNet().openUdp({ ...options, onDatagram });
  if (!opened.ok) throw new Error(opened.error.text);
  open.push(opened.value);
  return opened.value;
}

const say = (text: string, to: UdpSocket) => client.send(text, to.local.port, '127.0.0.1');

/** Of the timers this process waits with: what each says of its interval. */
const intervals = (): string[] =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      if (!readlinkSync(`/proc/self/fd/${fd}`).includes('timerfd')) return [];
      return /it_interval: .*/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')) ?? [];
    } catch {
      // The one that listed them.
      return [];
    }
  });

describe('sockets that are read together', () => {
  it('each hear what was sent to them, with its sender, in order', async () => {
    client.bind(0, '127.0.0.1');
    await once(client, 'listening');
    const heard: string[][] = Array.from({ length: 50 }, () => []);
    let left = 50 * 40;
    await new Promise<void>((resolve) => {
      void (async () => {
        const sockets = await Promise.all(
          heard.map((texts) =>
            listen(({ payload, from }) => {
              expect(from).toEqual({ address: '127.0.0.1', port: client.address().port });
              texts.push(Buffer.from(payload).toString());
              left -= 1;
              if (left === 0) resolve();
            }),
          ),
        );
        for (let at = 0; at < 40; at += 1) {
          for (const [index, socket] of sockets.entries()) say(`${index}.${at}`, socket);
        }
      })();
    });
    expect(heard).toEqual(
      heard.map((_, index) => Array.from({ length: 40 }, (_none, at) => `${index}.${at}`)),
    );
  });

  it('answer again and again, after a pause, too', async () => {
    const echo = await listen(({ payload, from }) => echo.send(Buffer.from(payload), from));
    for (const pauseMs of [0, 0, 5, 50, 700]) {
      await new Promise((settled) => setTimeout(settled, pauseMs));
      const answer = once(client, 'message');
      say(`after ${pauseMs}`, echo);
      expect(String((await answer)[0])).toBe(`after ${pauseMs}`);
    }
  });

  it('hear nothing once they are closed, also by one that was read with them', async () => {
    const heard: string[] = [];
    const second = await listen(() => heard.push('second'));
    const first = await listen(() => {
      heard.push('first');
      second.close();
    });
    const last = new Promise<void>((resolve) => {
      void listen(() => resolve()).then((third) => {
        say('1', first);
        say('2', second);
        say('3', third);
      });
    });
    await last;
    expect(heard.filter((name) => name === 'first')).toHaveLength(1);
    second.close();
    second.send(Buffer.from('x'), { address: '127.0.0.1', port: client.address().port });
  });

  it('know how long a datagram was', async () => {
    const lengths: number[] = [];
    const done = Promise.withResolvers<void>();
    const socket = await listen(({ payload }) => {
      lengths.push(payload.length);
      if (lengths.length === 5) done.resolve();
    });
    for (const length of [0, 1, 4, 516, 9_000]) {
      client.send(Buffer.alloc(length), socket.local.port, '127.0.0.1');
    }
    await done.promise;
    expect(lengths).toEqual([0, 1, 4, 516, 1_024]);
  });

  it('wait for nothing in the event loop when datagrams come far apart, or no more', async () => {
    const echo = await listen(({ payload, from }) => echo.send(Buffer.from(payload), from));
    for (let at = 0; at < 100; at += 1) {
      const answer = once(client, 'message');
      say('soon', echo);
      await answer;
    }
    const off = ['it_interval: (0, 0)'];
    await vi.waitFor(() => expect(intervals()).toEqual(off));
    for (let at = 0; at < 20; at += 1) {
      await new Promise((settled) => setTimeout(settled, 5));
      const answer = once(client, 'message');
      say('late', echo);
      await answer;
      expect(intervals()).toEqual(off);
    }
  });
});

describe('a socket that has a peer', () => {
  const portsOf = (sockets: readonly UdpSocket[]) => sockets.map(({ local }) => local.port);

  /** A client that collects what it hears, and where from. */
  const clientAt = async () => {
    const socket = createSocket('udp4');
    const heard: string[] = [];
    socket.on('message', (payload, from) => heard.push(`${payload} from ${from.port}`));
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    clients.push(socket);
    return { socket, heard, endpoint: { address: '127.0.0.1', port: socket.address().port } };
  };
  const clients: Socket[] = [];
  afterEach(() => {
    for (const socket of clients.splice(0)) socket.close();
  });

  it('hears the peer and strangers, and answers both from its one port', async () => {
    const [peer, stranger] = [await clientAt(), await clientAt()];
    const heard: string[] = [];
    const socket = await listen(
      ({ payload, from }) => {
        heard.push(`${Buffer.from(payload)} from ${from.port}`);
        socket.send(Buffer.from('and you'), from);
      },
      { peer: peer.endpoint },
    );
    socket.send(Buffer.from('first'), peer.endpoint);
    socket.sendFrames?.(Buffer.from('onetwo'), 3, peer.endpoint);
    await vi.waitFor(() => expect(peer.heard).toHaveLength(3));
    peer.socket.send('peer', socket.local.port, '127.0.0.1');
    await vi.waitFor(() => expect(peer.heard).toHaveLength(4));
    stranger.socket.send('stranger', socket.local.port, '127.0.0.1');
    await vi.waitFor(() => expect(stranger.heard).toHaveLength(1));
    socket.send(Buffer.from('last'), peer.endpoint);
    await vi.waitFor(() => expect(peer.heard).toHaveLength(5));
    expect(heard).toEqual([
      `peer from ${peer.endpoint.port}`,
      `stranger from ${stranger.endpoint.port}`,
    ]);
    const from = `from ${socket.local.port}`;
    const toPeer = ['first', 'one', 'two', 'and you', 'last'].map((text) => `${text} ${from}`);
    expect(peer.heard).toEqual(toPeer);
    expect(stranger.heard).toEqual([`and you ${from}`]);
  });

  it('shares its port with nobody, and leaves it when it is closed', async () => {
    const { endpoint } = await clientAt();
    const first = await listen(() => {}, { peer: endpoint });
    const { port } = first.local;
    const again = await createNet().openUdp({
      address: '127.0.0.1',
      port,
      frames: true,
      peer: endpoint,
      onDatagram: () => {},
      onError: () => {},
    });
    expect(again.ok ? 'opened' : again.error.kind).toBe('port-taken');
    const many = await Promise.all(
      Array.from({ length: 300 }, () => listen(() => {}, { peer: endpoint })),
    );
    expect(new Set(portsOf([first, ...many])).size).toBe(301);
    first.close();
    const after = await listen(() => {}, { port, peer: endpoint });
    expect(after.local.port).toBe(port);
  });

  it('sends again to a peer that was away', async () => {
    const gone = await clientAt();
    const { endpoint } = gone;
    const socket = await listen(() => {}, { peer: endpoint });
    gone.socket.close();
    clients.splice(clients.indexOf(gone.socket), 1);
    // The system says that nobody is there; the next one must not be lost for it.
    socket.send(Buffer.from('lost'), endpoint);
    const back = createSocket('udp4');
    clients.push(back);
    const heard: string[] = [];
    back.on('message', (payload) => heard.push(`${payload}`));
    back.bind(endpoint.port, '127.0.0.1');
    await once(back, 'listening');
    socket.send(Buffer.from('there'), endpoint);
    await vi.waitFor(() => expect(heard).toEqual(['there']));
  });
});
