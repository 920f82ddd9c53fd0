/** The members of the DHCP server: `dhcp-bind`, Sabakan's, and the section `dhcp`, ours. */

import { type Cidr, parseCidr } from '../base/addresses.ts';
import type { Endpoint } from '../base/world.ts';
import type { Section } from './config-reader.ts';
import { endpoint } from './config-values.ts';

export type DhcpMembers = {
  readonly enabled: boolean;
  readonly bind: Endpoint;
  /** Links that are answered directly; those whose address lies outside the node pool stay silent. */
  readonly interfaces: readonly string[] | 'all';
  readonly relayNetworks: readonly Cidr[];
};

/** What every firmware asks (RFC 2131 section 4.1). */
const serverPort = 67;

export function readDhcp(root: Section): DhcpMembers {
  const section = root.section('dhcp');
  const bind = endpoint(root, 'dhcp-bind', '0.0.0.0:10067');
  const members = {
    enabled: section.flag('enabled', true),
    bind,
    interfaces: interfacesOf(section, bind),
    relayNetworks: networks(section, 'relay-networks'),
  };
  section.refuseOthers();
  return members;
}

/** Nothing said and the port of firmware: every link, as Sabakan is run. */
function interfacesOf(section: Section, bind: Endpoint): readonly string[] | 'all' {
  const given = section.raw('interfaces');
  const isSabakans = bind.port === serverPort && bind.address === '0.0.0.0';
  if (given === 'all' || (given === undefined && isSabakans)) return 'all';
  return section.texts('interfaces', []);
}

function networks(section: Section, name: string): readonly Cidr[] {
  return section.texts(name, []).flatMap((text, at) => {
    const network = parseCidr(text);
    if (!network.ok) section.mistake(`${name}/${at}`, network.error);
    return network.ok ? [network.value] : [];
  });
}
