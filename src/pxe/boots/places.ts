/**
 * From where each hardware address asks: one that asks from two places by turns is two machines, of which one copies the
 * other, or relays whose cables are mixed up.
 */

import { formatIpv4, type MacAddress } from '../../base/addresses.ts';
import { createAging } from '../../base/aging.ts';
import { addMs, type Instant } from '../../base/time.ts';
import type { DhcpSighting } from '../sightings.ts';
import { stepOf } from './note.ts';

/** One DISCOVER, or several that are the same. */
export type Ask = {
  /** For people: `relay 10.69.0.1, port ge-0/0/7`. */
  readonly place: string;
  /** Firmware, iPXE and the system of one machine may use another port each: only the same one's asks are compared. */
  readonly step: string;
  /** Option 97, which firmware and iPXE send. */
  readonly uuid: string | undefined;
  readonly xid: number;
  readonly at: Instant;
};

export type TwoPlaces = {
  readonly places: readonly [string, string];
  /** When the last turn was heard. */
  readonly at: Instant;
};

export type Places = {
  readonly asked: (sighting: DhcpSighting) => void;
  readonly of: (mac: MacAddress, now: Instant) => TwoPlaces | undefined;
};

/** Who was carried from one switch to another, and back, takes longer. */
const turnsWithinMs = 5 * 60_000;
/** So long it is told of, after the last turn. */
export const toldForMinutes = 15;
/** Of one hardware address: four asks of firmware by turns, and what two boots repeat in between. */
const asksMax = 16;
/** Four powered-on rooms; beyond it those that were silent for longest are forgotten. */
const machinesMax = 4_096;
const textMax = 60;

type Known = { asks: readonly Ask[]; found: TwoPlaces | undefined };

export function createPlaces(): Places {
  const machines = createAging<MacAddress, Known>();
  return {
    asked: (sighting) => {
      const { mac, xid, at } = sighting;
      const { uuid } = sighting.client;
      const place = placeOf(sighting);
      const ask: Ask = { place, step: stepOf(sighting), uuid, xid, at };
      const known = machines.get(mac);
      const last = known?.asks.at(-1);
      if (known !== undefined && last?.xid === xid && last.place === place) {
        known.asks = [...known.asks.slice(0, -1), ask];
        return;
      }
      const oldest = addMs(at, -turnsWithinMs);
      const recent = known?.asks.filter((ask) => ask.at >= oldest) ?? [];
      const asks = [...recent, ask].slice(-asksMax);
      machines.set(mac, { asks, found: twoPlacesIn(asks) ?? known?.found });
      if (machines.size() <= machinesMax) return;
      machines.dropOldest(() => machines.size() > machinesMax);
    },
    of: (mac, now) => {
      const found = machines.get(mac)?.found;
      return found !== undefined && addMs(found.at, toldForMinutes * 60_000) > now
        ? found
        : undefined;
    },
  };
}

/**
 * The last turn from one place to another. A message that came by both is one machine behind two relays, who is heard at a
 * new place and at the old one no more has moved, and one that says the same UUID at both is one machine, whichever of two
 * relays passes it on. Where the UUIDs differ, once there and back is enough. Without them it is twice there: a relay that
 * is taken over from and comes back looks like once.
 *
 * @param asks oldest first.
 */
export function twoPlacesIn(asks: readonly Ask[]): TwoPlaces | undefined {
  const placesOfXid = Map.groupBy(asks, ({ xid }) => xid);
  const lone = asks.filter(
    ({ xid, place }) => placesOfXid.get(xid)?.every((other) => other.place === place) === true,
  );
  let last: TwoPlaces | undefined;
  for (const ofStep of Map.groupBy(lone, ({ step }) => step).values()) {
    const found = twoIn(ofStep);
    if (found !== undefined && (last === undefined || found.at >= last.at)) last = found;
  }
  return last;
}

function twoIn(asks: readonly Ask[]): TwoPlaces | undefined {
  for (let at = asks.length - 1; at > 0; at -= 1) {
    const [here, before] = [asks[at], asks[at - 1]];
    if (here === undefined || before === undefined || here.place === before.place) continue;
    const isKnown = here.uuid !== undefined && before.uuid !== undefined;
    if (isKnown && here.uuid === before.uuid) continue;
    const turns = turnsBetween(asks.slice(0, at + 1), here.place, before.place);
    if (turns >= (isKnown ? 2 : 3)) return { places: [here.place, before.place], at: here.at };
  }
  return undefined;
}

function turnsBetween(asks: readonly Ask[], one: string, other: string): number {
  const places = asks.map(({ place }) => place).filter((place) => place === one || place === other);
  return places.filter((place, at) => at > 0 && place !== places[at - 1]).length;
}

function placeOf({ relay, interface: link }: DhcpSighting): string {
  if (relay === undefined) return `interface ${link ?? 'unknown'}`;
  const { circuitId } = relay;
  const port = circuitId === undefined ? '' : `, port ${textOf(circuitId)}`;
  return `relay ${formatIpv4(relay.address)}${port}`;
}

/** A switch's name for a port is mostly text. */
function textOf(octets: Uint8Array): string {
  const isText = octets.every((octet) => octet >= 0x20 && octet < 0x7f);
  const text = isText
    ? String.fromCharCode(...octets)
    : Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('');
  return text.slice(0, textMax);
}
