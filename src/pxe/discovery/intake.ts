/** What network boot sees, taken note of in bulk: only where machines are discovered, and only of those nobody registered. */

import { type Ipv4, type MacAddress, parseIpv4 } from '../../base/addresses.ts';
import type { Fence } from '../../base/fence.ts';
import type { Clock } from '../../base/world.ts';
import type { Sighting } from '../sightings.ts';
import type { Note } from './fold.ts';
import type { DiscoveryNetwork } from './reception.ts';
import { noteOfDhcp } from './sighted.ts';

export type Intake = {
  /** A listener of sightings: takes note, works later. */
  readonly note: (sighting: Sighting) => void;
  /** Sightings that were not looked at, since `sightingsMax` waited. */
  readonly dropped: () => number;
  readonly stop: () => void;
};

/** DHCP does thousands of messages a second; of those that were not looked at yet, no more are kept. */
const sightingsMax = 5_000;
const lookMs = 100;

export function createIntake(deps: {
  readonly clock: Pick<Clock, 'after'>;
  readonly fence: Fence;
  readonly networkOf: (address: Ipv4) => DiscoveryNetwork | undefined;
  readonly lesseeOf: (address: Ipv4) => MacAddress | undefined;
  /** A card of a machine that is registered. */
  readonly isRegistered: (mac: MacAddress) => boolean;
  readonly note: (note: Note) => void;
}): Intake {
  const { networkOf, lesseeOf, isRegistered } = deps;
  let queue: { readonly sighting: Sighting; readonly network: string }[] = [];
  let dropped = 0;
  let cancel: (() => void) | undefined;

  const look = (): void => {
    cancel = undefined;
    const taken = queue;
    queue = [];
    for (const one of taken) deps.fence.run(() => lookAt(one));
  };

  const lookAt = ({ sighting, network }: (typeof queue)[number]): void => {
    if (sighting.by === 'dhcp') {
      if (!isRegistered(sighting.mac)) deps.note(noteOfDhcp(sighting, network));
    } else if (sighting.by === 'tftp') {
      const address = parseIpv4(sighting.client.address);
      const mac = address.ok ? lesseeOf(address.value) : undefined;
      if (mac === undefined || isRegistered(mac)) return;
      const place = { network, address: sighting.client.address };
      deps.note({ mac, at: sighting.at, signs: ['tftp'], claims: {}, macs: [], place });
    }
  };

  const networkAt = (sighting: Sighting): DiscoveryNetwork | undefined => {
    if (sighting.by === 'dhcp') {
      const address = sighting.relay?.address ?? sighting.address;
      return address === undefined ? undefined : networkOf(address);
    }
    if (sighting.by === 'http') return undefined;
    const address = parseIpv4(sighting.client.address);
    return address.ok ? networkOf(address.value) : undefined;
  };

  return {
    note: (sighting) => {
      const network = networkAt(sighting);
      if (network === undefined || network.discovery === 'off') return;
      if (queue.length >= sightingsMax) {
        dropped += 1;
        return;
      }
      queue.push({ sighting, network: network.name });
      cancel ??= deps.clock.after(lookMs, look);
    },
    dropped: () => dropped,
    stop: () => cancel?.(),
  };
}
