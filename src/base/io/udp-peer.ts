/**
 * A socket for one peer alone, at the port of another socket that hears everybody else. The kernel finds it by both
 * ends, keeps the way to the peer and copies no address: an eighth of what a block of a file by TFTP costs.
 */

import type { Endpoint } from '../world.ts';
import { loadNative, type Native } from './native.ts';
import { socketAddressBytes, socketAddressOf } from './socket-address.ts';

const linux = {
  inet: 2,
  datagram: 2,
  cloexec: 0o2000000,
  socketLevel: 1,
  reuseAddress: 2,
} as const;

/**
 * @param fd bound to `local`
 * @returns undefined where the system has no descriptor left, or no way to the peer; `fd` then does for both
 */
export function openForPeer(fd: number, local: Endpoint, peer: Endpoint): number | undefined {
  const calls = loadCalls();
  if (calls === undefined) return undefined;
  const own = calls.socket(linux.inet, linux.datagram | linux.cloexec, 0);
  if (own < 0) return undefined;
  // Only while the second is bound: nobody else comes to this port, neither by chance nor on purpose.
  const share = (isShared: boolean): void => {
    const value = Buffer.alloc(4);
    value.writeInt32LE(isShared ? 1 : 0);
    for (const one of [fd, own]) {
      calls.setsockopt(one, linux.socketLevel, linux.reuseAddress, value, value.length);
    }
  };
  share(true);
  const isOpen =
    calls.bind(own, socketAddressOf(local), socketAddressBytes) === 0 &&
    calls.connect(own, socketAddressOf(peer), socketAddressBytes) === 0;
  share(false);
  if (isOpen) return own;
  calls.close(own);
  return undefined;
}

let loaded: ReturnType<typeof callsOf> | undefined;

function loadCalls(): typeof loaded {
  if (loaded === undefined) {
    const native = loadNative();
    if (native.ok) loaded = callsOf(native.value);
  }
  return loaded;
}

type Call = (...given: readonly unknown[]) => number;

function callsOf(native: Native) {
  const libc = native.load('libc.so.6');
  const call = (signature: string): Call => libc.func(signature);
  return {
    socket: call('int socket(int, int, int)'),
    setsockopt: call('int setsockopt(int, int, int, void *, uint32)'),
    bind: call('int bind(int, void *, uint32)'),
    connect: call('int connect(int, void *, uint32)'),
    close: call('int close(int)'),
  };
}
