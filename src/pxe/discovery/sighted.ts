/** What DHCP sees of a machine, as a note about it. */

import { formatIpv4 } from '../../base/addresses.ts';
import { plainClaim } from '../discovery.ts';
import type { DhcpSighting } from '../sightings.ts';
import type { Note } from './fold.ts';

/** @param network the name of the network that the message belongs to. */
export function noteOfDhcp(sighting: DhcpSighting, network: string): Note {
  const { mac, at, client, relay, address } = sighting;
  const lent = sighting.answer === 'offer' || sighting.answer === 'ack' ? address : undefined;
  return {
    mac,
    at,
    signs: ['dhcp'],
    claims: texts({
      uuid: client.uuid,
      vendorClass: client.vendorClass,
      userClass: client.userClasses.join(','),
      architecture: client.architectures[0]?.toString(),
      hostName: client.hostName,
    }),
    macs: [],
    place: texts({
      network,
      interface: sighting.interface,
      address: lent === undefined ? undefined : formatIpv4(lent),
      relay: relay && formatIpv4(relay.address),
      circuit: relay?.circuitId && idText(relay.circuitId),
      remote: relay?.remoteId && idText(relay.remoteId),
    }),
  };
}

/** Members that say something, as plain text. */
export function texts<K extends string>(
  given: Readonly<{ [P in K]?: string | undefined }>,
): Readonly<Partial<Record<K, string>>> {
  const said = Object.entries<string | undefined>(given).flatMap(([name, text]) => {
    const plain = plainClaim(text);
    return plain === undefined ? [] : [[name, plain] as const];
  });
  return Object.fromEntries(said) as Partial<Record<K, string>>;
}

/** RFC 3046 leaves the form to the relay: text where it is printable, else hexadecimal. */
function idText(id: Uint8Array): string {
  const text = new TextDecoder('latin1').decode(id);
  return /^[\x20-\x7e]+$/.test(text)
    ? text
    : `0x${Array.from(id, (octet) => octet.toString(16).padStart(2, '0')).join('')}`;
}
