/** A responder on a memory store, and clients that speak to it with the simulated machines' own codec. */

import type { AddressProber } from '../../../src/base/address-probe.ts';
import {
  type Ipv4,
  isInside,
  type MacAddress,
  parseIpv4,
  parseMac,
} from '../../../src/base/addresses.ts';
import { createMemoryStore, type MemoryStore } from '../../../src/base/memory-store.ts';
import type { Store } from '../../../src/base/store.ts';
import { type DhcpConfig, parseDhcpConfig } from '../../../src/inventory/dhcp-config.ts';
import type { IpamConfig } from '../../../src/inventory/ipam-config.ts';
import { defaultLoaders } from '../../../src/pxe/boot-target.ts';
import type { Arrival } from '../../../src/pxe/dhcp/arrival.ts';
import type { Outgoing } from '../../../src/pxe/dhcp/job.ts';
import type { LeaseCopy } from '../../../src/pxe/dhcp/lease-memory.ts';
import type { AddressInUse } from '../../../src/pxe/dhcp/probe.ts';
import { createDhcpResponder, type ResponderRules } from '../../../src/pxe/dhcp/responder.ts';
import type { ClockWatch } from '../../../src/pxe/dhcp/reuse.ts';
import { type Networks, nodePoolNetwork } from '../../../src/pxe/networks.ts';
import type { Sighting } from '../../../src/pxe/sightings.ts';
import {
  type ClientOption,
  decodeServerPacket,
  encodeClientPacket,
  type ServerPacket,
} from '../../../src/sim/dhcp-wire.ts';
import { manualClock, seededChance } from '../../support/clock.ts';
import { ipamG } from '../../support/machines.ts';
import { type LogLine, rememberingLog } from '../../support/silent-log.ts';

