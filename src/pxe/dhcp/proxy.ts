/**
 * Beside a DHCP server of others (PXE 2.1 section 2.2.3, "proxyDHCP"): who boots hears a boot file from us and an address
 * from them. Nothing is lent, nothing is stored, and who does not boot hears nothing.
 */

import { formatIpv4, type Ipv4 } from '../../base/addresses.ts';
import { type BootTarget, bootFileOf } from '../boot-target.ts';
import { leftToAnother } from '../sightings.ts';
import { addressValue, messageTypes, optionCodes, readEncapsulated, textValue } from './options.ts';
import { type DhcpPacket, encodedBytes, fileBytesMax } from './packet.ts';
import { type DhcpRequest, payloadBytesMax } from './request.ts';

/** Where a client asks for its boot file that has an address already (PXE 2.1 section 2.2.1). */
export const bootServerPort = 4011;

export type ProxyAnswer =
  | { readonly kind: 'offer' | 'ack'; readonly packet: DhcpPacket; readonly reason: string }
  | { readonly kind: 'silence'; readonly reason: string };

export type ProxyFacts = {
  readonly target: BootTarget;
  /** Ours, towards the client; TFTP is served there, too. */
  readonly serverAddress: Ipv4;
  /** It came to port 4011. */
  readonly isBootServer: boolean;
};

export function proxyAnswerTo(request: DhcpRequest, facts: ProxyFacts): ProxyAnswer {
  const { wish } = request;
  const { target } = facts;
  // Whoever it is, it says so in everybody's hearing: a timeline goes on with the address that it takes.
  if (wish.kind === 'selecting' && !facts.isBootServer) return silence(leftToAnother.address);
  if (target.kind === 'none')
    return silence('it does not boot: another server gives addresses here');
  if (target.kind === 'no-loader') return silence(target.text);
  if (facts.isBootServer) {
    switch (wish.kind) {
      case 'extending':
      case 'selecting':
      case 'init-reboot':
      case 'inform':
        return { kind: 'ack', packet: reply(request, 'ack', facts), reason: 'the boot file' };
      case 'discover':
      case 'decline':
      case 'release':
        return silence('port 4011 names boot files and nothing else');
    }
  }
  switch (wish.kind) {
    case 'discover': {
      const packet = reply(request, 'offer', facts);
      return { kind: 'offer', packet, reason: 'a boot file beside another DHCP server' };
    }
    case 'inform':
      return { kind: 'ack', packet: reply(request, 'ack', facts), reason: 'the boot file' };
    case 'selecting':
    case 'init-reboot':
    case 'extending':
    case 'decline':
    case 'release':
      return silence(leftToAnother.address);
  }
}

const noAddress = 0 as Ipv4;

const pxeSubOptions = {
  /** PXE_DISCOVERY_CONTROL. */
  discoveryControl: 6,
  /** PXE_BOOT_ITEM: the type of boot server that was chosen, and the layer. */
  bootItem: 71,
  end: 255,
} as const;
/** Bit 3: take the file that this answer names; show no menu and look for no other server. */
const useThisFile = 8;

/** Without 51, 1 and 3: there is no lease; without 175: an iPXE that heard "no proxy" would leave this very answer out. */
function reply(
  { packet, relay, relayInformation }: DhcpRequest,
  type: 'offer' | 'ack',
  { target, serverAddress }: ProxyFacts,
): DhcpPacket {
  const overHttp = target.kind === 'http-loader';
  const options = new Map<number, Uint8Array>([
    [optionCodes.messageType, Uint8Array.of(messageTypes[type])],
    [optionCodes.serverId, addressValue(relay?.serverIdOverride ?? serverAddress)],
    // EDK2 and PXE ROMs know a proxy's answer by it.
    [optionCodes.vendorClass, textValue(overHttp ? 'HTTPClient' : 'PXEClient')],
  ]);
  if (!overHttp) options.set(optionCodes.vendorOptions, vendorOptions(packet));
  for (const code of [optionCodes.clientId, optionCodes.machineId]) {
    const value = packet.options.get(code);
    if (value !== undefined) options.set(code, value);
  }
  if (relayInformation !== undefined) options.set(optionCodes.relayInformation, relayInformation);
  const file = bootFileOf(target) ?? '';
  const fits = file.length <= fileBytesMax;
  if (!fits) options.set(optionCodes.bootFile, textValue(file));
  const answer: DhcpPacket = {
    op: 'reply',
    hardwareType: packet.hardwareType,
    hardwareAddress: packet.hardwareAddress,
    hops: 0,
    xid: packet.xid,
    secs: 0,
    broadcast: packet.broadcast,
    clientAddress: type === 'ack' ? packet.clientAddress : noAddress,
    yourAddress: noAddress,
    nextServer: serverAddress,
    relayAddress: packet.relayAddress,
    serverName: formatIpv4(serverAddress),
    file: fits ? file : '',
    options,
  };
  for (const code of dispensable) {
    if (encodedBytes(answer) <= payloadBytesMax(packet)) break;
    options.delete(code);
  }
  return answer;
}

const dispensable = [optionCodes.machineId, optionCodes.relayInformation, optionCodes.clientId];

/** What the client chose on port 4011 goes back to it (PXE 2.1 table 2-4). */
function vendorOptions(packet: DhcpPacket): Uint8Array {
  const asked = readEncapsulated(packet.options.get(optionCodes.vendorOptions) ?? new Uint8Array());
  const item = asked.get(pxeSubOptions.bootItem);
  return Uint8Array.from([
    ...[pxeSubOptions.discoveryControl, 1, useThisFile],
    ...(item?.length === 4 ? [pxeSubOptions.bootItem, 4, ...item] : []),
    pxeSubOptions.end,
  ]);
}

function silence(reason: string): ProxyAnswer {
  return { kind: 'silence', reason };
}
