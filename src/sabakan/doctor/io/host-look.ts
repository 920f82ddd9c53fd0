/** Looks at this host: ports and who holds them, interfaces, disks, clocks, certificates. Changes nothing. */

import { X509Certificate } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { open, readdir, readFile, readlink, rm, stat, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { Result } from '../../../base/result.ts';
import type { CertificateFacts } from '../certificates-check.ts';
import type { SyncFacts } from '../clock-check.ts';
import type { DiskFacts } from '../disk-check.ts';
import type { InterfaceFacts } from '../network-check.ts';
import type { PortFacts, PortHolder, PortRights } from '../ports-check.ts';

/** CAP_NET_BIND_SERVICE, as a bit of CapEff. */
const bindServiceBit = 10n;

export async function portRights(): Promise<PortRights> {
  const [status, from] = await Promise.all([
    readOr('/proc/self/status', ''),
    readOr('/proc/sys/net/ipv4/ip_unprivileged_port_start', '1024'),
  ]);
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  return {
    unprivilegedFrom: Number(from.trim()),
    mayBindLow: ((effective >> bindServiceBit) & 1n) === 1n,
  };
}

export type WantedPort = Pick<PortFacts, 'member' | 'protocol' | 'at'>;

/** @param tries binds each port for a moment: only where no server of ours runs. */
export async function lookAtPorts(
  wanted: readonly WantedPort[],
  tries: boolean,
): Promise<readonly PortFacts[]> {
  const inodes = await Promise.all(wanted.map(socketInodes));
  const holders = await holdersOf(new Set(inodes.flat()));
  return Promise.all(
    wanted.map(async (port, at) => {
      const refused = tries ? await whyNotBound(port) : undefined;
      const own = (inodes[at] ?? []).flatMap((inode) => holders.get(inode) ?? []);
      const different = [...new Map(own.map((holder) => [holder.pid, holder])).values()];
      return { ...port, holders: different, ...(refused !== undefined && { refused }) };
    }),
  );
}

function whyNotBound({ protocol, at }: WantedPort): Promise<string | undefined> {
  return new Promise((resolve) => {
    const refused = (error: NodeJS.ErrnoException): void => resolve(error.code ?? error.message);
    if (protocol === 'udp') {
      const socket = createSocket('udp4');
      socket.once('error', (error) => {
        refused(error);
        socket.close();
      });
      socket.bind({ address: at.address, port: at.port, exclusive: true }, () =>
        socket.close(() => resolve(undefined)),
      );
      return;
    }
    const server = createServer();
    server.once('error', refused);
    server.listen({ host: at.address, port: at.port, exclusive: true }, () =>
      server.close(() => resolve(undefined)),
    );
  });
}

/** Inodes of sockets that listen there, or on all addresses; of the kernel's tables. */
async function socketInodes({ protocol, at }: WantedPort): Promise<readonly string[]> {
  const tables = await Promise.all(
    [protocol, `${protocol}6`].map((name) => readOr(`/proc/net/${name}`, '')),
  );
  const port = at.port.toString(16).toUpperCase().padStart(4, '0');
  const wanted = hexAddress(at.address);
  return tables.flatMap((table) =>
    table.split('\n').flatMap((line) => {
      const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
      const [address = '', localPort] = local.split(':');
      // 0A: TCP LISTEN; 07: UDP, unconnected.
      const isOpen = state === (protocol === 'tcp' ? '0A' : '07');
      const isAny = /^0+$/.test(address);
      const covers = isAny || wanted === undefined || wanted === address;
      return isOpen && localPort === port && covers && inode !== undefined ? [inode] : [];
    }),
  );
}

/** As the kernel writes it; undefined for all addresses, and for what is no IPv4 address. */
function hexAddress(address: string): string | undefined {
  const octets = address.split('.').map(Number);
  if (octets.length !== 4 || address === '0.0.0.0') return undefined;
  return octets
    .toReversed()
    .map((octet) => octet.toString(16).toUpperCase().padStart(2, '0'))
    .join('');
}

async function holdersOf(inodes: ReadonlySet<string>): Promise<Map<string, PortHolder[]>> {
  const holders = new Map<string, PortHolder[]>();
  if (inodes.size === 0) return holders;
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    // Of other users' processes this is not shown.
    const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
    const links = await Promise.all(
      files.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')),
    );
    for (const link of new Set(links)) {
      const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
      if (inode === undefined || !inodes.has(inode)) continue;
      const command = (await readOr(`/proc/${pid}/comm`, '?')).trim();
      holders.set(inode, [...(holders.get(inode) ?? []), { pid: Number(pid), command }]);
    }
  }
  return holders;
}

