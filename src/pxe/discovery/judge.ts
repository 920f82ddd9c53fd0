/** What stands in the way of registering a machine that was discovered, and where it seems to stand. */

import { type MacAddress, parseIpv4 } from '../../base/addresses.ts';
import { rackOf } from '../../inventory/ipam.ts';
import type { IpamConfig } from '../../inventory/ipam-config.ts';
import { type Machine, parseSerial } from '../../inventory/machine.ts';
import { type TwoPlaces, toldForMinutes } from '../boots/places.ts';
import { type Discovery, serialOf } from '../discovery.ts';

export type Conflict = {
  readonly kind:
    | 'serial-missing'
    | 'serial-default'
    | 'serial-invalid'
    | 'serial-duplicate'
    | 'serial-registered'
    | 'mac-duplicate';
  readonly text: string;
  /** What a person can do about it. */
  readonly todo: string;
};

export type RackGuess = { readonly rack: number; readonly by: string };

export type Surroundings = {
  readonly ipam: IpamConfig | undefined;
  readonly find: (serial: string) => Machine | undefined;
  /** Those that are known under this serial number, which includes the one that is judged. */
  readonly claiming: (serial: string) => readonly Discovery[];
  /** Racks of machines that came over this relay and circuit. */
  readonly racksOfCircuit: (relay: string, circuit: string) => readonly number[];
  /** Where it asks from, when that is two places by turns. */
  readonly twoPlaces?: ((mac: MacAddress) => TwoPlaces | undefined) | undefined;
};

/** What vendors ship in place of a serial number (SMBIOS type 1), in lower case and without signs between. */
const defaultSerials = new Set([
  ...['tobefilledbyoem', 'defaultstring', 'systemserialnumber', 'notspecified', 'notapplicable'],
  ...['none', 'na', 'empty', 'unknown', 'serialnumber', 'chassisserialnumber', 'oem', 'invalid'],
  ...['0123456789', '123456789', '1234567890', '01234567890123456789', 'xxxxxxxx', 'noserial'],
]);

/** A text that many machines carry, so that it names none of them. */
export function isDefaultSerial(serial: string): boolean {
  const bare = serial.toLowerCase().replace(/[^a-z0-9]/g, '');
  return bare === '' || defaultSerials.has(bare) || /^(.)\1{3,}$/.test(bare);
}

/** Where its addresses say it stands: the relay's, else its own; else where others of its circuit do. */
export function guessRack(
  { place }: Pick<Discovery, 'place'>,
  { ipam, racksOfCircuit }: Pick<Surroundings, 'ipam' | 'racksOfCircuit'>,
): RackGuess | undefined {
  const { relay, circuit } = place;
  for (const [name, text] of [
    ['relay', relay],
    ['address', place.address],
  ] as const) {
    const address = text === undefined ? undefined : parseIpv4(text);
    if (ipam === undefined || !address?.ok) continue;
    const rack = rackOf(ipam, address.value);
    if (rack !== undefined)
      return { rack, by: `its ${name} ${text} is in the network of rack ${rack}` };
  }
  if (relay === undefined || circuit === undefined) return undefined;
  const racks = new Set(racksOfCircuit(relay, circuit));
  const [rack] = racks;
  if (rack === undefined || racks.size > 1) return undefined;
  return { rack, by: `machines of circuit ${circuit} behind ${relay} are in rack ${rack}` };
}

/** Undefined: it can be approved. */
export function conflictOf(discovery: Discovery, around: Surroundings): Conflict | undefined {
  if (discovery.state === 'approved') return undefined;
  const { id, claims } = discovery;
  const two = around.twoPlaces?.(discovery.mac);
  if (two !== undefined) {
    const [first, second] = two.places;
    return {
      kind: 'mac-duplicate',
      text: `two machines ask under ${discovery.mac}, at ${first} and at ${second}`,
      todo: `find out which of them it is and disconnect the other; ${toldForMinutes} minutes after the last turn this is over`,
    };
  }
  const serial = serialOf(discovery);
  const ownSerial = `give it one: tetsu approve ${id} --serial NAME --role ROLE`;
  if (serial === '') {
    const said = discovery.signs.includes('ipxe')
      ? 'its firmware says no serial number'
      : 'its serial number is not known yet: it has not reached iPXE';
    return { kind: 'serial-missing', text: said, todo: `wait until it does, or ${ownSerial}` };
  }
  const isGiven = discovery.wish.serial !== undefined;
  if (!isGiven && isDefaultSerial(serial)) {
    const text = `its firmware says "${serial}", which vendors ship in place of a serial number`;
    return { kind: 'serial-default', text, todo: ownSerial };
  }
  const parsed = parseSerial(serial);
  if (!parsed.ok) {
    return { kind: 'serial-invalid', text: `"${serial}": ${parsed.error}`, todo: ownSerial };
  }
  const machine = around.find(serial);
  if (machine !== undefined) return registered(discovery, machine, around);
  const others = around
    .claiming(serial)
    .filter((other) => other.state === 'waiting' && !isSameMachine(other, discovery));
  if (others.length > 0) {
    const macs = [...others.map(({ mac }) => mac), discovery.mac].sort().join(', ');
    const uuids = claims.uuid === undefined ? '' : ` (this one's UUID is ${claims.uuid})`;
    return {
      kind: 'serial-duplicate',
      text: `${others.length + 1} machines say that they are ${serial}: ${macs}${uuids}`,
      todo: `reject those that are not, or ${ownSerial}`,
    };
  }
  return undefined;
}

/** Network cards of one machine: they show the same UUID, and one of them names the other's address. */
export function isSameMachine(a: Discovery, b: Discovery): boolean {
  if (a.id === b.id) return true;
  if (a.claims.uuid === undefined || a.claims.uuid !== b.claims.uuid) return false;
  return a.macs.includes(b.mac) || b.macs.includes(a.mac);
}

function registered(discovery: Discovery, machine: Machine, around: Surroundings): Conflict {
  const { rack, serial } = machine.spec;
  const guess = guessRack(discovery, around);
  const seen = guess === undefined ? 'at a place that tells no rack' : `in rack ${guess.rack}`;
  return {
    kind: 'serial-registered',
    text: `${serial} is registered, in rack ${rack}; this machine has a network card that ${serial} never had, and was seen ${seen}`,
    todo: `if it is that machine: tetsu approve ${discovery.id} --adopt; if not: tetsu reject ${discovery.id} --reason TEXT, and look who it is`,
  };
}
