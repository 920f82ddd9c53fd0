/** Which addresses may be probed at all, whatever the inventory says. */

import { formatIpv4, type Ipv4, isInside, parseCidr } from '../base/addresses.ts';
import { assert } from '../base/assert.ts';

/** RFC 6890: none of these is a machine's own address. */
const never = [
  { network: cidr('0.0.0.0/8'), what: '"this network"' },
  { network: cidr('169.254.0.0/16'), what: 'link-local' },
  { network: cidr('224.0.0.0/4'), what: 'multicast' },
  { network: cidr('240.0.0.0/4'), what: 'reserved or broadcast' },
];
const loopback = cidr('127.0.0.0/8');

/** Why `address` is not probed; undefined when it may be. Addresses are numbers here, so no spelling gets around it. */
export function refusedTarget(
  address: Ipv4,
  policy: { readonly allowLoopback: boolean },
): string | undefined {
  for (const { network, what } of never) {
    if (isInside(address, network)) return `${formatIpv4(address)} is ${what}: never probed`;
  }
  if (isInside(address, loopback) && !policy.allowLoopback) {
    return `${formatIpv4(address)} is loopback: probed only with allowLoopback`;
  }
  return undefined;
}

export function isLoopback(address: Ipv4): boolean {
  return isInside(address, loopback);
}

function cidr(text: string) {
  const parsed = parseCidr(text);
  assert(parsed.ok, `${text} is a network`);
  return parsed.value;
}
