/** Whose an address or a serial number is, as far as this server saw it: the hardware address that asked DHCP for it. */

import { type Ipv4, type MacAddress, parseIpv4 } from '../../base/addresses.ts';
import type { Who } from '../boots/who.ts';
import { addressTaken, type Sighting } from '../sightings.ts';

export type Whose = {
  readonly note: (sighting: Sighting) => void;
  /** Of IPv4 as text, also as `::ffff:10.69.0.4`. */
  readonly macAt: (address: string) => MacAddress | undefined;
  readonly serialOf: (mac: MacAddress) => string | undefined;
  readonly macOf: (traits: { readonly serial: string }) => MacAddress | undefined;
};

/** Of each kind; the one that was not seen for longest is forgotten first. */
export const whoseMax = 65_536;

/** @param known what boots tell, of all servers but a moment later: asked where this server saw nothing itself. */
export function createWhose(known?: Pick<Who, 'macOf' | 'serialOf'>): Whose {
  /** By number: the DHCP path, which tells thousands of these a second, builds no text. */
  const byAddress = new Map<Ipv4, MacAddress>();
  const bySerial = new Map<string, MacAddress>();
  const serials = new Map<MacAddress, string>();
  const macAt = (address: string) => {
    const parsed = parseIpv4(plainIpv4(address));
    if (!parsed.ok) return undefined;
    return byAddress.get(parsed.value) ?? known?.macOf({ from: parsed.value });
  };
  return {
    macAt,
    serialOf: (mac) => serials.get(mac) ?? known?.serialOf(mac),
    macOf: ({ serial }) => bySerial.get(serial) ?? known?.macOf({ serial }),
    note: (sighting) => {
      if (sighting.by === 'dhcp') {
        const taken = addressTaken(sighting);
        if (taken !== undefined) keep(byAddress, taken, sighting.mac);
        return;
      }
      // Anybody can ask for any script; only the one that was let through says who asks.
      if (sighting.by !== 'http' || sighting.kind !== 'script' || sighting.status !== 200) return;
      const mac = macAt(sighting.remoteAddress);
      if (mac === undefined || sighting.serial === undefined) return;
      keep(bySerial, sighting.serial, mac);
      keep(serials, mac, sighting.serial);
    },
  };
}

export function plainIpv4(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}

function keep<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= whoseMax) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
