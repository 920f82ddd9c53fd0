/**
 * The flight recorder: the last of what was seen of each machine, by the hardware address it boots with. It copies what it
 * is told into memory of its own, and makes packets of it only when somebody asks for them.
 */

import type { MacAddress } from '../../base/addresses.ts';
import type { Sighting } from '../sightings.ts';
import type { Who } from '../who.ts';
import { createRecordWriter, readRecords } from './record-codec.ts';
import { isProgress, type Recorded } from './recorded.ts';
import { blockBytes, createTapes } from './tapes.ts';
import { createTurns } from './turns.ts';

export type RecorderLimits = {
  /** A boot with all its retries is a fifth of it. */
  readonly bytesPerMachineMax: number;
  /** Those that were given an address, or asked by HTTP. */
  readonly machinesMax: number;
  /** Those that only asked: a flood of invented addresses pushes out nobody who boots. */
  readonly bytesPerStrangerMax: number;
  readonly strangersMax: number;
  /** All that is ever taken for what is recorded, and not given back. */
  readonly bytesMax: number;
};

export const defaultRecorderLimits: RecorderLimits = {
  bytesPerMachineMax: 64 * 1024,
  machinesMax: 10_000,
  bytesPerStrangerMax: 8 * 1024,
  strangersMax: 1_000,
  bytesMax: 16 * 1024 * 1024,
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

const rows = { strangers: 0, machines: 1 } as const;

export function createRecorder(
  who: Pick<Who, 'macAt'>,
  limits: RecorderLimits = defaultRecorderLimits,
): Recorder {
  const blocksMax = blocksIn(limits.bytesMax);
  const tapesMax = limits.machinesMax + limits.strangersMax + 1;
  const tapes = createTapes(tapesMax, blocksMax);
  const turns = createTurns(2, tapesMax);
  const writer = createRecordWriter();
  const tapeOf = new Map<MacAddress, number>();
  const macOf: (MacAddress | undefined)[] = [];
  const isKnown = new Uint8Array(tapesMax);
  const freeTapes: number[] = [];
  let forgotten = 0;

  const begin = (mac: MacAddress): number => {
    const tape = freeTapes.pop() ?? macOf.length;
    macOf[tape] = mac;
    isKnown[tape] = 0;
    tapeOf.set(mac, tape);
    return tape;
  };

  const drop = (tape: number): void => {
    const mac = macOf[tape];
    if (mac !== undefined) tapeOf.delete(mac);
    macOf[tape] = undefined;
    turns.remove(tape);
    forgotten += tapes.clear(tape);
    freeTapes.push(tape);
  };

  const dropOldest = (row: number, max: number): void => {
    const oldest = turns.size(row) > max ? turns.oldest(row) : undefined;
    if (oldest !== undefined) drop(oldest);
  };

  /** Strangers first, and of the tape that is written to only its beginning. */
  const makeRoom = (tape: number): void => {
    const stranger = turns.oldest(rows.strangers);
    const victim =
      stranger === undefined || stranger === tape ? turns.oldest(rows.machines) : stranger;
    if (victim === undefined || victim === tape) forgotten += tapes.shorten(tape);
    else drop(victim);
  };

  return {
    of: (mac) => {
      const tape = tapeOf.get(mac);
      return tape === undefined ? [] : readRecords(tapes.read(tape), mac);
    },
    status: () => ({
      machines: turns.size(rows.machines),
      strangers: turns.size(rows.strangers),
      bytes: tapes.blocks() * blockBytes,
      limits,
      forgotten,
    }),
    note: (sighting) => {
      if (isProgress(sighting)) return;
      const mac = hardwareAddressOf(sighting, who);
      if (mac === undefined) return;
      const tape = tapeOf.get(mac) ?? begin(mac);
      if (sighting.by !== 'dhcp' || sighting.answer === 'ack') isKnown[tape] = 1;
      turns.used(isKnown[tape] === 1 ? rows.machines : rows.strangers, tape);
      dropOldest(rows.strangers, limits.strangersMax);
      dropOldest(rows.machines, limits.machinesMax);
      const length = writer.write(sighting);
      const ownMax = isKnown[tape] === 1 ? limits.bytesPerMachineMax : limits.bytesPerStrangerMax;
      const ownBlocksMax = Math.min(blocksIn(ownMax), blocksMax);
      if (length === 0 || blocksIn(length + blockBytes - 1) > ownBlocksMax) {
        forgotten += 1;
        return;
      }
      while (tapes.blocksOf(tape) + tapes.growth(tape, length) > ownBlocksMax) {
        forgotten += tapes.shorten(tape);
      }
      while (tapes.blocks() + tapes.growth(tape, length) > blocksMax) makeRoom(tape);
      tapes.write(tape, writer.octets, length);
    },
  };
}

function hardwareAddressOf(sighting: Sighting, who: Pick<Who, 'macAt'>): MacAddress | undefined {
  switch (sighting.by) {
    case 'dhcp':
      return sighting.mac;
    case 'tftp':
      return who.macAt(sighting.client.address);
    case 'http':
      return who.macAt(sighting.remoteAddress);
  }
}

function blocksIn(bytes: number): number {
  return Math.floor(bytes / blockBytes);
}
