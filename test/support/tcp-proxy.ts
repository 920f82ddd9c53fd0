/** A TCP link that tests can cut, stall, and make swallow answers. */

import { connect, createServer, type Socket } from 'node:net';

export type TcpProxy = {
  readonly port: number;
  readonly url: string;
  /** Breaks all connections; new ones are accepted unless `refuse` is on. */
  readonly cut: () => void;
  /** Connections are closed as soon as they come. */
  readonly refuse: (on: boolean) => void;
  /** Nothing passes in either direction, connections stay open: a dead link or a frozen peer. */
  readonly stall: (on: boolean) => void;
  /** Requests pass, answers do not. */
  readonly swallowAnswers: (on: boolean) => void;
  /** Bytes that came from the server. */
  readonly bytesBack: () => number;
  /** Breaks all connections once this many more bytes came back; then again after the next number, and so on. */
  readonly cutAfter: (...bytes: number[]) => void;
  /** Stalls once this many more bytes came back; `Infinity` lets go again. */
  readonly stallAfter: (bytes: number) => void;
  /** How often `cutAfter` took effect. */
  readonly cuts: () => number;
  readonly connections: () => number;
  readonly close: () => Promise<void>;
};

/** @param ownPort where it listens; 0 lets the system choose. */
export async function startTcpProxy(
  targetPort: number,
  scheme = 'http',
  ownPort = 0,
): Promise<TcpProxy> {
  const pairs = new Set<{ readonly near: Socket; readonly far: Socket }>();
  let refusing = false;
  let stalled = false;
  let swallowing = false;
  let bytesBack = 0;
  let cutAt = Number.POSITIVE_INFINITY;
  let stallAt = Number.POSITIVE_INFINITY;
  let cutsToCome: number[] = [];
  let cuts = 0;

  const cut = () => {
    for (const { near, far } of pairs) {
      near.destroy();
      far.destroy();
    }
    pairs.clear();
  };
  const stall = (on: boolean) => {
    stalled = on;
    for (const { near, far } of pairs) {
      for (const socket of [near, far]) {
        if (on) socket.pause();
        else socket.resume();
      }
    }
  };
  const armCut = () => {
    cutAt = bytesBack + (cutsToCome.shift() ?? Number.POSITIVE_INFINITY);
  };
  const server = createServer((near) => {
    if (refusing) {
      near.destroy();
      return;
    }
    const far = connect(targetPort, '127.0.0.1');
    const pair = { near, far };
    pairs.add(pair);
    near.setNoDelay(true);
    far.setNoDelay(true);
    if (stalled) {
      near.pause();
      far.pause();
    }
    const end = () => {
      pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    near.on('data', (chunk) => far.write(chunk));
    far.on('data', (chunk) => {
      bytesBack += chunk.length;
      if (swallowing) return;
      near.write(chunk);
      if (bytesBack >= stallAt) {
        stallAt = Number.POSITIVE_INFINITY;
        stall(true);
      }
      if (bytesBack >= cutAt) {
        cuts += 1;
        armCut();
        cut();
      }
    });
    for (const socket of [near, far]) socket.on('error', end);
    near.on('close', end);
    far.on('close', () => {
      pairs.delete(pair);
      // What the server sent before it closed is still on its way.
      near.destroySoon();
    });
  });
  await new Promise<void>((resolve) => server.listen(ownPort, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    url: `${scheme}://127.0.0.1:${port}`,
    cut,
    refuse: (on) => {
      refusing = on;
      if (on) cut();
    },
    stall,
    stallAfter: (bytes) => {
      stallAt = bytesBack + bytes;
      if (bytes === Number.POSITIVE_INFINITY) stall(false);
    },
    swallowAnswers: (on) => {
      swallowing = on;
    },
    bytesBack: () => bytesBack,
    cutAfter: (...bytes) => {
      cutsToCome = bytes;
      armCut();
    },
    cuts: () => cuts,
    connections: () => pairs.size,
    close: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
