/**
 * TFTP as network cards read it (RFC 1350, 2347, 2348, 2349, 7440): one read, with the options each firmware asks
 * for. Written apart from the server's codec on purpose.
 *
 *     RRQ 00 01 name 00 mode 00 (option 00 value 00)*      OACK 00 06 (option 00 value 00)*
 *     DATA 00 03 block(2) data     ACK 00 04 block(2)      ERROR 00 05 code(2) text 00
 */

import { fail, ok, type Result } from '../base/result.ts';
import type { Clock, Endpoint, Net, UdpSocket } from '../base/world.ts';
import type { Life } from './life.ts';

export type TftpWish = {
  readonly server: Endpoint;
  readonly file: string;
  /** Option names and values in the order they are sent. */
  readonly options: readonly (readonly [string, string])[];
  /** OVMF's first request wants only the size: it ends the transfer with ERROR 8 after the OACK. */
  readonly sizeOnly: boolean;
};

export type TftpOutcome = Result<
  { readonly bytes: Uint8Array; readonly size: number | undefined },
  string
>;

const retryMs = 1_000;
const triesMax = 6;
/** Network cards have no more room than this for a loader. */
const fileBytesMax = 64 * 1024 * 1024;

export async function readByTftp(
  machine: {
    readonly net: Pick<Net, 'openUdp'>;
    readonly life: Life;
    readonly clock: Clock;
    /** The machine's leased address. */
    readonly address: string;
  },
  wish: TftpWish,
): Promise<TftpOutcome> {
  let transfer: Transfer | undefined;
  const opened = await machine.net.openUdp({
    address: machine.address,
    port: 0,
    onDatagram: (datagram) => transfer?.receive(datagram.payload, datagram.from),
    onError: () => {},
  });
  if (!opened.ok) return fail(`no socket at ${machine.address}: ${opened.error.text}`);
  const socket = opened.value;
  const forget = machine.life.onEnd(socket.close);
  const outcome = await machine.life.during(
    new Promise<TftpOutcome>((resolve) => {
      transfer = startTransfer(socket, machine.clock, wish, resolve);
      machine.life.onEnd(transfer.stop);
    }),
  );
  forget();
  socket.close();
  return outcome;
}

type Transfer = {
  readonly receive: (payload: Uint8Array, from: Endpoint) => void;
  readonly stop: () => void;
};

function startTransfer(
  socket: UdpSocket,
  clock: Clock,
  wish: TftpWish,
  done: (outcome: TftpOutcome) => void,
): Transfer {
  const parts: Uint8Array[] = [];
  let [received, lastBlock, sinceAck, tries] = [0, 0, 0, 0];
  let [blockBytes, windowBlocks] = [512, 1];
  let size: number | undefined;
  // The server answers from a port of its own; anyone else is ignored (RFC 1350 section 4).
  let peer: Endpoint | undefined;
  let lastSent = requestBytes(wish);
  let stopTimer = () => {};
  let over = false;

  const finish = (outcome: TftpOutcome) => {
    if (over) return;
    over = true;
    stopTimer();
    done(outcome);
  };

  const send = (bytes: Uint8Array) => {
    lastSent = bytes;
    socket.send(bytes, peer ?? wish.server);
    stopTimer();
    stopTimer = clock.after(retryMs * 2 ** Math.min(tries, 3), () => {
      tries += 1;
      if (tries >= triesMax) return finish(fail(`no answer to ${triesMax} tries`));
      send(lastSent);
    });
  };

  const takeOptions = (payload: Uint8Array) => {
    const words = new TextDecoder('latin1').decode(payload.subarray(2)).split('\0');
    for (let at = 0; at + 1 < words.length; at += 2) {
      const value = Number(words[at + 1]);
      const name = words[at]?.toLowerCase();
      if (name === 'blksize') blockBytes = value;
      if (name === 'windowsize') windowBlocks = value;
      if (name === 'tsize') size = value;
    }
    if (!wish.sizeOnly) return send(ack(0));
    socket.send(error(8, 'User aborted the transfer'), peer ?? wish.server);
    finish(ok({ bytes: new Uint8Array(), size }));
  };

  const takeBlock = (payload: Uint8Array) => {
    const block = ((payload[2] ?? 0) << 8) | (payload[3] ?? 0);
    // Out of order or repeated: say again where we are (RFC 7440 section 4).
    if (block !== ((lastBlock + 1) & 0xffff)) {
      sinceAck = 0;
      return send(ack(lastBlock));
    }
    const data = payload.slice(4);
    parts.push(data);
    received += data.length;
    [lastBlock, tries] = [block, 0];
    sinceAck += 1;
    if (received > fileBytesMax) {
      socket.send(error(3, 'Disk full'), peer ?? wish.server);
      return finish(fail(`more than ${fileBytesMax} bytes`));
    }
    if (data.length < blockBytes) {
      socket.send(ack(block), peer ?? wish.server);
      if (size !== undefined && size !== received) {
        return finish(fail(`tsize said ${size} bytes, ${received} came`));
      }
      return finish(ok({ bytes: concat(parts, received), size }));
    }
    if (sinceAck >= windowBlocks) {
      sinceAck = 0;
      send(ack(block));
    }
  };

  send(lastSent);
  return {
    stop: () => {
      over = true;
      stopTimer();
    },
    receive: (payload, from) => {
      if (over || from.address !== wish.server.address) return;
      if (peer !== undefined && from.port !== peer.port) return;
      peer ??= from;
      const operation = payload[1];
      if (operation === 6 && lastBlock === 0) takeOptions(payload);
      if (operation === 3) takeBlock(payload);
      if (operation === 5) {
        const text = new TextDecoder('latin1').decode(payload.subarray(4)).replace(/\0.*$/s, '');
        finish(fail(`TFTP error ${payload[3]}: ${text}`));
      }
    },
  };
}

function requestBytes(wish: TftpWish): Uint8Array {
  const words = [wish.file, 'octet', ...wish.options.flat()];
  return Uint8Array.of(0, 1, ...new TextEncoder().encode(words.map((w) => `${w}\0`).join('')));
}

function ack(block: number): Uint8Array {
  return Uint8Array.of(0, 4, block >> 8, block & 0xff);
}

function error(code: number, text: string): Uint8Array {
  return Uint8Array.of(0, 5, 0, code, ...new TextEncoder().encode(`${text}\0`));
}

function concat(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
