/**
 * What was seen of a machine as the packets of a capture. DHCP messages and TFTP requests are the octets that came and went;
 * of TFTP's answers and of HTTP the heads are written anew from what is known, and contents are left out: a capture holds no
 * file, no Ignition document and no credential.
 */

import { formatIpv4, type MacAddress } from '../../base/addresses.ts';
import { addMs } from '../../base/time.ts';
import type { Endpoint } from '../../base/world.ts';
import type { HttpSighting, TftpSighting } from '../sightings.ts';
import { encodeTftp, errorCodes } from '../tftp/packet.ts';
import { plainIpv4 } from '../who.ts';
import { type Hop, segmentBytesMax, tcpFrame, udpFrame } from './frames.ts';
import type { CapturedFrame } from './pcapng.ts';
import type { Recorded, RecordedDhcp, RecordedTftp } from './recorded.ts';

/** @param server where this server answers HTTP; an address of 0.0.0.0: nobody knows, so that of DHCP is taken. */
export function captureOf(
  mac: MacAddress,
  sightings: readonly Recorded[],
  server: Endpoint,
): readonly CapturedFrame[] {
  const ends = new Map(
    sightings.flatMap((one) =>
      one.by === 'http' && one.phase === 'ended' ? [[one.requestId, one] as const] : [],
    ),
  );
  const spoke = sightings.find((one) => one.by === 'dhcp' && one.sent !== undefined);
  const known = spoke?.by === 'dhcp' ? spoke.sent?.from.address : undefined;
  const http =
    server.address === unknownAddress ? { ...server, address: known ?? unknownAddress } : server;
  const framesOf = (sighting: Recorded, at: number): readonly CapturedFrame[] => {
    switch (sighting.by) {
      case 'dhcp':
        return dhcpFrames(mac, sighting);
      case 'tftp':
        return tftpFrames(mac, sighting);
      case 'http':
        if (sighting.phase !== 'answered') return [];
        return httpFrames(mac, sighting, ends.get(sighting.requestId), http, at);
    }
  };
  const frames = sightings.flatMap(framesOf);
  return frames.toSorted((a, b) => a.at - b.at);
}

const unknownAddress = '0.0.0.0';

function hopOf(mac: MacAddress, from: Endpoint, to: Endpoint, ...own: readonly string[]): Hop {
  return { from, to, machine: { mac, addresses: new Set(own) } };
}

function dhcpFrames(mac: MacAddress, sighting: RecordedDhcp): readonly CapturedFrame[] {
  const { at, received, sent, relay, address, answer, reason } = sighting;
  // What a relay passed on came in its frame, but for a client that asks by itself.
  const own = [
    ...(relay === undefined ? [received.from.address, unknownAddress] : []),
    ...(address === undefined ? [] : [formatIpv4(address)]),
  ];
  const comment = shortened(`${answer}: ${reason}`);
  const came: CapturedFrame = {
    ...udpFrame(hopOf(mac, received.from, received.to, ...own), received.payload, received.missing),
    at,
    comment: sent === undefined ? comment : '',
  };
  if (sent === undefined) return [came];
  const went = udpFrame(hopOf(mac, sent.from, sent.to, ...own), sent.payload, sent.missing);
  return [came, { ...went, at, comment }];
}

const blockBytesDefault = 512;
const refusals: Readonly<Partial<Record<TftpSighting['kind'], number>>> = {
  'not-found': errorCodes.fileNotFound,
  refused: errorCodes.accessViolation,
  'over-limit': errorCodes.undefined,
};

function tftpFrames(mac: MacAddress, sighting: RecordedTftp): readonly CapturedFrame[] {
  const { at, kind, client, server, request, missing, options, bytes, durationMs, text } = sighting;
  const asking = hopOf(mac, client, server, client.address);
  const answering = hopOf(mac, server, client, client.address);
  const asked = { ...udpFrame(asking, request, missing), at, comment: '' };
  const error = (hop: Hop, code: number) => ({
    ...udpFrame(hop, encodeTftp({ kind: 'error', code, text })),
    at,
    comment: shortened(text),
  });
  const code = refusals[kind];
  if (code !== undefined) return [asked, error(answering, code)];
  if (kind === 'started') {
    const agreed = [...options];
    if (agreed.length === 0) return [asked];
    const packet = encodeTftp({ kind: 'options-ack', options: agreed });
    return [asked, { ...udpFrame(answering, packet), at, comment: '' }];
  }
  if (kind === 'size-only' || kind === 'aborted') return [error(asking, errorCodes.undefined)];
  const blockBytes = Number(options.get('blksize') ?? blockBytesDefault);
  const blocks = Math.floor(bytes / blockBytes) + 1;
  const block = blocks % 65_536;
  const last = kind === 'completed' ? bytes % blockBytes : blockBytes;
  const said = `${bytes} octets of content acknowledged in ${Math.round(durationMs)} ms, ${blocks} blocks, ${sighting.resentBlocks} sent again; content is not recorded. ${text}`;
  const header = Uint8Array.of(0, 3, block >> 8, block & 0xff);
  const data = { ...udpFrame(answering, header, last), at, comment: shortened(said) };
  if (kind !== 'completed') return [data];
  const acked = udpFrame(asking, encodeTftp({ kind: 'ack', block }));
  return [data, { ...acked, at, comment: '' }];
}

