/** One transfer that runs: a socket of its own (RFC 1350 section 4), a state (`transfer.ts`) and one timer. */

import type { Clock, Datagram, Endpoint, UdpSocket } from '../../base/world.ts';
import { movingEveryMs, type SightingListener, type TftpSighting } from '../sightings.ts';
import type { TftpCounters } from './counters.ts';
import type { Agreement } from './negotiation.ts';
import {
  ackedBlock,
  dataHeaderBytes,
  decodeTftp,
  encodeData,
  encodeTftp,
  errorCodes,
  writeFrames,
} from './packet.ts';
import { blocksOf, onAck, onTime, type Step, startTransfer, type Transfer } from './transfer.ts';

export type Running = {
  /** Sends the first packets. */
  readonly start: () => void;
  readonly onDatagram: (datagram: Datagram) => void;
  /**
   * The same request again: our answer is on its way, or its timer will repeat it. Or the copy was sent by an impatient
   * client before our answer came, and waited behind a thousand others': a transfer that moves must not be ended by it.
   */
  readonly isRepeatedBy: (request: Uint8Array) => boolean;
  /** Ends it from our side. */
  readonly abort: (text: string) => void;
};

/** What the client asked for, and where. */
export type Asked = {
  readonly server: Endpoint;
  readonly client: Endpoint;
  readonly file: string;
  readonly content: Uint8Array;
  readonly request: Uint8Array;
};

/** Answers to strangers per transfer; without a bound one stream of forged packets would buy another. */
const strangerAnswersMax = 8;

/** A client that starts over has been silent for longer: firmware waits a second at least before it asks again. */
const movesWithinMs = 1_000;

/** DATA packets being sent, of one window at a time; the longest there are fit once, the usual ones forty-four times. */
const scratch = new Uint8Array(65_536);

