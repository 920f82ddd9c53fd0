/** An answer as a message: fields by RFC 2131 table 3, options in a size the client takes. */

import { formatIpv4, type Ipv4, netmask } from '../../base/addresses.ts';
import type { BootTarget } from '../boot-target.ts';
import { bootFileOf } from '../boot-target.ts';
import type { Answer } from './answer.ts';
import {
  addressValue,
  ipxeNoProxyDhcp,
  messageTypes,
  optionCodes,
  textValue,
  uint32Value,
} from './options.ts';
import { type DhcpPacket, encodedBytes, fileBytesMax } from './packet.ts';
import { type DhcpRequest, payloadBytesMax } from './request.ts';
import type { Subnet } from './subnet.ts';

export type ReplyFacts = {
  readonly subnet: Subnet;
  /** Ours, on the side the request came from; TFTP is served there too. */
  readonly serverAddress: Ipv4;
  readonly dnsServers: readonly Ipv4[];
  readonly leaseSeconds: number;
  /** What the client is told to boot; `none` for answers that carry no boot file. */
  readonly target: BootTarget;
};

type Spoken = Exclude<Answer, { kind: 'silence' }>;
type Options = Map<number, Uint8Array>;

const noAddress = 0 as Ipv4;
/** The same in every answer, and only read. */
const typeValues = {
  offer: Uint8Array.of(messageTypes.offer),
  ack: Uint8Array.of(messageTypes.ack),
  nak: Uint8Array.of(messageTypes.nak),
} as const;
const maskValues = Array.from({ length: 33 }, (_, bits) => addressValue(netmask(bits)));

export function replyTo(request: DhcpRequest, answer: Spoken, facts: ReplyFacts): DhcpPacket {
  const { packet, relay } = request;
  const serverId = relay?.serverIdOverride ?? facts.serverAddress;
  const options: Options = new Map();
  options.set(optionCodes.messageType, typeValues[answer.kind]);
  options.set(optionCodes.serverId, addressValue(serverId));
  const clientId = packet.options.get(optionCodes.clientId);
  // RFC 6842: unchanged, and only when it was sent.
  if (clientId !== undefined) options.set(optionCodes.clientId, clientId);
  if (request.relayInformation !== undefined) {
    options.set(optionCodes.relayInformation, request.relayInformation);
  }
  const common = {
    op: 'reply',
    hardwareType: packet.hardwareType,
    hardwareAddress: packet.hardwareAddress,
    hops: 0,
    xid: packet.xid,
    secs: 0,
    relayAddress: packet.relayAddress,
    options,
  } as const;

  if (answer.kind === 'nak') {
    return fitted(
      {
        ...common,
        // The relay is to broadcast it: the client's address is just what is wrong (RFC 2131 section 4.3.2).
        broadcast: packet.broadcast || relay !== undefined,
        clientAddress: noAddress,
        yourAddress: noAddress,
        nextServer: noAddress,
        serverName: '',
        file: '',
      },
      payloadBytesMax(packet),
    );
  }
  addNetwork(options, request, facts);
  const leased = answer.kind === 'offer' || answer.leased;
  if (leased) addTimes(options, request, facts.leaseSeconds);
  const file = addBoot(options, request, facts.target);
  return fitted(
    {
      ...common,
      broadcast: packet.broadcast,
      clientAddress: answer.kind === 'ack' ? packet.clientAddress : noAddress,
      yourAddress: leased ? answer.address : noAddress,
      nextServer: facts.serverAddress,
      serverName: formatIpv4(facts.serverAddress),
      file,
    },
    payloadBytesMax(packet),
    leftOutFirst(facts.target, file),
  );
}

function addNetwork(options: Options, { asked }: DhcpRequest, facts: ReplyFacts): void {
  const { subnet, dnsServers } = facts;
  options.set(
    optionCodes.subnetMask,
    maskValues[subnet.prefixLength] ?? addressValue(netmask(subnet.prefixLength)),
  );
  options.set(optionCodes.router, addressValue(subnet.router));
  if (dnsServers.length > 0) options.set(optionCodes.dnsServers, addressValue(...dnsServers));
  if (asked.has(optionCodes.broadcastAddress)) {
    options.set(optionCodes.broadcastAddress, addressValue(subnet.broadcast));
  }
}

/** T1 and T2 by RFC 2131 section 4.4.5: a half and seven eighths. */
function addTimes(options: Options, { asked }: DhcpRequest, leaseSeconds: number): void {
  options.set(optionCodes.leaseSeconds, uint32Value(leaseSeconds));
  if (asked.has(optionCodes.renewalSeconds)) {
    options.set(optionCodes.renewalSeconds, uint32Value(Math.floor(leaseSeconds / 2)));
  }
  if (asked.has(optionCodes.rebindingSeconds)) {
    options.set(optionCodes.rebindingSeconds, uint32Value(Math.floor((leaseSeconds * 7) / 8)));
  }
}

/** @returns the `file` field. A name too long for it goes into option 67, any other there too for those who ask. */
function addBoot(options: Options, { packet, asked }: DhcpRequest, target: BootTarget): string {
  const machineId = packet.options.get(optionCodes.machineId);
  if (machineId?.length === machineIdBytes && machineId[0] === 0) {
    options.set(optionCodes.machineId, machineId);
  }
  if (target.kind === 'http-loader') options.set(optionCodes.vendorClass, textValue('HTTPClient'));
  if (target.kind === 'ipxe-script') {
    options.set(optionCodes.ipxe, Uint8Array.of(ipxeNoProxyDhcp, 1, 1));
  }
  const file = bootFileOf(target) ?? '';
  const fits = file.length <= fileBytesMax;
  if (!fits || (file !== '' && asked.has(optionCodes.bootFile))) {
    options.set(optionCodes.bootFile, textValue(file));
  }
  return fits ? file : '';
}

/** RFC 4578 section 2.3: type 0 and a UUID. */
const machineIdBytes = 17;

/** What goes first when the answer is too large; the rest is what a client cannot do without. */
const dispensable = [
  optionCodes.ipxe,
  optionCodes.machineId,
  optionCodes.broadcastAddress,
  optionCodes.renewalSeconds,
  optionCodes.rebindingSeconds,
  optionCodes.dnsServers,
  optionCodes.relayInformation,
  optionCodes.clientId,
];

/** Option 67 only repeats what fits into `file`. A URL may need the DNS servers. */
function leftOutFirst(target: BootTarget, file: string): readonly number[] {
  const extras = file === '' ? dispensable : [optionCodes.bootFile, ...dispensable];
  return target.kind === 'http-loader'
    ? extras.filter((code) => code !== optionCodes.dnsServers)
    : extras;
}

function fitted(
  packet: DhcpPacket,
  bytesMax: number,
  without: readonly number[] = dispensable,
): DhcpPacket {
  if (encodedBytes(packet) <= bytesMax) return packet;
  const options = new Map(packet.options);
  const shorter = { ...packet, options };
  for (const code of without) {
    if (encodedBytes(shorter) <= bytesMax) break;
    options.delete(code);
  }
  return shorter;
}
