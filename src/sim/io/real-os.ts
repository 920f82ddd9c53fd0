/**
 * The OS of a simulated machine on real sockets: a small HTTP server at the node's own loopback address.
 *
 * A dark machine has no listener at all. Our own kernel then refuses connections to its address, which a prober on
 * loopback takes for the silence that it stands for (`src/health/io/probes.ts`). Nothing here needs a privilege: a
 * socket filter that drops packets would be nearer to the truth, and some kernels allow it to root only.
 */

import { createServer, type Server } from 'node:http';
import { fail, ok } from '../../base/result.ts';
import type { OsAnswer, OsEdge } from '../os.ts';

export type RealOsEdge = OsEdge & { readonly close: () => Promise<void> };

type Node = {
  readonly server: Server;
  readonly answer: () => OsAnswer;
  isDark: boolean;
};

const nodesMax = 4_096;
/** How soon a listener notices that its machine was unplugged or hangs. */
const lookMs = 100;

/** @param port where each node's health page listens, at its own address. */
export function createRealOsEdge(port: number): RealOsEdge {
  const nodes = new Map<string, Node>();

  const look = async (): Promise<void> => {
    for (const [address, node] of nodes) {
      const dark = node.answer().kind === 'silent';
      if (dark === node.isDark) continue;
      node.isDark = dark;
      if (dark) await shut(node.server);
      // Its address was ours a moment ago; if it is taken now the machine stays dark, and that is seen.
      else await opened(node.server, address, port);
    }
  };
  const looking = setInterval(() => void look(), lookMs);
  looking.unref();

  return {
    listen: async (address, answer) => {
      if (nodes.has(address)) return fail(`another machine answers at ${address}`);
      if (nodes.size >= nodesMax) return fail(`more than ${nodesMax} nodes on this host`);
      const server = healthPage(answer);
      const problem = await opened(server, address, port);
      if (problem !== undefined) return fail(`${address}:${port}: ${problem.message}`);
      nodes.set(address, { server, answer, isDark: false });
      return ok(() => {
        nodes.delete(address);
        void shut(server);
      });
    },
    close: async () => {
      clearInterval(looking);
      const servers = [...nodes.values()].map(({ server }) => server);
      nodes.clear();
      await Promise.all(servers.map(shut));
    },
  };
}

function healthPage(answer: () => OsAnswer): Server {
  return createServer((_request, response) => {
    const now = answer();
    if (now.kind === 'silent') return;
    const respond = (): void => {
      response.writeHead(now.status, { 'content-type': 'text/plain', connection: 'close' });
      response.end(now.status === 200 ? 'ok\n' : 'sick\n');
    };
    if (now.afterMs === 0) respond();
    else setTimeout(respond, now.afterMs);
  });
}

function opened(server: Server, address: string, port: number): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const onError = (problem: Error): void => resolve(problem);
    server.once('error', onError);
    server.listen({ host: address, port, exclusive: true }, () => {
      server.off('error', onError);
      resolve(undefined);
    });
  });
}

function shut(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
