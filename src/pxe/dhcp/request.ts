/** What a client wants, read from its message: one of seven things, or nothing for us, because … (RFC 2131 section 4.3). */

import { type Ipv4, type MacAddress, macFromBytes } from '../../base/addresses.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { BootClient } from '../boot-target.ts';
import {
  addressFrom,
  lacksIpxeHttp,
  messageTypes,
  optionCodes,
  readAddress,
  readEncapsulated,
  readText,
  readUint8,
  readUint16,
  readUint16List,
  relaySubOptions,
  userClassesFrom,
} from './options.ts';
import type { DhcpPacket } from './packet.ts';

export type Wish =
  | { readonly kind: 'discover'; readonly requested: Ipv4 | undefined }
  /** REQUEST that names a server. Without an address it means what that server offered last (Sabakan's clients). */
  | { readonly kind: 'selecting'; readonly server: Ipv4; readonly requested: Ipv4 | undefined }
  /** REQUEST of a client that restarts and remembers its address. */
  | { readonly kind: 'init-reboot'; readonly requested: Ipv4 }
  /** REQUEST with ciaddr: renewing or rebinding, which only the client knows apart. */
  | { readonly kind: 'extending'; readonly address: Ipv4 }
  | { readonly kind: 'decline'; readonly server: Ipv4; readonly address: Ipv4 }
  | { readonly kind: 'release'; readonly server: Ipv4; readonly address: Ipv4 }
  | { readonly kind: 'inform'; readonly address: Ipv4 };

type Relay = {
  /** RFC: giaddr. */
  readonly address: Ipv4;
  readonly linkSelection: Ipv4 | undefined;
  readonly serverIdOverride: Ipv4 | undefined;
  /** The relay listens on the port it sends from (RFC 8357). */
  readonly repliesToSourcePort: boolean;
};

export type DhcpRequest = {
  readonly wish: Wish;
  readonly packet: DhcpPacket;
  /** Leases belong to it, whatever identifier comes along: firmware, iPXE and OS of one machine send different ones. */
  readonly mac: MacAddress;
  readonly relay: Relay | undefined;
  /**
   * Option 82 as it came; it goes back with every byte (RFC 3046 section 2.2), also without a relay: switches on the
   * link add and remove it.
   */
  readonly relayInformation: Uint8Array | undefined;
  readonly boot: BootClient;
  /** Option 55. */
  readonly asked: Pick<ReadonlySet<number>, 'has'>;
};

export type NotForUs = {
  readonly kind: 'not-for-us';
  readonly because:
    | 'a server sent it'
    | 'plain BOOTP'
    | 'unknown message type'
    | 'not Ethernet'
    | 'not a hardware address of one machine'
    | 'option of a wrong length'
    | 'incomplete';
};

/** Of 255 octets at most, looked into a few times: a set of them would cost more. */
class AskedOptions implements Pick<ReadonlySet<number>, 'has'> {
  readonly #codes: Uint8Array | undefined;

  constructor(codes: Uint8Array | undefined) {
    this.#codes = codes;
  }

  has(code: number): boolean {
    return this.#codes?.includes(code) === true;
  }
}

const ethernet = 1;
const ethernetBytes = 6;

/**
 * Options of a wrong length are as if absent, except 50 and 54 of a REQUEST, DECLINE or RELEASE: there a missing one
 * would turn the message into another wish.
 */
export function readRequest(packet: DhcpPacket): Result<DhcpRequest, NotForUs> {
  if (packet.op !== 'request') return notForUs('a server sent it');
  const type = readUint8(packet.options, optionCodes.messageType);
  if (type === undefined) {
    return notForUs(
      packet.options.has(optionCodes.messageType) ? 'option of a wrong length' : 'plain BOOTP',
    );
  }
  if (packet.hardwareType !== ethernet || packet.hardwareAddress.length !== ethernetBytes) {
    return notForUs('not Ethernet');
  }
  const groupBit = (packet.hardwareAddress[0] ?? 0) & 1;
  // All zeros is a card that was not programmed. Lease tables keep declined addresses under a group's number.
  if (groupBit === 1 || packet.hardwareAddress.every((octet) => octet === 0)) {
    return notForUs('not a hardware address of one machine');
  }
  const wish = wishOf(packet, type);
  if (!wish.ok) return wish;
  return ok({
    wish: wish.value,
    packet,
    mac: macFromBytes(packet.hardwareAddress),
    relay: relayOf(packet),
    relayInformation: packet.options.get(optionCodes.relayInformation),
    boot: bootClientOf(packet),
    asked: new AskedOptions(packet.options.get(optionCodes.parameterList)),
  });
}