/** `onEnd` is called once, before the end is told. */
export function createRunning(
  deps: {
    readonly clock: Clock;
    readonly counters: TftpCounters;
    readonly tell: SightingListener;
    readonly onEnd: () => void;
  },
  socket: UdpSocket,
  asked: Asked,
  { granted, blockBytes, windowBlocks, timeoutSeconds }: Agreement,
): Running {
  const { clock, counters } = deps;
  const { client, content } = asked;
  const startedMs = clock.monotonicMs();
  const agreed = new Map(granted.map(([name, value]) => [name.toLowerCase(), value]));
  const first = startTransfer(
    {
      blocks: blocksOf(content.length, blockBytes),
      windowBlocks,
      timeoutMs: timeoutSeconds === undefined ? undefined : timeoutSeconds * 1_000,
      startsWithOptions: granted.length > 0,
    },
    startedMs,
  );
  let state: Transfer = first.next;
  let hasEnded = false;
  let resentBlocks = 0;
  let strangers = 0;
  /** When its progress was told last. */
  let toldMs = startedMs;
  /** When the clock will call; a deadline before that needs a new timer, one after that does not. */
  let timerAtMs = Number.POSITIVE_INFINITY;
  let stopTimer = () => {};

  const take = (step: Step): void => {
    switch (step.kind) {
      case 'nothing':
        return;
      case 'done':
        counters.completed += 1;
        state = { ...state, acked: state.plan.blocks };
        end('completed', `${content.length} bytes`);
        return;
      case 'given-up':
        counters.givenUp += 1;
        end('given-up', `no answer to ${step.copies} copies of block ${state.acked + 1}`);
        return;
      case 'send-options':
        socket.send(encodeTftp({ kind: 'options-ack', options: granted }), client);
        break;
      case 'send-data':
        sendBlocks(step.first, step.last);
        if (step.next.copies > 1) resentBlocks += step.last - step.first + 1;
        break;
    }
    if (step.next.copies > 1) counters.resent += 1;
    const hasMoved = step.next.acked > state.acked;
    state = step.next;
    if (hasMoved && state.sentAtMs - toldMs >= movingEveryMs) {
      toldMs = state.sentAtMs;
      tell('moving', '');
    }
    // The usual ACK moves the deadline on; the timer that is set finds that out when it goes off.
    if (state.deadlineMs < timerAtMs) setTimer();
  };

  const sendBlocks = (from: number, last: number): void => {
    if (socket.sendFrames === undefined) {
      for (let block = from; block <= last; block += 1) {
        const start = (block - 1) * blockBytes;
        const end = Math.min(start + blockBytes, content.length);
        socket.send(encodeData(block, content, start, end), client);
        counters.bytesSent += end - start;
      }
      return;
    }
    const frameBytes = dataHeaderBytes + blockBytes;
    const atATime = Math.floor(scratch.length / frameBytes);
    for (let block = from; block <= last; block += atATime) {
      const until = Math.min(block + atATime - 1, last);
      const length = writeFrames(scratch, { content, blockBytes, first: block, last: until });
      socket.sendFrames(scratch.subarray(0, length), frameBytes, client);
      counters.bytesSent += length - (until - block + 1) * dataHeaderBytes;
    }
  };

  const setTimer = (): void => {
    stopTimer();
    timerAtMs = state.deadlineMs;
    stopTimer = clock.after(Math.max(timerAtMs - clock.monotonicMs(), 0), () => {
      timerAtMs = Number.POSITIVE_INFINITY;
      const step = onTime(state, clock.monotonicMs());
      if (step.kind === 'nothing') setTimer();
      else take(step);
    });
  };

  const onStranger = (payload: Uint8Array, from: Endpoint): void => {
    counters.strangers += 1;
    strangers += 1;
    // Never an answer to an ERROR, or two servers could chat for ever.
    if (strangers > strangerAnswersMax || payload[1] === 5) return;
    const text = 'Unknown transfer';
    socket.send(encodeTftp({ kind: 'error', code: errorCodes.unknownTransfer, text }), from);
  };

  const onClientError = (code: number, text: string): void => {
    // OVMF asks for the size first and ends that with ERROR 8 instead of an ACK.
    if (agreed.has('tsize') && state.acked === -1) {
      counters.sizeOnly += 1;
      end('size-only', 'it asked for the size alone');
      return;
    }
    counters.abortedByClient += 1;
    end('aborted', `the client ended it: ${code} ${text}`);
  };

  const end = (kind: TftpSighting['kind'], text: string): void => {
    if (hasEnded) return;
    hasEnded = true;
    stopTimer();
    socket.close();
    deps.onEnd();
    tell(kind, text);
  };

  const tell = (kind: TftpSighting['kind'], text: string): void => {
    const { server, file, request } = asked;
    deps.tell({
      by: 'tftp',
      at: clock.now(),
      kind,
      client,
      server,
      file,
      options: agreed,
      bytes: Math.min(Math.max(state.acked, 0) * blockBytes, content.length),
      durationMs: kind === 'started' ? 0 : clock.monotonicMs() - startedMs,
      resentBlocks,
      request,
      text,
    });
  };

  return {
    start: () => {
      tell('started', '');
      take(first);
    },
    onDatagram: ({ payload, from }) => {
      if (hasEnded) return;
      if (from !== client && (from.port !== client.port || from.address !== client.address)) {
        onStranger(payload, from);
        return;
      }
      const block = ackedBlock(payload);
      if (block !== undefined) {
        take(onAck(state, block, clock.monotonicMs()));
        return;
      }
      const packet = decodeTftp(payload);
      if (packet.ok && packet.value.kind === 'error') {
        onClientError(packet.value.code, packet.value.text);
      } else counters.malformed += 1;
    },
    isRepeatedBy: (again) => {
      if (!sameBytes(asked.request, again)) return false;
      if (state.acked <= 0) return true;
      return state.copies === 1 && clock.monotonicMs() - state.sentAtMs < movesWithinMs;
    },
    abort: (text) => end('aborted', text),
  };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, at) => octet === b[at]);
}
