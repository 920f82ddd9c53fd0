/** Who asks on networks that nobody enabled: they get no answer, and an operator is told once how they would. */

import { type Cidr, formatCidr, formatIpv4, type Ipv4, networkOf } from '../../base/addresses.ts';
import { formatInstant, type Instant, type Rfc3339 } from '../../base/time.ts';
import type { World } from '../../base/world.ts';

export type UnservedNetwork = {
  /** Of a relay only its address is known: then the 256 addresses around it. */
  readonly network: string;
  /** `relay 10.1.2.1` or `interface eth1`. */
  readonly via: string;
  /** Hardware addresses heard; it counts no further than `machinesMax`. */
  readonly machines: number;
  readonly requests: number;
  readonly firstAt: Rfc3339;
  readonly lastAt: Rfc3339;
  /** The whole sentence, with what to do. */
  readonly text: string;
};

export type Heard = {
  readonly mac: string;
  /** The address that tells its network. */
  readonly place: Ipv4;
  readonly isRelayed: boolean;
  readonly interface: string | undefined;
  /** Of the interface it came in on. */
  readonly linkNetwork: Cidr | undefined;
};

export type Unserved = {
  readonly hear: (heard: Heard) => void;
  readonly list: () => readonly UnservedNetwork[];
};

/** More are not told apart: relays of a whole site, or a flood of invented ones. */
export const unservedMax = 64;
export const machinesMax = 1_024;
/** Heard of no more for this long, it makes room. */
const forgottenMs = 24 * 60 * 60 * 1_000;
const guessedBits = 24;

type Entry = {
  readonly network: Cidr;
  readonly via: string;
  readonly macs: Set<string>;
  readonly firstAt: Instant;
  requests: number;
  lastAt: Instant;
};

export function createUnserved({ clock, log }: Pick<World, 'clock' | 'log'>): Unserved {
  /** By the address that tells the network: a relay, or an interface of ours. */
  const entries = new Map<Ipv4, Entry>();

  const entryOf = (heard: Heard, now: Instant): Entry | undefined => {
    const known = entries.get(heard.place);
    if (known !== undefined) return known;
    for (const [place, { lastAt }] of entries) {
      if (entries.size < unservedMax) break;
      if (now - lastAt > forgottenMs) entries.delete(place);
    }
    if (entries.size >= unservedMax) return undefined;
    const { linkNetwork, place, isRelayed } = heard;
    const entry: Entry = {
      network:
        isRelayed || linkNetwork === undefined
          ? { base: networkOf(place, guessedBits), prefixLength: guessedBits }
          : linkNetwork,
      via: isRelayed ? `relay ${formatIpv4(place)}` : `interface ${heard.interface ?? '?'}`,
      macs: new Set(),
      firstAt: now,
      requests: 0,
      lastAt: now,
    };
    entries.set(place, entry);
    return entry;
  };

  return {
    hear: (heard) => {
      const now = clock.now();
      const entry = entryOf(heard, now);
      if (entry === undefined) return;
      entry.requests += 1;
      entry.lastAt = now;
      if (entry.macs.size < machinesMax) entry.macs.add(heard.mac);
      if (entry.requests === 1) {
        log.info('DHCP request from a network that is not enabled', { text: textOf(entry) });
      }
    },
    list: () =>
      [...entries.values()].map((entry) => ({
        network: formatCidr(entry.network),
        via: entry.via,
        machines: entry.macs.size,
        requests: entry.requests,
        firstAt: formatInstant(entry.firstAt),
        lastAt: formatInstant(entry.lastAt),
        text: textOf(entry),
      })),
  };
}

function textOf({ network, via, macs }: Entry): string {
  const count = macs.size < machinesMax ? String(macs.size) : `${machinesMax} or more`;
  const machines = `${count} machine${macs.size === 1 ? '' : 's'}`;
  const cidr = formatCidr(network);
  return `DHCP request from a network that is not enabled: ${cidr} via ${via}, ${machines}; enable it with: tetsu network set NAME --cidr ${cidr} --mode server`;
}