/** Ports of clients are not known; each request has one of its own. */
const firstPort = 49_152;
const portsMax = 16_384;
const utf8 = new TextEncoder();

function httpFrames(
  mac: MacAddress,
  answered: HttpSighting,
  ended: HttpSighting | undefined,
  server: Endpoint,
  number: number,
): readonly CapturedFrame[] {
  const address = plainIpv4(answered.remoteAddress);
  const client = { address, port: firstPort + (number % portsMax) };
  const up = hopOf(mac, client, server, address);
  const down = hopOf(mac, server, client, address);
  const { at, method, bodyBytes, text } = answered;
  const beganAt = addMs(at, -answered.durationMs);
  const request = utf8.encode(requestHead(answered, server));
  const head = utf8.encode(responseHead(answered));
  const hasBody = method !== 'HEAD' && bodyBytes > 0;
  const missing = hasBody ? Math.min(bodyBytes, segmentBytesMax - head.length) : 0;
  const [first, asked] = [0, 1];
  const replied = asked + request.length;
  const note = hasBody
    ? `${bodyBytes} octets of body are not recorded${ended === undefined ? '' : `; ${ended.sentBytes} left in ${Math.round(ended.durationMs)} ms`}. ${text}`
    : text;
  const sentBytes = ended?.sentBytes ?? missing;
  const opening = [
    tcpFrame(up, { sequence: first, acknowledged: 0 }, { syn: true }),
    tcpFrame(down, { sequence: first, acknowledged: asked }, { syn: true, ack: true }),
    tcpFrame(up, { sequence: asked, acknowledged: asked }, { ack: true }),
    tcpFrame(up, { sequence: asked, acknowledged: asked }, { ack: true, push: true }, request),
  ].map((frame) => ({ ...frame, at: beganAt, comment: '' }));
  const answer = tcpFrame(
    down,
    { sequence: asked, acknowledged: replied },
    { ack: true, push: true },
    head,
    missing,
  );
  const finished = asked + head.length + (hasBody ? sentBytes : 0);
  const closing = [
    tcpFrame(down, { sequence: finished, acknowledged: replied }, { ack: true, fin: true }),
    tcpFrame(up, { sequence: replied, acknowledged: finished + 1 }, { ack: true, fin: true }),
    tcpFrame(down, { sequence: finished + 1, acknowledged: replied + 1 }, { ack: true }),
  ].map((frame) => ({ ...frame, at: ended?.at ?? at, comment: '' }));
  const isOver = ended !== undefined || !hasBody;
  return [...opening, { ...answer, at, comment: shortened(note) }, ...(isOver ? closing : [])];
}

function requestHead(
  { method, path, userAgent }: HttpSighting,
  { address, port }: Endpoint,
): string {
  const agent = userAgent === undefined ? '' : `User-Agent: ${oneLine(userAgent)}\r\n`;
  return `${oneLine(method)} ${encodeURI(path.toWellFormed())} HTTP/1.1\r\nHost: ${address}:${port}\r\n${agent}\r\n`;
}

function responseHead({ status, bodyBytes, requestId }: HttpSighting): string {
  const phrase = phrases[status] ?? 'Status';
  return `HTTP/1.1 ${status} ${phrase}\r\nContent-Length: ${bodyBytes}\r\nX-Request-Id: ${oneLine(requestId)}\r\n\r\n`;
}

const phrases: Readonly<Record<number, string>> = {
  200: 'OK',
  206: 'Partial Content',
  302: 'Found',
  304: 'Not Modified',
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  412: 'Precondition Failed',
  416: 'Range Not Satisfiable',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

function oneLine(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}

/** What a client wrote may be in it. */
const commentCharactersMax = 1_000;

function shortened(text: string): string {
  return text.trim().slice(0, commentCharactersMax);
}
