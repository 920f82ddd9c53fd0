/** Where DHCP answers, who asks where it does not, and who answers beside it. */

import type { Network } from '../../pxe/networks.ts';
import type { PxeStatus } from '../../pxe/pxe-status.ts';
import { fine, type Look, warning } from './finding.ts';

/** @param dhcp undefined: off in the configuration. */
export function checkDhcp(
  dhcp: Pick<NonNullable<PxeStatus['dhcp']>, 'unserved' | 'others'> | undefined,
  networks: readonly Pick<Network, 'name' | 'mode'>[],
): readonly Look[] {
  if (dhcp === undefined) return [fine('dhcp', 'DHCP is off in the configuration')];
  const enabled = networks.filter(({ mode }) => mode !== 'off');
  const names = enabled.map(({ name, mode }) => `${name} (${mode})`).join(', ');
  return [
    enabled.length > 0
      ? fine('dhcp', `answers on ${names}`)
      : warning(
          'dhcp',
          'listens, and answers on no network: none is enabled',
          'name one: tetsu network set NAME --cidr 10.69.0.0/20 --mode server; or put an IPAM and a DHCP configuration',
        ),
    ...dhcp.unserved.map(({ network, text }) =>
      warning(
        `network ${network}`,
        text,
        'or say that it is not ours: tetsu network set NAME --mode off with its CIDR',
      ),
    ),
    ...dhcp.others.map(({ address, via, dhcp: lends, pxe, bootFile, lastAt }) =>
      warning(
        `other server ${address}`,
        `${lends ? 'lends addresses' : 'names boot files'}${pxe && bootFile !== undefined ? ` (${JSON.stringify(bootFile)})` : ''} on ${via}, heard last at ${lastAt}`,
        lends
          ? 'two lenders on one link: switch one off, or its network here to proxy (tetsu network set NAME --mode proxy)'
          : 'machines may load its program in place of ours: switch it off for them',
      ),
    ),
  ];
}
