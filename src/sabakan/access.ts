/** Who may do what: Sabakan's only rule, which looks at addresses, and ours, which looks at roles. */

import type { AllowedNetwork } from './allow-ips.ts';
import { isAllowed } from './allow-ips.ts';
import { type Caller, describeCaller } from './who/caller.ts';
import { isReading } from './who/permissions.ts';
import { type Permission, suffices } from './who/role.ts';
import type { AccessSettings } from './who/settings.ts';

const guarded = ['/api/v1/', '/api/v2/'];
const diskKeys = '/api/v1/crypts/';

/**
 * Sabakan's rule: reading is open to every machine, and so is handing in a disk key (a booting machine has no credentials). Everything
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

export type AccessProblem =
  /** 401: nobody has said who asks. */
  | { readonly kind: 'token-missing'; readonly text: string }
  /** 401: what was shown is not valid. */
  | { readonly kind: 'token-wrong'; readonly text: string }
  /** 403: this caller may not. */
  | { readonly kind: 'forbidden'; readonly text: string };

/**
 * Whether this caller may. Undefined: it may.
 *
 * A credential gives its role from anywhere and no more than that, also to hosts in `allow-ips`.
 */
export function whyNot(
  caller: Caller,
  needs: Permission,
  request: { readonly method: string; readonly path: string; readonly remoteAddress: string },
  settings: Pick<AccessSettings, 'auth' | 'allowIps' | 'allowIpsRole'>,
): AccessProblem | undefined {
  if (suffices(caller.role, needs)) return undefined;
  const who = describeCaller(caller, request.remoteAddress);
  if (caller.kind !== 'peer') {
    const text = `${who} has the role ${caller.role}; this needs ${needs}`;
    return { kind: 'forbidden', text };
  }
  if (settings.auth === 'required') {
    const text = `this needs the role ${needs}, so a token: Authorization: Bearer tetsu_…`;
    return { kind: 'token-missing', text };
  }
  const isSecret = isReading(request.method) && needs !== 'viewer';
  // Nobody is in the list any more who could be let in for his address.
  const networks = settings.allowIpsRole === 'none' ? [] : settings.allowIps;
  if (mayEnter(request, networks) && !isSecret) return undefined;
  const text =
    settings.allowIpsRole === 'none'
      ? `this needs the role ${needs}, so a token`
      : `${who} is in no network of allow-ips, and shows no token with the role ${needs}`;
  return { kind: 'forbidden', text };
}
