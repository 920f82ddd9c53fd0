/**
 * What the flight recorder keeps of a sighting. Of a DHCP message that is its octets and what a capture says of it: the
 * tables that were read from it weigh five times as much, and ten thousand machines are kept.
 */

import type { MacAddress } from '../../base/addresses.ts';
import type { Endpoint } from '../../base/world.ts';
import type { DhcpSighting, Frame, HttpSighting, Sighting, TftpSighting } from '../sightings.ts';

export type RecordedDhcp = Pick<
  DhcpSighting,
  'by' | 'at' | 'mac' | 'answer' | 'reason' | 'address' | 'received' | 'sent'
> & {
  readonly relay: Pick<NonNullable<DhcpSighting['relay']>, 'address'> | undefined;
};

export type Recorded = RecordedDhcp | TftpSighting | HttpSighting;

export function recordedOf(sighting: Sighting): Recorded {
  return sighting.by === 'dhcp' ? recordedDhcp(sighting, sighting.mac) : sighting;
}

function recordedDhcp(sighting: DhcpSighting, mac: MacAddress): RecordedDhcp {
  const { at, answer, reason, address, received, sent } = sighting;
  const relay = sighting.relay?.address;
  const receivedBytes = received.payload.length;
  const octets = new Uint8Array(receivedBytes + (sent?.payload.length ?? 0));
  octets.set(received.payload);
  if (sent !== undefined) octets.set(sent.payload, receivedBytes);
  return {
    by: 'dhcp',
    at,
    mac,
    answer,
    reason,
    address,
    relay: relay === undefined ? undefined : { address: relay },
    received: new PartFrame(received, octets, 0, receivedBytes),
    sent: sent && new PartFrame(sent, octets, receivedBytes, octets.length),
  };
}

/** Both frames of a message share their octets, and no view of them is made until somebody looks. */
class PartFrame implements Frame {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly #octets: Uint8Array;
  readonly #begin: number;
  readonly #end: number;

  constructor({ from, to }: Frame, octets: Uint8Array, begin: number, end: number) {
    this.from = from;
    this.to = to;
    this.#octets = octets;
    this.#begin = begin;
    this.#end = end;
  }

  get payload(): Uint8Array {
    return this.#octets.subarray(this.#begin, this.#end);
  }
}
