/**
 * Frames as a pcapng file (draft-ietf-opsawg-pcapng), which Wireshark, tshark and tcpdump read: each with its time and what
 * there is to say of it. Files of several servers joined end to end are one file again.
 */

import type { Instant } from '../../base/time.ts';
import type { WireFrame } from './frames.ts';

export type CapturedFrame = WireFrame & { readonly at: Instant; readonly comment: string };

const blockTypes = { section: 0x0a0d0d0a, interface: 1, packet: 6 } as const;
const optionCodes = { comment: 1, userApplication: 4, name: 2, timeResolution: 9 } as const;
const byteOrderMagic = 0x1a2b3c4d;
const linkTypeEthernet = 1;
const microsecondExponent = 6;

/** @param server which server saw it. */
export function encodePcapng(frames: readonly CapturedFrame[], server: string): Uint8Array {
  const version = new Uint8Array(16);
  const view = new DataView(version.buffer);
  view.setUint32(0, byteOrderMagic, true);
  view.setUint16(4, 1, true);
  // The length of the section: not said.
  view.setBigInt64(8, -1n, true);
  const link = new Uint8Array(8);
  new DataView(link.buffer).setUint16(0, linkTypeEthernet, true);
  return joined([
    block(blockTypes.section, version, [
      option(optionCodes.userApplication, 'Tetsukan'),
      option(optionCodes.comment, `seen by ${server}; headers below UDP and TCP are made up`),
    ]),
    block(blockTypes.interface, link, [
      option(optionCodes.name, server),
      [optionCodes.timeResolution, Uint8Array.of(microsecondExponent)],
    ]),
    ...frames.map(packetBlock),
  ]);
}

type Option = readonly [code: number, value: Uint8Array];

const utf8 = new TextEncoder();

function option(code: number, text: string): Option {
  return [code, utf8.encode(text)];
}

function packetBlock({ bytes, originalBytes, at, comment }: CapturedFrame): Uint8Array {
  const head = new Uint8Array(20 + padded(bytes.length));
  const view = new DataView(head.buffer);
  const microseconds = BigInt(Math.round(at)) * 1_000n;
  view.setUint32(4, Number(microseconds >> 32n), true);
  view.setUint32(8, Number(microseconds & 0xffff_ffffn), true);
  view.setUint32(12, bytes.length, true);
  view.setUint32(16, originalBytes, true);
  head.set(bytes, 20);
  return block(
    blockTypes.packet,
    head,
    comment === '' ? [] : [option(optionCodes.comment, comment)],
  );
}

/** Type, length, body, options, and the length again, all in units of four octets; options end with one of zeros. */
function block(type: number, body: Uint8Array, options: readonly Option[]): Uint8Array {
  const optionBytes = options.reduce((sum, [, value]) => sum + 4 + padded(value.length), 0);
  const total = 12 + body.length + (options.length === 0 ? 0 : optionBytes + 4);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, total, true);
  bytes.set(body, 8);
  let at = 8 + body.length;
  for (const [code, value] of options) {
    view.setUint16(at, code, true);
    view.setUint16(at + 2, value.length, true);
    bytes.set(value, at + 4);
    at += 4 + padded(value.length);
  }
  view.setUint32(total - 4, total, true);
  return bytes;
}

function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
