/** What machines that nobody registered ask for over HTTP, below `/api/v1/boot/discovery/`. */

import type { Discoveries } from '../discoveries.ts';
import { factsBytesMax } from '../discovery.ts';
import {
  type BootRequest,
  type BootResponse,
  errorResponse,
  methodNotAllowed,
  notFound,
  textResponse,
} from '../http/message.ts';
import { scriptType } from '../ipxe/boot-script.ts';
import { agentScript } from './agent-script.ts';

export type DiscoveryHttp = {
  /** In place of the script that anybody gets for this serial; undefined: that one. */
  readonly script: (request: BootRequest, serial: string) => string | undefined;
  /** @param parts what follows `discovery/`. */
  readonly handle: (
    request: BootRequest,
    parts: readonly string[],
  ) => Promise<BootResponse> | BootResponse;
};

const plainType = 'text/plain; charset=utf-8';
const nothing: ReadonlyMap<string, string> = new Map();

export function createDiscoveryHttp(
  discoveries: Pick<Discoveries, 'script' | 'knock' | 'facts' | 'stateOf'>,
): DiscoveryHttp {
  const facts = async (request: BootRequest): Promise<BootResponse> => {
    const bytes = await request.readBody?.(factsBytesMax);
    if (bytes === undefined) {
      return errorResponse(request, 413, `facts are at most ${factsBytesMax} octets of JSON`);
    }
    const taken = discoveries.facts(request.remoteAddress, bytes);
    return taken.ok
      ? textResponse(request, 200, plainType, 'thank you\n')
      : errorResponse(request, taken.error.status, taken.error.text);
  };

  return {
    script: ({ remoteAddress, query = nothing }, serial) =>
      discoveries.script({ serial, remoteAddress, query }),
    handle: (request, [what, ...more]) => {
      if (more.length > 0) return notFound(request);
      const { method, remoteAddress, query = nothing } = request;
      if (what === 'facts') {
        return method === 'POST' ? facts(request) : methodNotAllowed(request, 'POST');
      }
      if (method !== 'GET' && method !== 'HEAD') return methodNotAllowed(request, 'GET, HEAD');
      switch (what) {
        case 'knock': {
          const serial = query.get('serial') ?? '';
          const script = discoveries.knock({ serial, remoteAddress, query });
          return script === undefined
            ? notFound(request, 'machines are not discovered where this one asks from')
            : textResponse(request, 200, scriptType, script);
        }
        case 'agent':
          return textResponse(request, 200, plainType, agentScript);
        case 'state': {
          const state = discoveries.stateOf(remoteAddress);
          return textResponse(request, 200, plainType, `${state}\n`);
        }
        default:
          return notFound(request);
      }
    },
  };
}