export function ip(text: string): Ipv4 {
  const parsed = parseIpv4(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

/** A number's address: those of 1, 2 … prefer the first, second … address of a range of 31. */
export function mac(text: string | number): MacAddress {
  const number = typeof text === 'number' ? text.toString(16).padStart(6, '0') : '';
  const parsed = parseMac(typeof text === 'string' ? text : `52541e${number}`);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

function address(text: string): Uint8Array {
  return Uint8Array.from(text.split('.'), Number);
}

export type Bed = ReturnType<typeof aBed>;

export function aBed(
  options: {
    readonly store?: Store;
    readonly memory?: MemoryStore;
    readonly ipam?: IpamConfig | undefined;
    readonly dhcp?: unknown;
    readonly owned?: readonly string[];
    /** First address of the interface; the server's. */
    readonly server?: string;
    readonly clock?: ReturnType<typeof manualClock>;
    readonly rules?: Partial<ResponderRules>;
    /** Default: the node pool, while there are both configurations. */
    readonly networkOf?: Networks['of'];
    readonly hearChoice?: (server: Ipv4, via: string) => void;
    readonly copy?: LeaseCopy;
    readonly prober?: AddressProber;
    readonly shareInUse?: (inUse: AddressInUse) => Promise<boolean>;
    readonly clockWatch?: ClockWatch | undefined;
    readonly onClockJump?: (byMs: number) => void;
  } = {},
) {
  const clock = options.clock ?? manualClock();
  const store = options.store ?? options.memory ?? createMemoryStore({ clock });
  const lines: LogLine[] = [];
  const events: Sighting[] = [];
  const server = options.server ?? '10.69.1.3';
  const owned = new Set(options.owned?.map(ip));
  const config = parseDhcpConfig(options.dhcp ?? { 'dns-servers': ['10.0.0.1', '10.0.0.2'] });
  if (!config.ok) throw new Error(config.error);
  const facts: { ipam: IpamConfig | undefined; dhcp: DhcpConfig | undefined } = {
    ipam: 'ipam' in options ? options.ipam : ipamG,
    dhcp: config.value,
  };
  const responder = createDhcpResponder({
    world: { clock, chance: seededChance(), log: rememberingLog(lines) },
    store,
    ...(options.copy === undefined ? {} : { copy: options.copy }),
    inventory: {
      ipam: () => facts.ipam,
      dhcp: () => facts.dhcp,
      ownerOf: (one) => (owned.has(one) ? ({} as never) : undefined),
    },
    networks: { of: options.networkOf ?? nodePoolOf(facts) },
    ...(options.hearChoice === undefined ? {} : { hearChoice: options.hearChoice }),
    prober: options.prober,
    shareInUse: options.shareInUse,
    clockWatch: options.clockWatch,
    ...(options.onClockJump === undefined ? {} : { onClockJump: options.onClockJump }),
    rules: {
      relayNetworks: [],
      isOwn: (one) => one === ip(server),
      advertiseUrl: 'http://10.69.0.195:10080',
      loaders: defaultLoaders,
      holdSeconds: 60,
      ...options.rules,
    },
    tell: (event) => events.push(event),
  });
  const onLink: Arrival = {
    from: { address: '0.0.0.0', port: 68 },
    interfaceAddress: ip(server),
    serverAddress: () => ip(server),
  };
  const send = (
    payload: Uint8Array,
    arrival: Partial<Arrival> = {},
  ): Promise<Outgoing | undefined> =>
    new Promise((done) => responder.handle(payload, { ...onLink, ...arrival }, done));
  return {
    clock,
    store,
    lines,
    events,
    facts,
    responder,
    owned,
    server,
    send,
    /** The reply as a client reads it; undefined: silence. */
    ask: async (
      payload: Uint8Array,
      arrival: Partial<Arrival> = {},
    ): Promise<Reply | undefined> => {
      const outgoing = await send(payload, arrival);
      return outgoing === undefined ? undefined : readReply(outgoing);
    },
  };
}

/** The networks of a database without records. */
export function nodePoolOf(facts: {
  readonly ipam: IpamConfig | undefined;
  readonly dhcp: unknown;
}): Networks['of'] {
  return (address) => {
    if (facts.ipam === undefined || facts.dhcp === undefined) return undefined;
    const pool = nodePoolNetwork(facts.ipam);
    return isInside(address, pool.cidr) ? pool : undefined;
  };
}

export type Reply = ServerPacket & {
  readonly type: 'offer' | 'ack' | 'nak' | 'other';
  readonly to: string;
  readonly bytes: Uint8Array;
};

function readReply(outgoing: Outgoing): Reply {
  const packet = decodeServerPacket(outgoing.payload);
  if (packet === undefined) throw new Error('a client would not take this for an answer');
  const types: Record<number, Reply['type']> = { 2: 'offer', 5: 'ack', 6: 'nak' };
  return {
    ...packet,
    type: types[packet.options.get(53)?.[0] ?? 0] ?? 'other',
    to: `${outgoing.to.address}:${outgoing.to.port}`,
    bytes: outgoing.payload,
  };
}

const numbers = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
  inform: 8,
} as const;

export type MessageParts = {
  readonly mac?: MacAddress | string | number;
  readonly options?: readonly ClientOption[];
  readonly ciaddr?: string;
  readonly giaddr?: string;
  readonly broadcast?: boolean;
  readonly xid?: number;
  /** Option 50. */
  readonly wants?: string;
  /** Option 54. */
  readonly server?: string;
};

export function message(type: keyof typeof numbers, parts: MessageParts = {}): Uint8Array {
  const bytes = encodeClientPacket({
    xid: parts.xid ?? 0x12345678,
    mac: mac(parts.mac ?? 1),
    secs: 0,
    broadcast: parts.broadcast ?? false,
    bytesMin: 300,
    options: [
      [53, Uint8Array.of(numbers[type])],
      ...(parts.wants === undefined ? [] : [[50, address(parts.wants)] as const]),
      ...(parts.server === undefined ? [] : [[54, address(parts.server)] as const]),
      ...(parts.options ?? []),
    ],
  });
  if (parts.ciaddr !== undefined) bytes.set(address(parts.ciaddr), 12);
  if (parts.giaddr !== undefined) bytes.set(address(parts.giaddr), 24);
  return bytes;
}

/** DISCOVER, then REQUEST of what was offered; the acknowledged address. */
export async function bind(bed: Bed, parts: MessageParts = {}): Promise<string> {
  const offer = await bed.ask(message('discover', parts));
  if (offer?.type !== 'offer') throw new Error(`no offer but ${offer?.type ?? 'silence'}`);
  const ack = await bed.ask(
    message('request', { ...parts, wants: offer.yourAddress, server: bed.server }),
  );
  if (ack?.type !== 'ack') throw new Error(`no ACK but ${ack?.type ?? 'silence'}`);
  return ack.yourAddress;
}

export function hex(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('hex');
}

/** The stored lease table of the range that begins at `first`. */
export async function storedTable(bed: Pick<Bed, 'store'>, first: string): Promise<unknown> {
  const listing = await bed.store.get([`lease-usages/${first}`]);
  const [entry] = listing.ok ? listing.value.entries : [];
  return entry === undefined ? undefined : JSON.parse(new TextDecoder().decode(entry.value));
}
