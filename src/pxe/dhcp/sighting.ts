/**
 * A DHCP message as a sighting. Thousands a second are told and few are looked at, so whatever takes reading or
 * formatting is worked out when somebody asks for it, and then once.
 */

import { formatIpv4, type Ipv4 } from '../../base/addresses.ts';
import type { Instant } from '../../base/time.ts';
import type { Endpoint } from '../../base/world.ts';
import type { DhcpClientFacts, DhcpRelayFacts, DhcpSighting, Frame } from '../sightings.ts';
import { optionCodes, readEncapsulated, readText, relaySubOptions } from './options.ts';
import type { DhcpRequest } from './request.ts';

/** A message that was understood, and how it came. */
export type Seen = {
  readonly request: DhcpRequest;
  readonly payload: Uint8Array;
  readonly from: Endpoint;
  /** Ours towards it, where there is one. */
  readonly serverAddress: Ipv4 | undefined;
  /** Of the socket it came in on; default 67. */
  readonly port: number | undefined;
  readonly interface: string | undefined;
};

export type Outcome = Pick<DhcpSighting, 'answer' | 'reason' | 'address' | 'bootFile'> & {
  readonly sent?: { readonly payload: Uint8Array; readonly to: Endpoint };
};

const dhcpPort = 67;
const everybody = '255.255.255.255';
const uuidBytes = 16;

export function dhcpSighting(at: Instant, seen: Seen, outcome: Outcome): DhcpSighting {
  return new SeenMessage(at, seen, outcome);
}

class SeenMessage implements DhcpSighting {
  readonly by = 'dhcp';
  readonly at: Instant;
  readonly #seen: Seen;
  readonly #outcome: Outcome;
  #client: DhcpClientFacts | undefined;
  #relay: DhcpRelayFacts | undefined;

  constructor(at: Instant, seen: Seen, outcome: Outcome) {
    this.at = at;
    this.#seen = seen;
    this.#outcome = outcome;
  }

  get mac() {
    return this.#seen.request.mac;
  }
  get xid() {
    return this.#seen.request.packet.xid;
  }
  get message() {
    return this.#seen.request.wish.kind;
  }
  get answer() {
    return this.#outcome.answer;
  }
  get reason() {
    return this.#outcome.reason;
  }
  get address() {
    return this.#outcome.address;
  }
  get bootFile() {
    return this.#outcome.bootFile;
  }
  get interface() {
    return this.#seen.interface;
  }

  get client(): DhcpClientFacts {
    this.#client ??= new ClientFacts(this.#seen.request);
    return this.#client;
  }

  get relay(): DhcpRelayFacts | undefined {
    const { relay, relayInformation } = this.#seen.request;
    if (relay === undefined) return undefined;
    this.#relay ??= new RelayFacts(relay.address, relayInformation);
    return this.#relay;
  }

  get received(): Frame {
    const { request, payload, from } = this.#seen;
    // A client without an address speaks to everybody; one that has it, and a relay, speak to us.
    const isBroadcast = request.relay === undefined && request.packet.clientAddress === 0;
    return {
      from,
      to: isBroadcast ? { address: everybody, port: this.#port() } : this.#own(),
      payload,
    };
  }

  get sent(): Frame | undefined {
    const { sent } = this.#outcome;
    return sent && { from: this.#own(), ...sent };
  }

  #own(): Endpoint {
    const { serverAddress } = this.#seen;
    const address = serverAddress === undefined ? '0.0.0.0' : formatIpv4(serverAddress);
    return { address, port: this.#port() };
  }

  #port(): number {
    return this.#seen.port ?? dhcpPort;
  }
}

/** Classes, since an object literal with accessors costs a dictionary each. */
class RelayFacts implements DhcpRelayFacts {
  readonly address: Ipv4;
  readonly #information: Uint8Array | undefined;

  constructor(address: Ipv4, information: Uint8Array | undefined) {
    this.address = address;
    this.#information = information;
  }

  get circuitId() {
    return this.#part(relaySubOptions.circuitId);
  }
  get remoteId() {
    return this.#part(relaySubOptions.remoteId);
  }

  #part(code: number): Uint8Array | undefined {
    return this.#information && readEncapsulated(this.#information).get(code);
  }
}

class ClientFacts implements DhcpClientFacts {
  readonly #request: DhcpRequest;

  constructor(request: DhcpRequest) {
    this.#request = request;
  }

  get vendorClass() {
    return this.#request.boot.vendorClass;
  }
  get architectures() {
    return this.#request.boot.architectures;
  }
  get isIpxe() {
    const { boot } = this.#request;
    return boot.hasIpxeOptions || boot.userClasses.includes('iPXE');
  }
  get userClasses() {
    return this.#request.boot.userClasses.filter((one) => one !== '');
  }
  get uuid() {
    return uuidFrom(this.#options.get(optionCodes.machineId));
  }
  get clientId() {
    const clientId = this.#options.get(optionCodes.clientId);
    return clientId && hexOf(clientId);
  }
  get hostName() {
    return readText(this.#options, optionCodes.hostName);
  }

  get #options() {
    return this.#request.packet.options;
  }
}

/** RFC 4578 section 2.3: type 0 and 16 octets, the first three fields as they lie in the memory of a PC. */
function uuidFrom(value: Uint8Array | undefined): string | undefined {
  if (value?.length !== uuidBytes + 1 || value[0] !== 0) return undefined;
  const part = (from: number, to: number) => value.subarray(from + 1, to + 1);
  return [
    part(0, 4).toReversed(),
    part(4, 6).toReversed(),
    part(6, 8).toReversed(),
    part(8, 10),
    part(10, 16),
  ]
    .map(hexOf)
    .join('-');
}

const hexOctets = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, '0'));

function hexOf(octets: Uint8Array): string {
  let text = '';
  for (const octet of octets) text += hexOctets[octet];
  return text;
}
