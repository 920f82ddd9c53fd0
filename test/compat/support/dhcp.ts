/** DHCP from the client's and the relay's side, with a codec of its own (RFC 2131 section 2, RFC 2132). */

import { expect } from 'vitest';
import type { UdpSocket } from '../../../src/base/world.ts';
import { type Lab, serverLink } from './network.ts';
import type { Site } from './site.ts';

export const discover = 1;
export const offer = 2;
export const request = 3;
export const decline = 4;
export const ack = 5;
export const release = 7;
export const inform = 8;

export type Sent = {
  readonly type: number;
  readonly mac: string;
  readonly ciaddr?: string;
  /** The relay; default none. */
  readonly giaddr?: string;
  /** By number: an address, text, or bytes. */
  readonly options?: Readonly<Record<number, string | Uint8Array>>;
};

export type Reply = {
  readonly type: number;
  readonly ciaddr: string;
  readonly yiaddr: string;
  readonly siaddr: string;
  readonly giaddr: string;
  readonly chaddr: string;
  readonly sname: string;
  readonly file: string;
  /** In hexadecimal. */
  readonly option: (code: number) => string | undefined;
  /** In the order of the message, without the end. */
  readonly codes: readonly number[];
};

export type Party = {
  /** Sends, again and again, and waits for the reply to it. */
  readonly asks: (message: Sent) => Promise<Reply>;
  /** Sends and waits until the server has counted one more message that it keeps silent about. */
  readonly getsNothingFor: (message: Sent) => Promise<void>;
};

const serverPort = 67;
const replyWithinMs = 60_000;
/** As clients do; what is lost or comes too early is asked again. */
const againMs = 4_000;
let lastXid = 0x1000;

/** Clients on the link and behind relays: one socket for those, and one for each relay or client address. */
export function partyOf(lab: Lab, site: Site, serverAddress: string): Party {
  const waiting = new Map<number, (reply: Reply) => void>();
  const seen: number[] = [];
  const sockets = new Map<string, Promise<UdpSocket>>();
  const onDatagram = (payload: Uint8Array): void => {
    const bytes = Buffer.from(payload);
    const xid = bytes.readUInt32BE(4);
    seen.push(xid);
    waiting.get(xid)?.(decode(bytes));
  };
  const socketAt = (address: string, port: number): Promise<UdpSocket> => {
    const opened = sockets.get(address) ?? lab.openUdp(address, port, onDatagram);
    sockets.set(address, opened);
    return opened;
  };
  const send = async (message: Sent, xid: number): Promise<void> => {
    const { giaddr, ciaddr } = message;
    const client = await socketAt('0.0.0.0', 68);
    if (giaddr !== undefined) {
      (await socketAt(giaddr, serverPort)).send(encode(message, xid), {
        address: serverAddress,
        port: serverPort,
      });
      return;
    }
    const to = ciaddr === undefined ? '255.255.255.255' : serverAddress;
    client.send(encode(message, xid), { address: to, port: serverPort });
  };
  const silent = async (): Promise<number> => {
    const { dhcp } = (await site.must('GET /api/v2/status')).json;
    return dhcp.counters.silent;
  };
  return {
    asks: (message) => {
      lastXid += 1;
      const xid = lastXid;
      return new Promise((resolve, reject) => {
        const again = setInterval(() => send(message, xid).catch(reject), againMs);
        const limit = setTimeout(() => {
          clearInterval(again);
          reject(new Error(`no reply to ${JSON.stringify(message)} through ${serverLink}`));
        }, replyWithinMs);
        waiting.set(xid, (reply) => {
          clearTimeout(limit);
          clearInterval(again);
          waiting.delete(xid);
          resolve(reply);
        });
        send(message, xid).catch(reject);
      });
    },
    getsNothingFor: async (message) => {
      lastXid += 1;
      const xid = lastXid;
      const before = await silent();
      await send(message, xid);
      await expect.poll(silent).toBeGreaterThan(before);
      expect(seen).not.toContain(xid);
    },
  };
}

/** Numbered from a base that every range's size up to 2^16 divides: what stands there is the place in the range. */
export function macAt(place: number, rangeCount: number): string {
  const prefix = 0x0200_0000_0000;
  const base = prefix + ((rangeCount - (prefix % rangeCount)) % rangeCount);
  return hexPairs(base + place);
}

export function hexPairs(value: number): string {
  return value
    .toString(16)
    .padStart(12, '0')
    .replace(/..(?=.)/g, '$&:');
}

export function hexOfAddress(address: string): string {
  return addressBytes(address).toString('hex');
}

function encode({ type, mac, ciaddr, giaddr, options = {} }: Sent, xid: number): Uint8Array {
  const head = Buffer.alloc(240);
  head.set([1, 1, 6, giaddr === undefined ? 0 : 1]);
  head.writeUInt32BE(xid, 4);
  head.set(addressBytes(ciaddr ?? '0.0.0.0'), 12);
  head.set(addressBytes(giaddr ?? '0.0.0.0'), 24);
  head.set(Buffer.from(mac.replaceAll(':', ''), 'hex'), 28);
  head.writeUInt32BE(0x63825363, 236);
  const parts = Object.entries({ 53: Uint8Array.of(type), ...options }).map(([code, value]) => {
    const bytes = typeof value === 'string' ? textOrAddress(value) : value;
    return Buffer.concat([Uint8Array.of(Number(code), bytes.length), bytes]);
  });
  return Buffer.concat([head, ...parts, Uint8Array.of(255), Buffer.alloc(60)]);
}

function decode(bytes: Buffer): Reply {
  const address = (at: number): string => [...bytes.subarray(at, at + 4)].join('.');
  const text = (at: number, length: number): string =>
    bytes.toString('latin1', at, at + length).replace(/\0.*$/s, '');
  const options = new Map<number, string>();
  for (let at = 240; at < bytes.length && bytes[at] !== 255; ) {
    const [code = 0, length = 0] = bytes.subarray(at, at + 2);
    if (code === 0) {
      at += 1;
      continue;
    }
    options.set(code, bytes.toString('hex', at + 2, at + 2 + length));
    at += 2 + length;
  }
  return {
    type: Number.parseInt(options.get(53) ?? '0', 16),
    ciaddr: address(12),
    yiaddr: address(16),
    siaddr: address(20),
    giaddr: address(24),
    chaddr: hexPairs(Number.parseInt(bytes.toString('hex', 28, 34), 16)),
    sname: text(44, 64),
    file: text(108, 128),
    option: (code) => options.get(code),
    codes: [...options.keys()],
  };
}

function textOrAddress(value: string): Uint8Array {
  return /^\d+(\.\d+){3}$/.test(value) ? addressBytes(value) : Buffer.from(value);
}

function addressBytes(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}
