/** What a client hears from us where another server gives it its address: proxyDHCP (PXE 2.1 section 2.2.3). */

import { isInside, parseIpv4 } from '../../base/addresses.ts';
import { bootTargetOf, type LoaderNames } from '../boot-target.ts';
import type { Network } from '../networks.ts';
import type { Answer } from './answer.ts';
import type { Report } from './counters.ts';
import { replyDestination, type TargetRules, whyRefused } from './destination.ts';
import type { Outgoing } from './job.ts';
import { encodeDhcp } from './packet.ts';
import { bootServerPort, proxyAnswerTo } from './proxy.ts';
import type { Seen } from './sighting.ts';

/** @returns the answer to a request of that network, told of in `report`; undefined: silence */
export function createProxyDesk(
  rules: Pick<TargetRules, 'isOwn' | 'relayNetworks'> & {
    readonly advertiseUrl: string;
    readonly loaders: LoaderNames;
  },
  report: Report,
): (seen: Seen, network: Network) => Outgoing | undefined {
  return (seen, network) => {
    const { request, serverAddress } = seen;
    const isBootServer = seen.port === bootServerPort;
    const refusal = whyRefused(request, {
      isOwn: rules.isOwn,
      relayNetworks: [network.cidr, ...rules.relayNetworks],
      nodePool: network.cidr,
      subnetPrefixLength: network.cidr.prefixLength,
    });
    const from = parseIpv4(seen.from.address);
    if (
      refusal !== undefined ||
      (isBootServer && !(from.ok && isInside(from.value, network.cidr)))
    ) {
      report.refused(seen, refusal ?? 'the client address is not of its network', true);
      return undefined;
    }
    if (serverAddress === undefined) {
      report.silent(seen, 'no address of ours faces the client');
      return undefined;
    }
    const target = bootTargetOf(request.boot, rules.advertiseUrl, rules.loaders);
    const answer = proxyAnswerTo(request, { target, serverAddress, isBootServer });
    if (answer.kind === 'silence') {
      report.silent(seen, answer.reason);
      return undefined;
    }
    report.counters.proxied += 1;
    const { kind, reason, packet } = answer;
    const outgoing: Outgoing = {
      payload: encodeDhcp(packet),
      to: isBootServer ? seen.from : replyDestination(request, false, seen.from),
    };
    const spoken: Exclude<Answer, { kind: 'silence' }> =
      kind === 'offer'
        ? { kind, reason, address: packet.yourAddress }
        : { kind, reason, address: packet.clientAddress, leased: false };
    report.answered(seen, spoken, target, outgoing);
    return outgoing;
  };
}
