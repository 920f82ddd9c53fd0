/** Who may do what: the only rule Sabakan has, asked before any route is looked for. */

import type { AllowedNetwork } from './allow-ips.ts';
import { isAllowed } from './allow-ips.ts';

const guarded = ['/api/v1/', '/api/v2/'];
const diskKeys = '/api/v1/crypts/';

/**
 * Reading is open to every machine, and so is handing in a disk key (a booting machine has no credentials). Everything
 * else under these roots needs a peer in one of the networks.
 */
export function mayEnter(
  request: { readonly method: string; readonly path: string; readonly remoteAddress: string },
  networks: readonly AllowedNetwork[],
): boolean {
  const { method, path, remoteAddress } = request;
  if (!guarded.some((root) => path.startsWith(root))) return true;
  if (method === 'GET' || method === 'HEAD') return true;
  if (path.startsWith(diskKeys) && method !== 'DELETE') return true;
  return isAllowed(networks, remoteAddress);
}
