/**
 * DHCP datagrams as broken and hostile clients may send them: captures of real firmware with octets changed, cut off,
 * with options no client would send, and things that only look like DHCP. The same number of the same seed is the same.
 */

import { captures } from '../support/wire.ts';
import { createDice, type Dice } from './dice.ts';

export type Site = {
  /** Of relays that are answered; their networks are those that are attacked. */
  readonly relays: readonly string[];
  /** Addresses that clients claim, ask for or renew. */
  readonly addresses: readonly string[];
  readonly server: string;
};

/** Nobody may be answered there. */
const strange = ['0.0.0.1', '127.0.0.1', '192.0.2.7', '224.0.0.1', '240.1.1.1', '255.255.255.255'];
const magicAt = 236;
const optionsAt = 240;
const typeEndAt = optionsAt + 3;
/** What UDP carries at most. */
const datagramBytesMax = 65_507;

export function createDhcpPackets(site: Site, seed: number): (number: number) => Uint8Array {
  return (number) => {
    const dice = createDice(seed + number * 2_654_435_761);
    return packetOf(dice, site);
  };
}

function packetOf(dice: Dice, site: Site): Uint8Array {
  const kind = dice.next();
  if (kind < 0.02) return octets(dice, dice.below(400));
  if (kind < 0.022) return new Uint8Array();
  const bytes = aClient(dice, site);
  if (kind < 0.2) return twisted(dice, bytes);
  if (kind < 0.3) return bytes.subarray(0, dice.below(bytes.length + 1));
  if (kind < 0.65) return withOptions(bytes, hostileOptions(dice, site));
  if (kind < 0.75) return overloaded(dice, bytes);
  if (kind < 0.755) return huge(dice, bytes);
  if (kind < 0.85) return twisted(dice, withOptions(bytes, hostileOptions(dice, site)));
  // As its sender meant it: a table that stays empty hides what a full one does.
  return kind < 0.9 ? bytes : believable(dice, site, bytes);
}

/** REQUEST, DECLINE, RELEASE or INFORM of a client that knows its way, with the options of a captured message after it. */
function believable(dice: Dice, site: Site, from: Uint8Array): Uint8Array {
  const bytes = from.slice();
  // Mostly each client has its own, so that some come back to what they hold; half are so few that they do hold it.
  const isRegular = dice.isBelow(0.5);
  if (isRegular) bytes.set([0, (bytes[33] ?? 0) % site.addresses.length], 32);
  const own = site.addresses[(bytes[33] ?? 0) % site.addresses.length] ?? '0.0.0.0';
  const address = addressOf(dice.isBelow(0.8) ? own : dice.pick(site.addresses));
  if (isRegular) {
    const near = site.relays.filter((relay) => addressOf(relay)[2] === address[2]);
    bytes.set(addressOf(dice.pick(near)), 24);
  }
  const type = dice.pick([3, 3, 3, 3, 3, 4, 7, 8]);
  const wants = dice.isBelow(0.8) && type !== 8 ? [50, 4, ...address] : [];
  const server = dice.isBelow(0.8) ? [54, 4, ...addressOf(site.server)] : [];
  if (wants.length === 0 || type === 7) bytes.set(address, 12);
  bytes.set([53, 1, type, ...wants, ...server, 255], optionsAt);
  return bytes;
}

/** A captured message under another hardware address and xid, from somewhere on the site. */
function aClient(dice: Dice, site: Site): Uint8Array {
  const bytes = dice.pick(captures).bytes.slice();
  const view = new DataView(bytes.buffer);
  view.setUint32(4, dice.below(2 ** 32));
  view.setUint16(8, dice.below(2 ** 16));
  bytes[3] = dice.below(256);
  // Few enough that some come again, more than there are addresses.
  bytes.set([0x52, 0x54, 0x00, 0x00, dice.below(4), dice.below(256)], 28);
  const relay = dice.isBelow(0.03) ? dice.pick(strange) : dice.pick(site.relays);
  bytes.set(addressOf(dice.isBelow(0.9) ? relay : '0.0.0.0'), 24);
  if (dice.isBelow(0.15)) {
    bytes.set(addressOf(dice.isBelow(0.1) ? dice.pick(strange) : dice.pick(site.addresses)), 12);
  }
  return bytes;
}

function twisted(dice: Dice, from: Uint8Array): Uint8Array {
  const bytes = from.slice();
  for (let changes = 1 + dice.below(12); changes > 0; changes -= 1) {
    const at = dice.isBelow(0.7) ? optionsAt + dice.below(bytes.length - optionsAt) : undefined;
    bytes[at ?? dice.below(bytes.length)] = dice.below(256);
  }
  return bytes;
}

