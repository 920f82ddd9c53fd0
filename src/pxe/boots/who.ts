/**
 * Who a machine is, by whatever it shows: the hardware address it asks DHCP with, its UUID, a client identifier, the
 * address it was lent, the serial number its iPXE reads from its SMBIOS. Learnt from what is seen, and bounded.
 */

import type { Ipv4, MacAddress } from '../../base/addresses.ts';

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
  /** Remembers what belongs together. A serial number counts once it was asked for from an address that was lent. */
  readonly learn: (traits: Traits) => void;
  /** The hardware address it boots with. */
  readonly macOf: (traits: Traits) => MacAddress | undefined;
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
  const keep = <K, V>(map: Map<K, V>, key: K, value: V): void => {
    map.delete(key);
    map.set(key, value);
    if (map.size <= max) return;
    const [oldest] = map.keys();
    if (oldest !== undefined) map.delete(oldest);
  };
  const byAddress = new Map<Ipv4, MacAddress>();
  const byUuid = new Map<string, MacAddress>();
  const byClientId = new Map<string, MacAddress>();
  const bySerial = new Map<string, MacAddress>();
  const serials = new Map<MacAddress, string>();
  const uuids = new Map<MacAddress, string>();

  const macOf = (traits: Traits): MacAddress | undefined => {
    const { mac, from, serial, uuid, clientId } = traits;
    if (mac !== undefined) return mac;
    const lent = from === undefined ? undefined : (deps.lentTo(from) ?? byAddress.get(from));
    if (lent !== undefined) return lent;
    const name = serial ?? (from === undefined ? undefined : deps.ownerOf(from));
    const named = name === undefined ? undefined : bySerial.get(name);
    return (
      named ??
      (uuid === undefined ? undefined : byUuid.get(uuid)) ??
      (clientId === undefined ? undefined : byClientId.get(clientId))
    );
  };

  return {
    macOf,
    serialOf: (mac) => serials.get(mac),
    uuidOf: (mac) => uuids.get(mac),
    size: () => Math.max(byAddress.size, byUuid.size, byClientId.size, bySerial.size),
    learn: (traits) => {
      const mac = macOf(traits);
      if (mac === undefined) return;
      const { leased, uuid, clientId, serial } = traits;
      if (leased !== undefined) {
        keep(byAddress, leased, mac);
        // Who only asks is nobody yet: a flood of invented machines pushes nobody out.
        if (uuid !== undefined) {
          keep(byUuid, uuid, mac);
          keep(uuids, mac, uuid);
        }
        if (clientId !== undefined) keep(byClientId, clientId, mac);
      }
      if (serial !== undefined) {
        keep(bySerial, serial, mac);
        keep(serials, mac, serial);
      }
    },
  };
}