export async function lookAtInterfaces(): Promise<readonly InterfaceFacts[]> {
  const known = networkInterfaces();
  const names = new Set([
    ...Object.keys(known),
    ...(await readdir('/sys/class/net').catch(() => [])),
  ]);
  return Promise.all(
    [...names].sort().map(async (name) => ({
      name,
      addresses: (known[name] ?? [])
        .filter(({ family }) => family === 'IPv4')
        .map(({ address }) => address),
      state: (await readOr(`/sys/class/net/${name}/operstate`, '')).trim() || undefined,
    })),
  );
}

/** @returns what a host name stands for here; an address stands for itself. */
export async function resolved(host: string): Promise<readonly string[]> {
  const name = host.replace(/^\[|\]$/g, '');
  const found = await lookup(name, { all: true }).catch(() => []);
  return found.map(({ address }) => address);
}

export async function lookAtDisk(path: string): Promise<DiskFacts> {
  const probe = join(path, `.doctor-${process.pid}`);
  try {
    const file = await open(probe, 'w', 0o600);
    try {
      await file.writeFile('examined');
      await file.sync();
    } finally {
      await file.close();
      await rm(probe, { force: true });
    }
    const { bavail, blocks, bsize, ffree, files } = await statfs(path);
    const room = {
      freeBytes: bavail * bsize,
      bytes: blocks * bsize,
      freeFiles: ffree,
      files,
    };
    return { path, room };
  } catch (error) {
    return { path, trouble: error instanceof Error ? error.message : String(error) };
  }
}

/** Undefined: there is no such file, or none that can be looked at. */
export async function fileBytes(path: string): Promise<number | undefined> {
  const facts = await stat(path).catch(() => undefined);
  return facts?.isFile() ? facts.size : undefined;
}

export async function lookAtCertificate(
  member: string,
  source: { readonly file: string } | { readonly pem: string },
): Promise<CertificateFacts> {
  const subject = 'file' in source ? `${member} ${source.file}` : member;
  try {
    const pem = 'file' in source ? await readFile(source.file, 'utf8') : source.pem;
    const { validFromDate, validToDate } = new X509Certificate(pem);
    return { subject, beginsMs: validFromDate.getTime(), endsMs: validToDate.getTime() };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { subject, trouble: `cannot be read: ${text}` };
  }
}

const timexBytes = 256;
const timexStatusAt = 40;
const timexErrorAt = 24;
const staUnsync = 0x40;

/** A function of libc that returns a number, by its signature in C; or why there is none. */
export type LibcFunction = (
  signature: string,
) => Result<(...given: readonly unknown[]) => number, string>;

/** Reads the kernel's clock discipline (adjtimex with nothing to set, which needs no right). */
export function lookAtClock(libcFunction: LibcFunction): SyncFacts {
  try {
    const timex = Buffer.alloc(timexBytes);
    const adjtimex = libcFunction('int adjtimex(void *)');
    if (!adjtimex.ok || adjtimex.value(timex) < 0) return { synchronized: undefined };
    return {
      synchronized: (timex.readInt32LE(timexStatusAt) & staUnsync) === 0,
      errorMsMax: Number(timex.readBigInt64LE(timexErrorAt)) / 1000,
    };
  } catch {
    return { synchronized: undefined };
  }
}

async function readOr(path: string, otherwise: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => otherwise);
}
