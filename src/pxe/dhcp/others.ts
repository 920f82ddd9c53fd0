/**
 * DHCP and PXE servers that are none of ours, as they are heard on the wire: their broadcasts to clients, and the REQUESTs
 * of clients that chose them. Nothing is asked of anybody.
 */

import { formatIpv4, type Ipv4 } from '../../base/addresses.ts';
import { formatInstant, type Instant, type Rfc3339 } from '../../base/time.ts';
import type { World } from '../../base/world.ts';
import { messageTypes, optionCodes, readAddress, readText, readUint8 } from './options.ts';
import { type DhcpPacket, decodeDhcp } from './packet.ts';

export type OtherServer = {
  /** Option 54; of a server that names none, siaddr. */
  readonly address: string;
  /** `interface eth1`, or `relay 10.1.2.1`. */
  readonly via: string;
  /** It lends addresses. */
  readonly dhcp: boolean;
  /** It names boot files: machines may load its program instead of ours. */
  readonly pxe: boolean;
  /** The last one; Latin-1, as it was sent. */
  readonly bootFile: string | undefined;
  readonly messages: number;
  readonly firstAt: Rfc3339;
  readonly lastAt: Rfc3339;
};

export type Others = {
  /** @param payload a datagram to port 68. */
  readonly hearReply: (payload: Uint8Array, via: string) => void;
  /** A client told everybody that it takes what this server offers. */
  readonly hearChoice: (server: Ipv4, via: string) => void;
  /** Tells the log of those that are new; call it every few seconds. */
  readonly look: () => void;
  readonly list: () => readonly OtherServer[];
  /** Messages, also of those that the list has no room for. */
  readonly heard: () => number;
};

/** More than any site has; a flood of invented ones fills it and no more. */
export const othersMax = 64;
/** A server that was switched off is one no more after this. */
const forgottenMs = 24 * 60 * 60 * 1_000;
/** Each is a line once, and again after this long. */
const toldAgainMs = 24 * 60 * 60 * 1_000;

type Entry = {
  readonly server: Ipv4;
  readonly via: string;
  readonly firstAt: Instant;
  dhcp: boolean;
  pxe: boolean;
  bootFile: string | undefined;
  messages: number;
  lastAt: Instant;
  toldAt: Instant | undefined;
};

/** @param isOurs this server's addresses, and those of the other servers on the same store. */
export function createOthers(
  { clock, log }: Pick<World, 'clock' | 'log'>,
  isOurs: (address: Ipv4) => boolean,
): Others {
  const entries = new Map<string, Entry>();

  let heard = 0;

  const entryOf = (server: Ipv4, via: string): Entry | undefined => {
    heard += 1;
    const key = `${server} ${via}`;
    const now = clock.now();
    const known = entries.get(key);
    if (known !== undefined) {
      known.messages += 1;
      known.lastAt = now;
      return known;
    }
    if (entries.size >= othersMax) return undefined;
    const entry: Entry = {
      ...{ server, via, firstAt: now, lastAt: now, messages: 1 },
      ...{ dhcp: false, pxe: false, bootFile: undefined, toldAt: undefined },
    };
    entries.set(key, entry);
    return entry;
  };

  return {
    hearReply: (payload, via) => {
      const server = serverFieldOf(payload);
      // Most of what comes here is our own answers: not worth decoding.
      if (server === undefined || (server !== 0 && isOurs(server))) return;
      const packet = decodeDhcp(payload);
      if (!packet.ok || packet.value.op !== 'reply') return;
      const type = readUint8(packet.value.options, optionCodes.messageType);
      if (!serverMessages.includes(type)) return;
      const named = readAddress(packet.value.options, optionCodes.serverId) ?? server;
      if (named === 0 || isOurs(named)) return;
      const entry = entryOf(named, via);
      if (entry === undefined) return;
      const offer = offerIn(packet.value);
      entry.dhcp ||= offer.dhcp;
      entry.pxe ||= offer.pxe;
      entry.bootFile = offer.bootFile ?? entry.bootFile;
    },
    hearChoice: (server, via) => {
      if (server === 0 || isOurs(server)) return;
      const entry = entryOf(server, via);
      if (entry !== undefined) entry.dhcp = true;
    },
    look: () => {
      const now = clock.now();
      for (const [key, entry] of entries) {
        // A server of ours that was heard before its name was: or one that is no more.
        if (isOurs(entry.server) || now - entry.lastAt > forgottenMs) {
          entries.delete(key);
        } else if (entry.toldAt === undefined || now - entry.toldAt > toldAgainMs) {
          entry.toldAt = now;
          const { address, via, bootFile } = shown(entry);
          log.warn('another server answers machines', {
            address,
            via,
            offers: offersOf(entry),
            bootFile: bootFile ?? '',
          });
        }
      }
    },
    list: () => [...entries.values()].map(shown),
    heard: () => heard,
  };
}

const serverMessages: readonly (number | undefined)[] = [
  messageTypes.offer,
  messageTypes.ack,
  messageTypes.nak,
];

/** siaddr, read without decoding the rest; undefined: no server's message. */
function serverFieldOf(payload: Uint8Array): Ipv4 | undefined {
  const siaddrAt = 20;
  if (payload.length < 240 || payload[0] !== 2) return undefined;
  return new DataView(payload.buffer, payload.byteOffset).getUint32(siaddrAt) as Ipv4;
}

function offerIn({ options, yourAddress, file }: DhcpPacket) {
  const named = file === '' ? readText(options, optionCodes.bootFile) : file;
  const bootFile = named === '' ? undefined : named;
  const vendorClass = readText(options, optionCodes.vendorClass) ?? '';
  const isNak = readUint8(options, optionCodes.messageType) === messageTypes.nak;
  return {
    dhcp: yourAddress !== 0 || isNak,
    pxe: bootFile !== undefined || /^(PXE|HTTP)Client/.test(vendorClass),
    bootFile,
  };
}

function shown(entry: Entry): OtherServer {
  const { server, via, dhcp, pxe, bootFile, messages, firstAt, lastAt } = entry;
  return {
    ...{ address: formatIpv4(server), via, dhcp, pxe, bootFile, messages },
    firstAt: formatInstant(firstAt),
    lastAt: formatInstant(lastAt),
  };
}

function offersOf({ dhcp, pxe }: Entry): string {
  return [...(dhcp ? ['addresses'] : []), ...(pxe ? ['boot files'] : [])].join(' and ');
}
