/**
 * Who a machine is, by whatever it shows: the hardware address it asks DHCP with, its UUID, a client identifier, the
 * address it was lent, the serial number its iPXE reads from its SMBIOS. Learnt from what is seen, and bounded.
 */

import { type Ipv4, type MacAddress, parseIpv4 } from '../base/addresses.ts';
import { createRecent } from '../base/recent.ts';
import { addressTaken, type Sighting } from './sightings.ts';

/** What was seen together. */
export type Traits = {
  readonly mac?: MacAddress | undefined;
  readonly uuid?: string | undefined;
  readonly clientId?: string | undefined;
  readonly leased?: Ipv4 | undefined;
  readonly from?: Ipv4 | undefined;
  readonly serial?: string | undefined;
};

export type Who = {
  /**
   * A listener of sightings, before all others: whose an address is must be known when the next packet comes from it.
   * The rest is learnt later, by whoever reads a message closely.
   */
  readonly note: (sighting: Sighting) => void;
  /** Remembers what belongs together. A serial number counts once it was asked for from an address that was lent. */
  readonly learn: (traits: Traits) => void;
  /** The hardware address it boots with. */
  readonly macOf: (traits: Traits) => MacAddress | undefined;
  /** @param address IPv4 as text, also as `::ffff:10.69.0.4`. */
  readonly macAt: (address: string) => MacAddress | undefined;
  readonly serialOf: (mac: MacAddress) => string | undefined;
  readonly uuidOf: (mac: MacAddress) => string | undefined;
  readonly size: () => number;
};

/** Of each kind of trait; the one that was not seen for longest is forgotten first. */
export const traitsMax = 131_072;

export function createWho(
  deps: {
    /** The client that an address is lent to, by whichever server. */
    readonly lentTo: (address: Ipv4) => MacAddress | undefined;
    /** Serial number of the registered machine whose own address it is. */
    readonly ownerOf: (address: Ipv4) => string | undefined;
  },
  max: number = traitsMax,
): Who {
  const byAddress = createRecent<Ipv4, MacAddress>(max);
  const byUuid = createRecent<string, MacAddress>(max);
  const byClientId = createRecent<string, MacAddress>(max);
  const bySerial = createRecent<string, MacAddress>(max);
  const serials = createRecent<MacAddress, string>(max);
  const uuids = createRecent<MacAddress, string>(max);
  /** The same of those whose script with this serial number was let through: what else is claimed does not count. */
  const byProvenSerial = createRecent<string, MacAddress>(max);
  const provenSerials = createRecent<MacAddress, string>(max);
  const all = [byAddress, byUuid, byClientId, bySerial, serials, uuids, provenSerials];

  const macOf = (traits: Traits): MacAddress | undefined => {
    const { mac, from, serial, uuid, clientId } = traits;
    if (mac !== undefined) return mac;
    const lent = from === undefined ? undefined : (deps.lentTo(from) ?? byAddress.get(from));
    if (lent !== undefined) return lent;
    const name = serial ?? (from === undefined ? undefined : deps.ownerOf(from));
    const named = name === undefined ? undefined : (byProvenSerial.get(name) ?? bySerial.get(name));
    return (
      named ??
      (uuid === undefined ? undefined : byUuid.get(uuid)) ??
      (clientId === undefined ? undefined : byClientId.get(clientId))
    );
  };

  const macAt = (address: string): MacAddress | undefined => {
    const parsed = parseIpv4(plainIpv4(address));
    return parsed.ok ? macOf({ from: parsed.value }) : undefined;
  };

  return {
    macOf,
    macAt,
    serialOf: (mac) => provenSerials.get(mac) ?? serials.get(mac),
    uuidOf: (mac) => uuids.get(mac),
    size: () => Math.max(...all.map(({ size }) => size())),
    note: (sighting) => {
      if (sighting.by === 'dhcp') {
        const taken = addressTaken(sighting);
        if (taken !== undefined) byAddress.set(taken, sighting.mac);
        return;
      }
      // Anybody can ask for any script; only the one that was let through says who asks.
      if (sighting.by !== 'http' || sighting.kind !== 'script' || sighting.status !== 200) return;
      const { serial } = sighting;
      const mac = serial === undefined ? undefined : macAt(sighting.remoteAddress);
      if (mac === undefined || serial === undefined) return;
      byProvenSerial.set(serial, mac);
      provenSerials.set(mac, serial);
    },
    learn: (traits) => {
      const mac = macOf(traits);
      if (mac === undefined) return;
      const { leased, uuid, clientId, serial } = traits;
      if (leased !== undefined) {
        byAddress.set(leased, mac);
        // Who only asks is nobody yet: a flood of invented machines pushes nobody out.
        if (uuid !== undefined) {
          byUuid.set(uuid, mac);
          uuids.set(mac, uuid);
        }
        if (clientId !== undefined) byClientId.set(clientId, mac);
      }
      if (serial !== undefined) {
        bySerial.set(serial, mac);
        serials.set(mac, serial);
      }
    },
  };
}

export function plainIpv4(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
