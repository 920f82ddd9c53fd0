/** Who may do what: the only rule Sabakan has, asked before any route is looked for. */

import type { AllowedNetwork } from './allow-ips.ts';
import { isAllowed } from './allow-ips.ts';

const guarded = '/api/v1/';

/**
 * Reading is open to every machine, and so is handing in a disk key (a booting machine has no credentials). Everything
 * else under `/api/v1/` needs a peer in one of the networks.
 */
export function mayEnter(
  request: { readonly method: string; readonly path: string; readonly remoteAddress: string },
  networks: readonly AllowedNetwork[],
): boolean {
  const { method, path, remoteAddress } = request;
  if (!path.startsWith(guarded)) return true;
  if (method === 'GET' || method === 'HEAD') return true;
  if (path.startsWith(`${guarded}crypts/`) && method !== 'DELETE') return true;
  return isAllowed(networks, remoteAddress);
}
