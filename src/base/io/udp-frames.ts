/**
 * Many datagrams in one system call. Node makes one call, one request object and one callback for each datagram, which
 * costs more than the kernel's own work; here libc sends what lies end to end in memory, and the kernel cuts it into
 * datagrams (UDP_SEGMENT, udp(7), Linux 4.18).
 */

import type { Endpoint } from '../world.ts';
import { libcFunction } from './native.ts';
import { socketAddressBytes, socketAddressOf } from './socket-address.ts';

/** UDP_MAX_SEGMENTS of kernels before 6.9. */
const segmentsMax = 64;
/** What one datagram may hold before it is cut: 65,535 less the IP and UDP headers. */
const callBytesMax = 65_507;
/** Below this an error text or an OACK would itself be cut; and nobody who is in a hurry asks for such frames. */
const segmentBytesMin = 512;

const libc = { solUdp: 17, udpSegment: 103, dontWait: 0x40 } as const;

export type FrameSender = {
  /**
   * Sends datagrams that lie end to end, each `frameBytes` long but the last, which is not longer.
   *
   * @returns how many octets are on their way: less than all of them when the kernel takes no more now, or not like this
   */
  readonly send: (frames: Uint8Array, frameBytes: number, to: Endpoint) => number;
};

type Call = (...given: readonly unknown[]) => number;

/**
 * @param peer to which the socket is connected: what goes there needs no address.
 * @returns undefined where there is no native library
 */
export function createFrameSender(fd: number, peer?: Endpoint): FrameSender | undefined {
  const calls = loadCalls();
  if (calls === undefined) return undefined;
  const { sendto, setsockopt } = calls;
  let address: Buffer | null = null;
  let addressOf = peer;
  /** Datagrams the kernel cuts; 0: none. Undefined: it cannot, or not on this way out (a small MTU, an odd device). */
  let segmentBytes: number | undefined = 0;

  const cut = (frameBytes: number): boolean => {
    const value = Buffer.alloc(4);
    value.writeInt32LE(frameBytes);
    return setsockopt(fd, libc.solUdp, libc.udpSegment, value, 4) === 0;
  };

  const cutInto = (frameBytes: number): boolean => {
    if (segmentBytes === frameBytes) return true;
    if (segmentBytes === undefined || frameBytes < segmentBytesMin) return false;
    const isSet = cut(frameBytes);
    segmentBytes = isSet ? frameBytes : undefined;
    return isSet;
  };

  const sendAll = (frames: Uint8Array, stepBytes: number): number => {
    const addressBytes = address === null ? 0 : socketAddressBytes;
    for (let at = 0; at < frames.length; at += stepBytes) {
      const part = frames.length <= stepBytes ? frames : frames.subarray(at, at + stepBytes);
      if (sendto(fd, part, part.length, libc.dontWait, address, addressBytes) < 0) return at;
    }
    return frames.length;
  };

  return {
    send: (frames, frameBytes, to) => {
      if (to !== addressOf) {
        address = to === peer ? null : socketAddressOf(to);
        addressOf = to;
      }
      if (frames.length <= frameBytes || !cutInto(frameBytes)) return sendAll(frames, frameBytes);
      const perCall = Math.min(segmentsMax, Math.floor(callBytesMax / frameBytes));
      const sent = sendAll(frames, perCall * frameBytes);
      if (sent === frames.length) return sent;
      cut(0);
      const singly = sendAll(frames.subarray(sent), frameBytes);
      // None went either way: the socket's buffer is full, and that passes.
      segmentBytes = singly > 0 ? undefined : 0;
      return sent + singly;
    },
  };
}

let calls: { readonly sendto: Call; readonly setsockopt: Call } | undefined;

function loadCalls(): typeof calls {
  if (calls !== undefined) return calls;
  const sendto = libcFunction('long sendto(int, void *, size_t, int, void *, uint32)');
  const setsockopt = libcFunction('int setsockopt(int, int, int, void *, uint32)');
  if (sendto.ok && setsockopt.ok) calls = { sendto: sendto.value, setsockopt: setsockopt.value };
  return calls;
}
