/**
 * The TFTP read server's door: one socket per address takes requests and answers what it refuses; what is granted
 * goes on in `transfers.ts`.
 */

import { ok, type Result } from '../../base/result.ts';
import type { Datagram, Endpoint, NetProblem, UdpSocket, World } from '../../base/world.ts';
import type { SightingListener, TftpSighting } from '../sightings.ts';
import { noneYet, type TftpCounters } from './counters.ts';
import { parseFileName } from './file-name.ts';
import { defaultNegotiationLimits } from './negotiation.ts';
import { netasciiOf } from './netascii.ts';
import { decodeTftp, encodeTftp, errorCodes, type TftpPacket } from './packet.ts';
import { createTransfers, neverStarted, type TransferLimits } from './transfers.ts';

/** What can be read: whole files in memory. One that is replaced stays as it was for transfers that run. */
export type TftpFiles = { readonly get: (name: string) => Uint8Array | undefined };

export type TftpSettings = {
  /**
   * Local addresses, a socket each, so that answers leave from the one that was asked and broadcasts stay out; a function
   * is asked again now and then.
   */
  readonly addresses: readonly string[] | (() => readonly string[]);
  readonly port: number;
  readonly limits: TransferLimits;
};

/** An address that is new is served so soon. */
const lookMs = 5_000;

export const defaultTftpLimits: TransferLimits = {
  ...defaultNegotiationLimits,
  // A socket each: 1,000 machines powered on together fit, four times over.
  transfersMax: 4_000,
  // A machine needs two at most; machines behind one address are a laboratory's.
  transfersPerAddressMax: 1_000,
};

export type TftpProblem = { readonly address: string; readonly problem: NetProblem };

export type TftpResponder = {
  /** Opens what it can; the problems are those of addresses that stay off. */
  readonly start: () => Promise<readonly TftpProblem[]>;
  readonly stop: () => void;
  readonly listening: () => readonly Endpoint[];
  readonly transfers: () => number;
  readonly counters: Readonly<TftpCounters>;
};