function wishOf(packet: DhcpPacket, type: number): Result<Wish, NotForUs> {
  const { options, clientAddress } = packet;
  const requested = readAddress(options, optionCodes.requestedAddress);
  const server = readAddress(options, optionCodes.serverId);
  switch (type) {
    case messageTypes.discover:
      return ok({ kind: 'discover', requested });
    case messageTypes.offer:
    case messageTypes.ack:
    case messageTypes.nak:
      return notForUs('a server sent it');
    case messageTypes.inform:
      return clientAddress === 0
        ? notForUs('incomplete')
        : ok({ kind: 'inform', address: clientAddress });
    case messageTypes.request:
    case messageTypes.decline:
    case messageTypes.release:
      break;
    default:
      return notForUs('unknown message type');
  }
  if (requested === undefined && options.has(optionCodes.requestedAddress)) {
    return notForUs('option of a wrong length');
  }
  if (server === undefined && options.has(optionCodes.serverId)) {
    return notForUs('option of a wrong length');
  }
  if (type === messageTypes.decline) {
    if (server === undefined || requested === undefined) return notForUs('incomplete');
    return ok({ kind: 'decline', server, address: requested });
  }
  if (type === messageTypes.release) {
    if (server === undefined || clientAddress === 0) return notForUs('incomplete');
    return ok({ kind: 'release', server, address: clientAddress });
  }
  if (server !== undefined) return ok({ kind: 'selecting', server, requested });
  if (clientAddress !== 0) return ok({ kind: 'extending', address: clientAddress });
  return requested === undefined ? notForUs('incomplete') : ok({ kind: 'init-reboot', requested });
}

function relayOf(packet: DhcpPacket): Relay | undefined {
  if (packet.relayAddress === 0) return undefined;
  const information = packet.options.get(optionCodes.relayInformation);
  const parts = information === undefined ? undefined : readEncapsulated(information);
  return {
    address: packet.relayAddress,
    linkSelection: addressFrom(parts?.get(relaySubOptions.linkSelection)),
    serverIdOverride: addressFrom(parts?.get(relaySubOptions.serverIdOverride)),
    repliesToSourcePort: parts?.get(relaySubOptions.sourcePort)?.length === 0,
  };
}

function bootClientOf({ options }: DhcpPacket): BootClient {
  const ipxe = options.get(optionCodes.ipxe);
  const userClasses = options.get(optionCodes.userClass);
  return {
    vendorClass: readText(options, optionCodes.vendorClass),
    userClasses: userClasses === undefined ? [] : userClassesFrom(userClasses),
    architectures: readUint16List(options, optionCodes.architecture) ?? [],
    hasIpxeOptions: ipxe !== undefined,
    lacksHttp: ipxe !== undefined && lacksIpxeHttp(ipxe),
  };
}

/** UDP payload the client takes (option 57 counts IP and UDP headers too; RFC 2132 section 9.10). */
export function payloadBytesMax(packet: DhcpPacket): number {
  const headers = 28;
  const stated = readUint16(packet.options, optionCodes.messageSizeMax) ?? ipBytesMin;
  return Math.min(Math.max(stated, ipBytesMin), ethernetMtu) - headers;
}

const ipBytesMin = 576;
/** OVMF says 65280; larger answers than a frame would be fragments, which firmware does not reassemble. */
const ethernetMtu = 1500;

function notForUs(because: NotForUs['because']): Result<never, NotForUs> {
  return fail({ kind: 'not-for-us', because });
}
