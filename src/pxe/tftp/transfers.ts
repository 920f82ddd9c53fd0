/** The transfers that run: each has a fresh port (RFC 1350 section 4), a state (`transfer.ts`) and one timer. */

import type { Datagram, Endpoint, UdpSocket, World } from '../../base/world.ts';
import { movingEveryMs, type SightingListener, type TftpSighting } from '../sightings.ts';
import { type NegotiationLimits, negotiate } from './negotiation.ts';
import {
  ackedBlock,
  dataHeaderBytes,
  decodeTftp,
  encodeData,
  encodeTftp,
  errorCodes,
  type Options,
  writeFrames,
} from './packet.ts';
import { blocksOf, onAck, onTime, type Step, startTransfer, type Transfer } from './transfer.ts';

export type TftpCounters = {
  requests: number;
  /** Transfers whose last block was acknowledged. */
  completed: number;
  /** Ended by the client once it had learnt the size: firmware does that, it is no fault. */
  sizeOnly: number;
  abortedByClient: number;
  givenUp: number;
  notFound: number;
  refused: number;
  /** Over `transfersMax` or `transfersPerAddressMax`. */
  overLimit: number;
  malformed: number;
  strangers: number;
  /** Windows sent again. */
  resent: number;
  bytesSent: number;
};

export type WantedFile = {
  readonly file: string;
  readonly content: Uint8Array;
  /** What `tsize` says; undefined: not agreed. */
  readonly sizeBytes: number | undefined;
  readonly options: Options;
};

export type Transfers = {
  /** Starts a transfer from a port of its own on the address that was asked; answers false when a limit is reached. */
  readonly open: (
    asked: Endpoint,
    client: Endpoint,
    request: Uint8Array,
    wanted: WantedFile,
  ) => boolean;
  readonly count: () => number;
  readonly stop: () => void;
};

export type TransferLimits = NegotiationLimits & {
  readonly transfersMax: number;
  readonly transfersPerAddressMax: number;
};

/** Answers to strangers per transfer; without a bound one stream of forged packets would buy another. */
const strangerAnswersMax = 8;

/** A client that starts over has been silent for longer: firmware waits a second at least before it asks again. */
const movesWithinMs = 1_000;

/** DATA packets on their way out; the longest there are fit once, the usual ones forty-four times. */
const scratchBytes = 65_536;

type Running = {
  readonly socket: UdpSocket;
  readonly asked: Endpoint;
  readonly client: Endpoint;
  readonly key: string;
  readonly file: string;
  readonly content: Uint8Array;
  readonly blockBytes: number;
  readonly optionsAck: Uint8Array;
  readonly asksSize: boolean;
  readonly request: Uint8Array;
  readonly agreed: TftpSighting['options'];
  readonly startedMs: number;
  /** When its progress was told last. */
  toldMs: number;
  resentBlocks: number;
  state: Transfer;
  /** When the clock will call; a deadline before that needs a new timer, one after that does not. */
  timerAtMs: number;
  stopTimer: () => void;
  strangers: number;
};

