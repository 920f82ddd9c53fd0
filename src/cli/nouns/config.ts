/** The configurations in the store, for people. */

import { configColumns } from '../../sabakan/contract/columns.ts';
import type { ConfigV2 } from '../../sabakan/contract/config.ts';
import { among, type CliNoun, columnsOf } from './noun.ts';

export const configNoun: CliNoun = {
  names: ['config'],
  describes: 'configurations in the store: the network plan (ipam) and what DHCP tells (dhcp)',
  nameOf: (object) => (object as ConfigV2).name,
  selectable: configColumns,
  hasLabels: false,
  values: {
    name: among(['ipam', 'dhcp'], 'names: '),
  },
  columns: columnsOf<ConfigV2>([
    ['NAME', ({ name }) => name],
    ['SAYS', summary],
    ['REVISION', ({ revision }) => revision, 'wide'],
  ]),
};

/** What one looks for first; `describe` has it all. */
function summary({ name, spec }: ConfigV2): string {
  if (name === 'ipam') {
    const room = `${spec['max-nodes-in-rack']} machines a rack`;
    return `${room}, nodes in ${spec['node-ipv4-pool']}, BMCs in ${spec['bmc-ipv4-pool']}`;
  }
  const minutes = spec['lease-minutes'] || 60;
  const servers = [spec['dns-servers'] ?? []].flat();
  return `leases of ${minutes} minutes, DNS ${servers.length === 0 ? 'none' : servers.join(', ')}`;
}
