/**
 * The flight recorder: the last of what was seen of each machine, by the hardware address it boots with. It keeps what it
 * is told as it is told it, and makes packets of it only when somebody asks for them.
 */

import type { MacAddress } from '../../base/addresses.ts';
import type { Sighting } from '../sightings.ts';
import { type Recorded, recordedOf } from './recorded.ts';
import { plainIpv4, type Whose } from './whose.ts';

export type RecorderLimits = {
  /** A boot with all its retries is a tenth of it. */
  readonly bytesPerMachineMax: number;
  /** Those that were given an address, or asked by HTTP. */
  readonly machinesMax: number;
  /** Those that only asked: a flood of invented addresses pushes out nobody who boots. */
  readonly strangersMax: number;
  readonly bytesMax: number;
};

export const defaultRecorderLimits: RecorderLimits = {
  bytesPerMachineMax: 64 * 1024,
  machinesMax: 10_000,
  strangersMax: 1_000,
  bytesMax: 64 * 1024 * 1024,
};

export type RecorderStatus = {
  readonly machines: number;
  readonly strangers: number;
  readonly bytes: number;
  readonly limits: RecorderLimits;
  /** Messages that went because of a limit, the oldest first. */
  readonly forgotten: number;
};

export type Recorder = {
  readonly note: (sighting: Sighting) => void;
  /** In the order they came; empty: nothing is recorded of it. */
  readonly of: (mac: MacAddress) => readonly Recorded[];
  readonly status: () => RecorderStatus;
};

type Tape = { readonly sightings: Recorded[]; readonly weights: number[]; bytes: number };

/** What an object weighs beside the octets it holds (measured). */
const sightingBytes = 600;

export function createRecorder(
  whose: Pick<Whose, 'macAt' | 'macOf'>,
  limits: RecorderLimits = defaultRecorderLimits,
): Recorder {
  /** The one that was not seen for longest comes first. */
  const machines = new Map<MacAddress, Tape>();
  const strangers = new Map<MacAddress, Tape>();
  let bytes = 0;
  let forgotten = 0;

  const drop = (tapes: Map<MacAddress, Tape>): void => {
    const [oldest] = tapes;
    if (oldest === undefined) return;
    const [mac, tape] = oldest;
    tapes.delete(mac);
    bytes -= tape.bytes;
    forgotten += tape.sightings.length;
  };

  const shorten = (tape: Tape, bytesMax: number): void => {
    let gone = 0;
    let weight = 0;
    while (tape.bytes - weight > bytesMax && gone < tape.sightings.length - 1) {
      weight += tape.weights[gone] ?? 0;
      gone += 1;
    }
    if (gone === 0) return;
    tape.sightings.splice(0, gone);
    tape.weights.splice(0, gone);
    tape.bytes -= weight;
    bytes -= weight;
    forgotten += gone;
  };

  return {
    of: (mac) => [...((machines.get(mac) ?? strangers.get(mac))?.sightings ?? [])],
    status: () => ({
      machines: machines.size,
      strangers: strangers.size,
      bytes,
      limits,
      forgotten,
    }),
    note: (sighting) => {
      // Progress says nothing that the end does not say.
      if (sighting.by === 'tftp' && sighting.kind === 'moving') return;
      if (sighting.by === 'http' && sighting.phase === 'moving') return;
      const mac = macOf(sighting, whose);
      if (mac === undefined) return;
      const before = machines.get(mac) ?? strangers.get(mac);
      const tape = before ?? { sightings: [], weights: [], bytes: 0 };
      const isKnown = machines.has(mac) || sighting.by !== 'dhcp' || sighting.answer === 'ack';
      strangers.delete(mac);
      machines.delete(mac);
      (isKnown ? machines : strangers).set(mac, tape);
      const weight = weightOf(sighting);
      tape.sightings.push(recordedOf(sighting));
      tape.weights.push(weight);
      tape.bytes += weight;
      bytes += weight;
      shorten(tape, limits.bytesPerMachineMax);
      if (strangers.size > limits.strangersMax) drop(strangers);
      if (machines.size > limits.machinesMax) drop(machines);
      while (bytes > limits.bytesMax) drop(strangers.size > 0 ? strangers : machines);
    },
  };
}

function macOf(sighting: Sighting, whose: Pick<Whose, 'macAt' | 'macOf'>): MacAddress | undefined {
  switch (sighting.by) {
    case 'dhcp':
      return sighting.mac;
    case 'tftp':
      return whose.macAt(sighting.client.address);
    case 'http':
      return whose.macAt(plainIpv4(sighting.remoteAddress));
  }
}

function weightOf(sighting: Sighting): number {
  switch (sighting.by) {
    case 'dhcp':
      return (
        sightingBytes + sighting.received.payload.length + (sighting.sent?.payload.length ?? 0)
      );
    case 'tftp':
      return sightingBytes + sighting.request.length;
    case 'http':
      return sightingBytes + sighting.path.length + (sighting.userAgent?.length ?? 0);
  }
}