export function createTftpResponder(deps: {
  readonly world: Pick<World, 'clock' | 'net' | 'log'>;
  readonly files: TftpFiles;
  readonly settings: TftpSettings;
  readonly tell?: SightingListener;
}): TftpResponder {
  const { world, files, settings } = deps;
  const { net, log, clock } = world;
  const tell = deps.tell ?? (() => {});
  const counters = noneYet();
  const transfers = createTransfers({ world, limits: settings.limits, counters, tell });
  const doors = new Map<string, UdpSocket>();
  /** Told once. */
  const refused = new Set<string>();
  let stopFollowing = () => {};
  let stopped = false;

  const onDatagram = (door: UdpSocket, { payload, from }: Datagram) => {
    const refuse = (code: number, text: string) =>
      door.send(encodeTftp({ kind: 'error', code, text }), from);
    const packet = decodeTftp(payload);
    if (!packet.ok) {
      counters.malformed += 1;
      // What begins like a read request deserves a word; anything else gets silence.
      const isRequest = payload[0] === 0 && payload[1] === 1;
      if (isRequest) refuse(errorCodes.illegalOperation, 'Malformed request');
      return;
    }
    switch (packet.value.kind) {
      case 'read':
        counters.requests += 1;
        onRead(door, from, payload, packet.value, refuse);
        return;
      case 'write':
        counters.refused += 1;
        refuse(errorCodes.accessViolation, 'Read only');
        tellEnd(door, from, payload, packet.value.file, 'refused', 'read only');
        return;
      case 'error':
        // An ERROR is never answered, or two servers could chat for ever (RFC 1350 section 4).
        counters.malformed += 1;
        return;
      case 'data':
      case 'ack':
      case 'options-ack':
        counters.malformed += 1;
        refuse(errorCodes.unknownTransfer, 'Unknown transfer');
        return;
    }
  };

  const onRead = (
    door: UdpSocket,
    from: Endpoint,
    payload: Uint8Array,
    { file, mode: sentMode, options }: Extract<TftpPacket, { kind: 'read' }>,
    refuse: (code: number, text: string) => void,
  ) => {
    const mode = sentMode.toLowerCase();
    if (mode !== 'octet' && mode !== 'netascii') {
      counters.refused += 1;
      refuse(errorCodes.illegalOperation, 'Mode must be octet or netascii');
      tellEnd(door, from, payload, file, 'refused', 'the mode must be octet or netascii');
      return;
    }
    const name = parseFileName(file);
    if (!name.ok && name.error.kind === 'not-allowed') {
      counters.refused += 1;
      refuse(errorCodes.accessViolation, 'Name not allowed');
      tellEnd(door, from, payload, file, 'refused', 'the name is not allowed');
      return;
    }
    const content = name.ok ? files.get(name.value) : undefined;
    if (content === undefined) {
      counters.notFound += 1;
      // At once: iPXE asks for `autoexec.ipxe` before anything else, and would wait.
      refuse(errorCodes.fileNotFound, 'File not found');
      tellEnd(door, from, payload, file, 'not-found', 'no such file');
      return;
    }
    const wanted =
      mode === 'octet'
        ? { file, content, sizeBytes: content.length, options }
        : { file, content: textOf(content), sizeBytes: undefined, options };
    if (!transfers.open(door.local, from, payload, wanted)) {
      refuse(errorCodes.undefined, 'Too many transfers, try again later');
      tellEnd(door, from, payload, file, 'over-limit', 'too many transfers at once');
    }
  };

  /** Of a request that never became a transfer. */
  const tellEnd = (
    door: UdpSocket,
    client: Endpoint,
    request: Uint8Array,
    file: string,
    kind: TftpSighting['kind'],
    text: string,
  ) =>
    tell(neverStarted({ at: clock.now(), kind, client, server: door.local, file, request, text }));

  const listen = async (address: string): Promise<Result<void, NetProblem>> => {
    let door: UdpSocket | undefined;
    const opened = await net.openUdp({
      address,
      port: settings.port,
      onDatagram: (datagram) => {
        if (door !== undefined) onDatagram(door, datagram);
      },
      onError: (error) => log.warn('the TFTP port has trouble', { address, text: error.message }),
    });
    if (!opened.ok) return opened;
    door = opened.value;
    if (stopped) door.close();
    else doors.set(address, door);
    return ok(undefined);
  };

  /** Addresses come and go on a host; who listens on all of them follows. */
  const follow = async (now: readonly string[]): Promise<void> => {
    for (const [address, door] of doors) {
      if (now.includes(address)) continue;
      door.close();
      doors.delete(address);
      log.info('TFTP has left an address', { address });
    }
    for (const address of refused) if (!now.includes(address)) refused.delete(address);
    for (const address of now) {
      if (doors.has(address)) continue;
      const opened = await listen(address);
      if (stopped) return;
      if (opened.ok) log.info('TFTP listens on an address that is new', { address });
      else if (!refused.has(address)) {
        refused.add(address);
        log.warn('TFTP is off on an address that is new', { address, text: opened.error.text });
      }
    }
  };

  const followLater = (addresses: () => readonly string[]): void => {
    stopFollowing = clock.after(lookMs, async () => {
      await follow(addresses());
      if (!stopped) followLater(addresses);
    });
  };

  return {
    counters,
    transfers: transfers.count,
    listening: () => [...doors.values()].map((door) => door.local),
    start: async () => {
      stopped = false;
      const problems: TftpProblem[] = [];
      const { addresses } = settings;
      for (const address of typeof addresses === 'function' ? addresses() : addresses) {
        const opened = await listen(address);
        if (opened.ok) continue;
        problems.push({ address, problem: opened.error });
        refused.add(address);
      }
      if (typeof addresses === 'function') followLater(addresses);
      return problems;
    },
    stop: () => {
      stopped = true;
      stopFollowing();
      for (const door of doors.values()) door.close();
      doors.clear();
      transfers.stop();
    },
  };
}

/** Netascii forms, made once per file and gone with it. */
const texts = new WeakMap<Uint8Array, Uint8Array>();

function textOf(content: Uint8Array): Uint8Array {
  const known = texts.get(content);
  if (known !== undefined) return known;
  const text = netasciiOf(content);
  texts.set(content, text);
  return text;
}
