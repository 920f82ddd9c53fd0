/**
 * The OS of a simulated machine on real sockets: a small HTTP server at the node's own loopback address.
 *
 * A dark machine must be silent, not refuse: on loopback a closed port answers at once, which would look like a
 * living kernel. So its listener stays and drops every packet by a socket filter (socket(7), SO_ATTACH_FILTER),
 * which needs no privilege.
 */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import koffi from 'koffi';
import { fail, ok, type Result } from '../../base/result.ts';
import type { OsAnswer, OsEdge } from '../os.ts';

export type RealOsEdge = OsEdge & {
  /** Opens the addresses of machines that are still dark, so that a probe meets silence there. */
  readonly prepare: (addresses: readonly string[]) => Promise<Result<void, string>>;
  readonly close: () => Promise<void>;
};

type Node = {
  readonly server: Server;
  readonly fd: number;
  answer: (() => OsAnswer) | undefined;
  isDark: boolean;
};

const nodesMax = 4_096;
/** How soon a listener notices that its machine was unplugged or hangs. */
const lookMs = 100;

const solSocket = 1;
const attachFilter = 26;
const detachFilter = 27;

/** @param port where each node's health page listens, at its own address. */
export function createRealOsEdge(port: number): RealOsEdge {
  const nodes = new Map<string, Node>();
  const filter = dropAllFilter();

  const setDark = (node: Node, dark: boolean): void => {
    if (node.isDark === dark) return;
    node.isDark = dark;
    filter.set(node.fd, dark);
    if (dark) node.server.closeAllConnections();
  };

  const look = (): void => {
    for (const node of nodes.values()) {
      setDark(node, (node.answer?.() ?? { kind: 'silent' }).kind === 'silent');
    }
  };
  const looking = setInterval(look, lookMs);
  looking.unref();

  const open = async (address: string): Promise<Result<Node, string>> => {
    const known = nodes.get(address);
    if (known !== undefined) return ok(known);
    if (nodes.size >= nodesMax) return fail(`more than ${nodesMax} nodes on this host`);
    const server = createServer((_request, response) => {
      const answer = nodes.get(address)?.answer?.() ?? { kind: 'silent' };
      if (answer.kind === 'silent') return;
      const respond = () => {
        response.writeHead(answer.status, { 'content-type': 'text/plain', connection: 'close' });
        response.end(answer.status === 200 ? 'ok\n' : 'sick\n');
      };
      if (answer.afterMs === 0) respond();
      else setTimeout(respond, answer.afterMs);
    });
    const problem = await new Promise<Error | undefined>((resolve) => {
      server.once('error', resolve);
      server.listen({ host: address, port, exclusive: true }, () => resolve(undefined));
    });
    if (problem !== undefined) return fail(`${address}:${port}: ${problem.message}`);
    const node: Node = { server, fd: fileDescriptor(server), answer: undefined, isDark: false };
    nodes.set(address, node);
    return ok(node);
  };

  return {
    prepare: async (addresses) => {
      for (const address of addresses) {
        const opened = await open(address);
        if (!opened.ok) return opened;
        if (opened.value.answer === undefined) setDark(opened.value, true);
      }
      return ok(undefined);
    },
    listen: async (address, answer) => {
      const opened = await open(address);
      if (!opened.ok) return opened;
      if (opened.value.answer !== undefined) return fail(`another machine answers at ${address}`);
      opened.value.answer = answer;
      look();
      return ok(() => {
        opened.value.answer = undefined;
        look();
      });
    },
    close: async () => {
      clearInterval(looking);
      await Promise.all(
        [...nodes.values()].map(
          ({ server }) =>
            new Promise<void>((resolve) => {
              server.closeAllConnections();
              server.close(() => resolve());
            }),
        ),
      );
      nodes.clear();
    },
  };
}

/** A classic BPF program of one instruction: return 0, take nothing of the packet. */
function dropAllFilter(): { readonly set: (fd: number, dropping: boolean) => void } {
  const libc = koffi.load('libc.so.6');
  const setsockopt = libc.func('int setsockopt(int, int, int, const void *, uint32_t)');
  const instruction = koffi.alloc('uint64_t', 1);
  koffi.encode(instruction, 'uint64_t', 0x06n); // code BPF_RET | BPF_K, jt 0, jf 0, k 0 (little endian)
  const program = Buffer.alloc(16); // struct sock_fprog: length, padding, pointer
  program.writeUInt16LE(1, 0);
  program.writeBigUInt64LE(BigInt(koffi.address(instruction)), 8);
  return {
    set: (fd, dropping) => {
      if (dropping) setsockopt(fd, solSocket, attachFilter, program, program.length);
      else setsockopt(fd, solSocket, detachFilter, Buffer.alloc(4), 4);
    },
  };
}

/** Node keeps the listening descriptor in the server's handle. */
function fileDescriptor(server: Server): number {
  const handle = (server as unknown as { readonly _handle?: { readonly fd?: number } })._handle;
  const place = server.address() as AddressInfo | null;
  if (handle?.fd === undefined || handle.fd < 0) {
    throw new Error(`no descriptor for the listener at ${place?.address}`);
  }
  return handle.fd;
}