/** The given options after the message type, which comes first in all captures, and before the others. */
function withOptions(from: Uint8Array, options: readonly Uint8Array[]): Uint8Array {
  const size = options.reduce((sum, { length }) => sum + length, 0);
  const bytes = new Uint8Array(from.length + size);
  bytes.set(from.subarray(0, typeEndAt));
  let at = typeEndAt;
  for (const option of options) {
    bytes.set(option, at);
    at += option.length;
  }
  bytes.set(from.subarray(typeEndAt), at);
  return bytes;
}

/** What clients send that servers read, and what was a hole in one server or another. */
const codes = [
  ...[1, 3, 12, 43, 50, 51, 52, 53, 54, 55, 57, 58, 60, 61, 77, 81, 82, 93, 94, 97, 118, 119, 121],
  ...[124, 125, 150, 175, 209, 210, 220, 221],
];
const texts = [
  ...['__proto__', 'constructor', 'PXEClient', 'HTTPClient', 'HTTPClient:Arch:99999', 'iPXE'],
  ...['PXEClient:Arch:00007:UNDI:003016', "'; DROP TABLE x; --", '../../../../etc/passwd'],
  ...['$(reboot)', '`reboot`', '{{.Spec.Serial}}', '\u0000\n\r\u001b[31m', '%n%n%s', '\u202eexe'],
  '${net0/mac}\nchain http://elsewhere',
];

function hostileOptions(dice: Dice, site: Site): readonly Uint8Array[] {
  return Array.from({ length: 1 + dice.below(6) }, () => {
    switch (dice.below(12)) {
      case 0:
        // With the message's own it is of two octets; so mostly the message ends here.
        return Uint8Array.of(53, 1, dice.below(10), dice.isBelow(0.8) ? 255 : 0);
      case 1:
        return Uint8Array.of(
          54,
          4,
          ...addressOf(dice.isBelow(0.7) ? site.server : dice.pick(strange)),
        );
      case 2:
        return Uint8Array.of(50, 4, ...addressOf(dice.pick(site.addresses)));
      case 3:
        return optionOf(dice.pick([12, 43, 60, 61, 77, 81, 82]), latin1(dice.pick(texts)));
      case 4:
        return optionOf(82, encapsulated(dice, [1, 2, 5, 9, 11, 19, 151, 152]));
      case 5:
        return optionOf(175, encapsulated(dice, [1, 8, 0x13, 0x14, 0x15, 0xb0, 0xb1, 0xeb]));
      case 6:
        // A length that says more than there is.
        return Uint8Array.of(dice.pick(codes), 255, ...octets(dice, dice.below(20)));
      case 7:
        return dice.isBelow(0.5) ? Uint8Array.of(255) : new Uint8Array(dice.below(40));
      default:
        return optionOf(dice.pick(codes), octets(dice, dice.pick([0, 1, 2, 3, 4, 5, 16, 17, 255])));
    }
  });
}

function encapsulated(dice: Dice, numbers: readonly number[]): Uint8Array {
  const parts = Array.from({ length: dice.below(8) }, () => {
    const length = dice.pick([0, 1, 4, 4, 5, 200]);
    return [
      dice.pick(numbers),
      length,
      ...octets(dice, dice.isBelow(0.9) ? length : dice.below(9)),
    ];
  });
  return Uint8Array.from(parts.flat()).subarray(0, 255);
}

/** Option 52 in the options, in `file` and in `sname`, each pointing at the others. */
function overloaded(dice: Dice, from: Uint8Array): Uint8Array {
  const bytes = withOptions(from, [Uint8Array.of(52, 1, dice.below(5))]);
  for (const [at, length] of [
    [44, 64],
    [108, 128],
  ] as const) {
    const area = [
      ...[52, 1, dice.below(5), 53, 1, dice.below(10), 61, 3, 1, 2, 3],
      ...[dice.pick(codes), dice.below(256)],
      ...octets(dice, length),
    ];
    bytes.set(area.slice(0, length), at);
  }
  if (dice.isBelow(0.1)) bytes.fill(52, 44, magicAt);
  return bytes;
}

/** Up to 64 KiB: of parts of one option, of pads, of options without a value, of one long tail. */
function huge(dice: Dice, from: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(optionsAt + 60 + dice.below(datagramBytesMax - optionsAt - 60));
  bytes.set(from.subarray(0, Math.min(from.length, optionsAt + 3)));
  const code = dice.pick([0, 12, 60, 61, 77, 82, 82, 175]);
  const part = dice.pick([0, 1, 2, 255]);
  for (let at = optionsAt + 3; at + 2 + part < bytes.length; at += code === 0 ? 512 : 2 + part) {
    if (code === 0) continue;
    bytes[at] = code;
    bytes[at + 1] = part;
    bytes.fill(1, at + 2, at + 2 + part);
  }
  return bytes;
}

function optionOf(code: number, value: Uint8Array): Uint8Array {
  return Uint8Array.of(code, value.length, ...value);
}

function octets(dice: Dice, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 1) bytes[at] = dice.below(256);
  return bytes;
}

function addressOf(text: string): Uint8Array {
  return Uint8Array.from(text.split('.'), Number);
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff);
}