export function createTransfers(deps: {
  readonly world: Pick<World, 'clock' | 'net' | 'log'>;
  readonly limits: TransferLimits;
  readonly counters: TftpCounters;
  readonly tell: SightingListener;
}): Transfers {
  const { limits, counters } = deps;
  const { clock, net, log } = deps.world;
  const running = new Map<string, Running>();
  /** Transfers per address; those whose socket is being opened count too. */
  const perAddress = new Map<string, number>();
  const opening = new Set<string>();
  const scratch = new Uint8Array(scratchBytes);
  let stopped = false;

  const start = async (
    asked: Endpoint,
    client: Endpoint,
    request: Uint8Array,
    { file, content, sizeBytes, options }: WantedFile,
  ) => {
    const key = keyOf(client);
    let transfer: Running | undefined;
    const opened = await net.openUdp({
      address: asked.address,
      port: 0,
      frames: true,
      peer: client,
      onDatagram: (datagram) => {
        if (transfer !== undefined) onPacket(transfer, datagram);
      },
      onError: (error) => log.debug('a TFTP packet could not be sent', { text: error.message }),
    });
    opening.delete(key);
    if (!opened.ok || stopped) {
      forget(client.address);
      if (opened.ok) opened.value.close();
      else log.warn('no socket for a TFTP transfer', { text: opened.error.text });
      const text = opened.ok ? 'the server stops' : `no socket for it: ${opened.error.text}`;
      const at = clock.now();
      deps.tell(neverStarted({ at, kind: 'refused', client, server: asked, file, request, text }));
      return;
    }
    const agreed = negotiate(options, sizeBytes, limits);
    const { granted, blockBytes, windowBlocks, timeoutSeconds } = agreed;
    const plan = {
      blocks: blocksOf(content.length, blockBytes),
      windowBlocks,
      timeoutMs: timeoutSeconds === undefined ? undefined : timeoutSeconds * 1_000,
      startsWithOptions: granted.length > 0,
    };
    const first = startTransfer(plan, clock.monotonicMs());
    transfer = {
      socket: opened.value,
      asked,
      client,
      key,
      file,
      content,
      blockBytes,
      optionsAck: encodeTftp({ kind: 'options-ack', options: granted }),
      asksSize: granted.some(([name]) => name.toLowerCase() === 'tsize'),
      request,
      agreed: new Map(granted.map(([name, value]) => [name.toLowerCase(), value])),
      startedMs: clock.monotonicMs(),
      toldMs: clock.monotonicMs(),
      resentBlocks: 0,
      state: first.next,
      timerAtMs: Number.POSITIVE_INFINITY,
      stopTimer: () => {},
      strangers: 0,
    };
    running.set(key, transfer);
    tell(transfer, 'started', '');
    take(transfer, first);
  };

  const onPacket = (transfer: Running, { payload, from }: Datagram) => {
    const { client, socket } = transfer;
    if (from.port !== client.port || from.address !== client.address) {
      counters.strangers += 1;
      transfer.strangers += 1;
      // Never an answer to an ERROR, or two servers could chat for ever.
      if (transfer.strangers > strangerAnswersMax || payload[1] === 5) return;
      const text = 'Unknown transfer';
      socket.send(encodeTftp({ kind: 'error', code: errorCodes.unknownTransfer, text }), from);
      return;
    }
    const block = ackedBlock(payload);
    if (block !== undefined) {
      take(transfer, onAck(transfer.state, block, clock.monotonicMs()));
      return;
    }
    const packet = decodeTftp(payload);
    if (packet.ok && packet.value.kind === 'error') {
      onClientError(transfer, packet.value.code, packet.value.text);
    } else {
      counters.malformed += 1;
    }
  };

  const onClientError = (transfer: Running, code: number, text: string) => {
    end(transfer);
    // OVMF asks for the size first and ends that with ERROR 8 instead of an ACK.
    if (transfer.asksSize && transfer.state.acked === -1) {
      counters.sizeOnly += 1;
      tell(transfer, 'size-only', 'it asked for the size alone');
      return;
    }
    counters.abortedByClient += 1;
    tell(transfer, 'aborted', `the client ended it: ${code} ${text}`);
  };

  const take = (transfer: Running, step: Step) => {
    switch (step.kind) {
      case 'nothing':
        return;
      case 'done':
        counters.completed += 1;
        transfer.state = { ...transfer.state, acked: transfer.state.plan.blocks };
        finish(transfer, 'completed', `${transfer.content.length} bytes`);
        return;
      case 'given-up':
        counters.givenUp += 1;
        finish(
          transfer,
          'given-up',
          `no answer to ${step.copies} copies of block ${transfer.state.acked + 1}`,
        );
        return;
      case 'send-options':
        transfer.socket.send(transfer.optionsAck, transfer.client);
        break;
      case 'send-data':
        sendBlocks(transfer, step.first, step.last);
        if (step.next.copies > 1) transfer.resentBlocks += step.last - step.first + 1;
        break;
    }
    if (step.next.copies > 1) counters.resent += 1;
    const hasMoved = step.next.acked > transfer.state.acked;
    transfer.state = step.next;
    if (hasMoved && step.next.sentAtMs - transfer.toldMs >= movingEveryMs) {
      transfer.toldMs = step.next.sentAtMs;
      tell(transfer, 'moving', '');
    }
    // The usual ACK moves the deadline on; the timer that is set finds that out when it goes off.
    if (step.next.deadlineMs < transfer.timerAtMs) setTimer(transfer);
  };

  const sendBlocks = (transfer: Running, first: number, last: number) => {
    const { content, blockBytes, socket, client } = transfer;
    if (socket.sendFrames === undefined) {
      for (let block = first; block <= last; block += 1) {
        const from = (block - 1) * blockBytes;
        const to = Math.min(from + blockBytes, content.length);
        socket.send(encodeData(block, content, from, to), client);
        counters.bytesSent += to - from;
      }
      return;
    }
    const frameBytes = dataHeaderBytes + blockBytes;
    const atATime = Math.floor(scratch.length / frameBytes);
    for (let block = first; block <= last; block += atATime) {
      const until = Math.min(block + atATime - 1, last);
      const length = writeFrames(scratch, { content, blockBytes, first: block, last: until });
      socket.sendFrames(scratch.subarray(0, length), frameBytes, client);
      counters.bytesSent += length - (until - block + 1) * dataHeaderBytes;
    }
  };

  const setTimer = (transfer: Running) => {
    transfer.stopTimer();
    const { deadlineMs } = transfer.state;
    transfer.timerAtMs = deadlineMs;
    transfer.stopTimer = clock.after(Math.max(deadlineMs - clock.monotonicMs(), 0), () => {
      transfer.timerAtMs = Number.POSITIVE_INFINITY;
      const step = onTime(transfer.state, clock.monotonicMs());
      if (step.kind === 'nothing') setTimer(transfer);
      else take(transfer, step);
    });
  };

  const finish = (transfer: Running, kind: TftpSighting['kind'], text: string) => {
    end(transfer);
    tell(transfer, kind, text);
  };

  const tell = (transfer: Running, kind: TftpSighting['kind'], text: string) => {
    const { client, asked, file, agreed, content, blockBytes, state, request } = transfer;
    const durationMs = kind === 'started' ? 0 : clock.monotonicMs() - transfer.startedMs;
    deps.tell({
      by: 'tftp',
      at: clock.now(),
      kind,
      client,
      server: asked,
      file,
      options: agreed,
      bytes: Math.min(Math.max(state.acked, 0) * blockBytes, content.length),
      durationMs,
      resentBlocks: transfer.resentBlocks,
      request,
      text,
    });
  };

  const end = (transfer: Running) => {
    if (running.get(transfer.key) !== transfer) return;
    running.delete(transfer.key);
    forget(transfer.client.address);
    transfer.stopTimer();
    transfer.socket.close();
  };

  const forget = (address: string) => {
    const left = (perAddress.get(address) ?? 1) - 1;
    if (left > 0) perAddress.set(address, left);
    else perAddress.delete(address);
  };

  return {
    count: () => running.size,
    open: (asked, client, request, wanted) => {
      const key = keyOf(client);
      if (opening.has(key)) return true;
      const before = running.get(key);
      if (before !== undefined) {
        if (isRepeated(before, request, clock.monotonicMs())) return true;
        finish(before, 'aborted', 'the client asked anew from the same port');
      }
      const ofAddress = perAddress.get(client.address) ?? 0;
      if (
        running.size + opening.size >= limits.transfersMax ||
        ofAddress >= limits.transfersPerAddressMax
      ) {
        counters.overLimit += 1;
        return false;
      }
      opening.add(key);
      perAddress.set(client.address, ofAddress + 1);
      stopped = false;
      void start(asked, client, request.slice(), wanted);
      return true;
    },
    stop: () => {
      stopped = true;
      for (const transfer of [...running.values()]) finish(transfer, 'aborted', 'the server stops');
    },
  };
}

/** Of a request that never became a transfer. */
export function neverStarted(
  facts: Pick<TftpSighting, 'at' | 'kind' | 'client' | 'server' | 'file' | 'request' | 'text'>,
): TftpSighting {
  const nothing = { options: new Map(), bytes: 0, durationMs: 0, resentBlocks: 0 };
  return { by: 'tftp', ...facts, ...nothing };
}

/**
 * The same request again: our answer is on its way, or its timer will repeat it. Or the copy was sent by an impatient
 * client before our answer came, and waited behind a thousand others': a transfer that moves must not be ended by it.
 */
function isRepeated({ state, request }: Running, again: Uint8Array, nowMs: number): boolean {
  if (!sameBytes(request, again)) return false;
  return state.acked <= 0 || (state.copies === 1 && nowMs - state.sentAtMs < movesWithinMs);
}

function keyOf(client: Endpoint): string {
  return `${client.address}:${client.port}`;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, at) => octet === b[at]);
}
