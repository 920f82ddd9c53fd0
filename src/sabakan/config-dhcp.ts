/** The members of the DHCP server: `dhcp-bind`, Sabakan's, and the section `dhcp`, ours. */

import { type Cidr, parseCidr } from '../base/addresses.ts';
import type { Endpoint } from '../base/world.ts';
import type { LoaderNames } from '../pxe/boot-target.ts';
import type { Section } from './config-reader.ts';
import { normalizedUrl } from './config-text.ts';
import { endpoint } from './config-values.ts';

export type DhcpMembers = {
  readonly enabled: boolean;
  readonly bind: Endpoint;
  /** Links that are answered directly; those whose address lies outside the node pool stay silent. */
  readonly interfaces: readonly string[] | 'all';
  readonly relayNetworks: readonly Cidr[];
  /** How long an address that is offered for the first time is asked for; 0: not at all. */
  readonly probeMs: number;
  /** Without a slash at the end; undefined: `advertise-url`. */
  readonly httpBootUrl: string | undefined;
  /** File names by architecture number, beside or in the place of the usual ones. */
  readonly loaders: LoaderNames;
};

/** A host on a link answers ARP within a few milliseconds, one behind routers within some tens. */
const probeMsDefault = 300;
/** Firmware gathers offers for four seconds at most, iPXE asks again after one. */
const probeMsMax = 2_000;
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
    probeMs: section.integer('probe-ms', probeMsDefault, [0, probeMsMax]),
    httpBootUrl: httpBootUrl(section),
    loaders: loaders(section),
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

/** Firmware that was not given our authority does not follow https, and does not say so: nothing by default. */
function httpBootUrl(section: Section): string | undefined {
  const text = section.optionalText('http-boot-url');
  if (text === undefined) return undefined;
  const url = normalizedUrl(text, ['http', 'https']);
  const example = 'https://10.69.0.3:10444';
  if (url === undefined) {
    section.mistake('http-boot-url', `must be a URL such as ${example}, not "${text}"`);
  }
  return url;
}

function loaders(section: Section): LoaderNames {
  const named: Record<number, string> = {};
  for (const [architecture, file] of Object.entries(section.mapping('loaders'))) {
    const number = /^\d{1,5}$/.test(architecture) ? Number(architecture) : -1;
    if (number < 0 || number > 0xffff) {
      section.mistake(`loaders/${architecture}`, 'must be a number of DHCP option 93, such as 11');
    } else if (typeof file !== 'string' || !/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/.test(file)) {
      const text = `must be the name of a file in tftp.root, not ${JSON.stringify(file)}`;
      section.mistake(`loaders/${architecture}`, text);
    } else {
      named[number] = file;
    }
  }
  return named;
}

function networks(section: Section, name: string): readonly Cidr[] {
  return section.texts(name, []).flatMap((text, at) => {
    const network = parseCidr(text);
    if (!network.ok) section.mistake(`${name}/${at}`, network.error);
    return network.ok ? [network.value] : [];
  });
}
