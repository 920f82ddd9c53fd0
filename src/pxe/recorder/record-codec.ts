/**
 * Sightings as octets and back. DHCP's, which come by the thousand, are written field by field into one buffer; those of
 * TFTP and HTTP are JSON.
 *
 *      0 length (2) | kind (1): 0 DHCP, 1 JSON in UTF-8
 *      3 answer (1) | has an address (1) | has an answer's datagram (1) | 6 length of the reason (2)
 *      8 at (8, IEEE 754) | 16 address (4) | 20 relay or 0 (4)
 *     24 received: from (4 + 2), to (4 + 2), octets kept (2), octets there were (2) | 40 sent: the same
 *     56 reason in UTF-8 | datagram received | datagram sent
 */

import { formatIpv4, type Ipv4, type MacAddress, parseIpv4 } from '../../base/addresses.ts';
import { instant } from '../../base/time.ts';
import type { Endpoint } from '../../base/world.ts';
import type { DhcpSighting, Frame, HttpSighting, Sighting, TftpSighting } from '../sightings.ts';
import {
  payloadBytesMax,
  type Recorded,
  type RecordedDhcp,
  type RecordedFrame,
  textMax,
} from './recorded.ts';

/** Of one record: a DHCP message with its answer, or five texts whose every character is written as six. */
export const recordBytesMax = 40_960;

const kinds = { dhcp: 0, json: 1 } as const;
const answers = ['offer', 'ack', 'nak', 'silence'] as const;
const headBytes = 3;
const receivedAt = 24;
const sentAt = 40;
const textAt = 56;
const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder();

export type RecordWriter = {
  /** What was written last begins with it; the next `write` overwrites it. */
  readonly octets: Uint8Array;
  /** @returns how many octets it is; 0: more than a record may have. */
  readonly write: (sighting: Sighting) => number;
};

export function createRecordWriter(): RecordWriter {
  const octets = new Uint8Array(recordBytesMax);
  const view = new DataView(octets.buffer);

  const writeFrame = (headAt: number, at: number, { from, to, payload }: Frame): number => {
    view.setUint32(headAt, numberOf(from.address));
    view.setUint16(headAt + 4, from.port);
    view.setUint32(headAt + 6, numberOf(to.address));
    view.setUint16(headAt + 10, to.port);
    const kept = Math.min(payload.length, payloadBytesMax);
    view.setUint16(headAt + 12, kept);
    view.setUint16(headAt + 14, payload.length);
    octets.set(kept === payload.length ? payload : payload.subarray(0, kept), at);
    return at + kept;
  };

  /** Reasons are ours and nearly all of them plain; what is not is written by the encoder. */
  const writeReason = (reason: string): number => {
    const length = Math.min(reason.length, textMax);
    for (let at = 0; at < length; at += 1) {
      const code = reason.charCodeAt(at);
      if (code > 0x7f)
        return utf8.encodeInto(reason.slice(0, length), octets.subarray(textAt)).written;
      octets[textAt + at] = code;
    }
    return length;
  };

  const writeDhcp = (sighting: DhcpSighting): number => {
    const { address, received, sent, relay } = sighting;
    const reasonBytes = writeReason(sighting.reason);
    octets[3] = answers.indexOf(sighting.answer);
    octets[4] = address === undefined ? 0 : 1;
    octets[5] = sent === undefined ? 0 : 1;
    view.setUint16(6, reasonBytes);
    view.setFloat64(8, sighting.at);
    view.setUint32(16, address ?? 0);
    view.setUint32(20, relay?.address ?? 0);
    const end = writeFrame(receivedAt, textAt + reasonBytes, received);
    return sent === undefined ? end : writeFrame(sentAt, end, sent);
  };

  const writeJson = (sighting: TftpSighting | HttpSighting): number => {
    const text = JSON.stringify(plain(sighting));
    const { read, written } = utf8.encodeInto(text, octets.subarray(headBytes));
    return read === text.length ? headBytes + written : 0;
  };

  return {
    octets,
    write: (sighting) => {
      const isDhcp = sighting.by === 'dhcp';
      const length = isDhcp ? writeDhcp(sighting) : writeJson(sighting);
      view.setUint16(0, length);
      octets[2] = isDhcp ? kinds.dhcp : kinds.json;
      return length;
    },
  };
}

/** @param octets whole records, one after the other. */
export function readRecords(octets: Uint8Array, mac: MacAddress): readonly Recorded[] {
  const records: Recorded[] = [];
  for (let at = 0; at < octets.length; ) {
    const length = new DataView(octets.buffer, octets.byteOffset + at).getUint16(0);
    const record = octets.subarray(at, at + length);
    records.push(record[2] === kinds.dhcp ? readDhcp(record, mac) : readJson(record));
    at += length;
  }
  return records;
}

function readDhcp(record: Uint8Array, mac: MacAddress): RecordedDhcp {
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  const reasonEnd = textAt + view.getUint16(6);
  const relay = view.getUint32(20) as Ipv4;
  const [received, receivedEnd] = readFrame(record, view, receivedAt, reasonEnd);
  return {
    by: 'dhcp',
    at: instant(view.getFloat64(8)),
    mac,
    answer: answers[record[3] ?? 0] ?? 'silence',
    reason: fromUtf8.decode(record.subarray(textAt, reasonEnd)),
    address: record[4] === 1 ? (view.getUint32(16) as Ipv4) : undefined,
    relay: relay === 0 ? undefined : { address: relay },
    received,
    sent: record[5] === 1 ? readFrame(record, view, sentAt, receivedEnd)[0] : undefined,
  };
}

function readFrame(
  record: Uint8Array,
  view: DataView,
  headAt: number,
  at: number,
): readonly [RecordedFrame, end: number] {
  const endpoint = (from: number): Endpoint => ({
    address: formatIpv4(view.getUint32(from) as Ipv4),
    port: view.getUint16(from + 4),
  });
  const end = at + view.getUint16(headAt + 12);
  const payload = record.slice(at, end);
  const missing = view.getUint16(headAt + 14) - payload.length;
  return [{ from: endpoint(headAt), to: endpoint(headAt + 6), payload, missing }, end];
}

/** Without what JSON has no words for, and no text longer than is kept. */
function plain(sighting: TftpSighting | HttpSighting) {
  if (sighting.by === 'http') {
    const { path, userAgent, serial, imageId, text } = sighting;
    return {
      ...sighting,
      path: cut(path),
      userAgent: userAgent && cut(userAgent),
      serial: serial && cut(serial),
      imageId: imageId && cut(imageId),
      text: cut(text),
    };
  }
  const { request, file, text, options } = sighting;
  return {
    ...sighting,
    file: cut(file),
    text: cut(text),
    options: [...options],
    request: Array.from(request.subarray(0, payloadBytesMax)),
    missing: Math.max(request.length - payloadBytesMax, 0),
  };
}

function readJson(record: Uint8Array): Recorded {
  const told = JSON.parse(fromUtf8.decode(record.subarray(headBytes)));
  if (told.by === 'http') {
    return { userAgent: undefined, serial: undefined, imageId: undefined, ...told };
  }
  return { ...told, options: new Map(told.options), request: Uint8Array.from(told.request) };
}

function cut(text: string): string {
  return text.length > textMax ? `${text.slice(0, textMax)}…` : text;
}

function numberOf(address: string): number {
  const parsed = parseIpv4(address);
  return parsed.ok ? parsed.value : 0;
}
