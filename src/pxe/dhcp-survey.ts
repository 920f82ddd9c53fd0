/** Asks a link who lends addresses on it: one DISCOVER of a client that does not exist, and what is offered to it. */

import { formatIpv4, type Ipv4 } from '../base/addresses.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { World } from '../base/world.ts';
import { messageTypes, optionCodes, readAddress, readUint8 } from './dhcp/options.ts';
import { type DhcpPacket, decodeDhcp, encodeDhcp } from './dhcp/packet.ts';

export type DhcpOffer = {
  /** RFC 2132 section 9.7: who offers. */
  readonly server: string;
  readonly address: string;
};

/** More servers than a link has. */
const offersMax = 16;
const none = 0 as Ipv4;

/**
 * @param link the interface it goes out of and is answered on; needs UDP port 68 and CAP_NET_RAW.
 * @param waitMs how long offers are listened for: servers ping an address first, which takes them a second or two.
 * @returns offers in the order they came, one of each server.
 */
export async function surveyDhcp(
  { net, clock, chance }: Pick<World, 'net' | 'clock' | 'chance'>,
  link: string,
  waitMs: number,
): Promise<Result<readonly DhcpOffer[], string>> {
  const octet = () => Math.floor(chance.next() * 256);
  // Locally administered, so that no server gives it what belongs to a real client.
  const hardwareAddress = Uint8Array.from([2, octet(), octet(), octet(), octet(), octet()]);
  const xid = Math.floor(chance.next() * 2 ** 32);
  const offers = new Map<string, DhcpOffer>();
  const opened = await net.openUdp({
    address: '0.0.0.0',
    port: 68,
    interface: link,
    broadcast: true,
    onDatagram: ({ payload }) => {
      const offer = offerIn(payload, xid);
      if (offer !== undefined && offers.size < offersMax && !offers.has(offer.server)) {
        offers.set(offer.server, offer);
      }
    },
    onError: () => {},
  });
  if (!opened.ok) return fail(opened.error.text);
  opened.value.send(encodeDhcp(discover(xid, hardwareAddress)), {
    address: '255.255.255.255',
    port: 67,
  });
  await new Promise<void>((go) => clock.after(waitMs, go));
  opened.value.close();
  return ok([...offers.values()]);
}

function discover(xid: number, hardwareAddress: Uint8Array): DhcpPacket {
  return {
    op: 'request',
    hardwareType: 1,
    hardwareAddress,
    hops: 0,
    xid,
    secs: 0,
    // We have no address to be answered at.
    broadcast: true,
    clientAddress: none,
    yourAddress: none,
    nextServer: none,
    relayAddress: none,
    serverName: '',
    file: '',
    options: new Map([
      [optionCodes.messageType, Uint8Array.of(messageTypes.discover)],
      [optionCodes.parameterList, Uint8Array.of(optionCodes.subnetMask, optionCodes.router)],
    ]),
  };
}

function offerIn(payload: Uint8Array, xid: number): DhcpOffer | undefined {
  const packet = decodeDhcp(payload);
  if (!packet.ok || packet.value.op !== 'reply' || packet.value.xid !== xid) return undefined;
  const { options, yourAddress, nextServer } = packet.value;
  if (readUint8(options, optionCodes.messageType) !== messageTypes.offer) return undefined;
  const server = readAddress(options, optionCodes.serverId) ?? nextServer;
  return { server: formatIpv4(server), address: formatIpv4(yourAddress) };
}
