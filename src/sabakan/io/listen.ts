/** Opens a listener, or says which address, why, and what to do. */

import type { FastifyInstance } from 'fastify';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Endpoint } from '../../base/world.ts';

export type Listener = {
  readonly endpoint: Endpoint;
  /** Lets requests under way end, within `withinMs`. */
  readonly close: (withinMs: number) => Promise<void>;
};

const sweepEveryMs = 100;

/** @param member the configuration's name of this listener, for the error. */
export async function listen(
  app: FastifyInstance,
  endpoint: Endpoint,
  member: string,
): Promise<Result<Listener, string>> {
  const { address, port } = endpoint;
  try {
    await app.listen({ host: address, port });
  } catch (error) {
    await app.close();
    return fail(listenProblem(error, endpoint, member));
  }
  const bound = app.server.address();
  const real = typeof bound === 'object' && bound !== null ? bound.port : port;
  return ok({
    endpoint: { address, port: real },
    close: async (withinMs) => {
      const timer = setTimeout(() => app.server.closeAllConnections(), withinMs);
      // Node closes those that are idle now; one whose answer ends later would be kept for its next request.
      const sweep = setInterval(() => app.server.closeIdleConnections(), sweepEveryMs);
      try {
        await app.close();
      } finally {
        clearInterval(sweep);
        clearTimeout(timer);
      }
    },
  });
}

function listenProblem(error: unknown, { address, port }: Endpoint, member: string): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const where = `${member}: cannot listen on ${address}:${port}`;
  switch (code) {
    case 'EADDRINUSE':
      return `${where}: another program has this port (ss -ltnp 'sport = :${port}' names it); stop it, or give \`${member}\` another port`;
    case 'EACCES':
      return `${where}: ports below 1024 need root or CAP_NET_BIND_SERVICE; run with it, or give \`${member}\` a higher port`;
    case 'EADDRNOTAVAIL':
      return `${where}: this host does not have the address ${address}; give \`${member}\` one that \`ip address\` shows, or 0.0.0.0`;
    default:
      return `${where}: ${message}`;
  }
}
