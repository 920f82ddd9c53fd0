/** The real prober: asks exactly the address and port it is given, and nobody else. */

import { formatIpv4 } from '../../base/addresses.ts';
import type { ProbeResult, Prober } from '../probe.ts';
import { isLoopback, refusedTarget } from '../target.ts';
import { probeHttp } from './http-probe.ts';
import { probeTcp } from './tcp-probe.ts';

/**
 * @param options.allowLoopback as in the policy.
 * @param options.forbidden `address:port` of listeners that are never a machine's: our own, etcd's.
 */
export function createProber(options: {
  readonly allowLoopback: boolean;
  readonly forbidden?: ReadonlySet<string>;
}): Prober {
  return {
    ask: async ({ address, probe, timeoutMs }) => {
      const host = formatIpv4(address);
      const refused =
        refusedTarget(address, options) ??
        (options.forbidden?.has(`${host}:${probe.port}`)
          ? `${host}:${probe.port} is a listener of this server: never probed`
          : undefined);
      if (refused !== undefined) return { kind: 'unasked', latencyMs: 0, text: refused };
      const result =
        probe.kind === 'tcp'
          ? await probeTcp(host, probe.port, timeoutMs)
          : await probeHttp(host, probe, timeoutMs);
      return isLoopback(address) ? onLoopback(result) : result;
    },
  };
}

/** On loopback it is our own kernel that refuses for a machine that is gone, so a refusal is no sign of life. */
function onLoopback(result: ProbeResult): ProbeResult {
  if (result.kind !== 'refused') return result;
  return { ...result, kind: 'silent', text: 'nobody there (refused by our own loopback)' };
}
