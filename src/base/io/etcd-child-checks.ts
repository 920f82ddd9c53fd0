/** What must be in place before an embedded etcd is started: the program, the space, the ports. */

import { access, constants, readFile, statfs, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { fail, ok, type Result } from '../result.ts';

export type EtcdChildProblem = {
  readonly kind: 'binary-missing' | 'port-taken' | 'disk-full' | 'in-use' | 'failed';
  readonly text: string;
};

export type Ports = { readonly client: number; readonly peer: number };

/** Two preallocated write-ahead segments take 123 MB before the first key is written. */
const freeBytesForNew = 300_000_000;
const freeBytesMin = 32_000_000;
/** etcd's own ports belong to a system-wide etcd, which Debian's package starts. */
const portsNotOurs: readonly number[] = [2379, 2380];

export async function missingBinary(binary: string): Promise<EtcdChildProblem | undefined> {
  for (const [program, debianPackage] of [
    [binary, 'etcd-server'],
    ['setpriv', 'util-linux'],
  ] as const) {
    if (await isInPath(program)) continue;
    const text = `the program "${program}" was not found; install it with: apt-get install ${debianPackage}`;
    return { kind: 'binary-missing', text };
  }
  return undefined;
}

async function isInPath(program: string): Promise<boolean> {
  const places = program.includes('/')
    ? [program]
    : (process.env['PATH'] ?? '').split(delimiter).map((directory) => join(directory, program));
  for (const place of places) {
    const found = await access(place, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}

export async function lackOfSpace(directory: string): Promise<EtcdChildProblem | undefined> {
  const space = await statfs(directory);
  const freeBytes = space.bavail * space.bsize;
  const isNew = await access(join(directory, 'data', 'member')).then(
    () => false,
    () => true,
  );
  const neededBytes = isNew ? freeBytesForNew : freeBytesMin;
  if (freeBytes >= neededBytes) return undefined;
  const megabytes = (bytes: number) => Math.floor(bytes / 1_000_000);
  const text = `${directory} has ${megabytes(freeBytes)} MB free, etcd needs ${megabytes(neededBytes)} MB`;
  return { kind: 'disk-full', text };
}

/** Those of last time if they are free, since people may have noted them. */
export async function choosePorts(
  directory: string,
  wanted: number | undefined,
): Promise<Result<Ports, EtcdChildProblem>> {
  const file = join(directory, 'ports.json');
  const remembered = await readFile(file, 'utf8')
    .then((text) => JSON.parse(text) as Partial<Ports>)
    .catch((): Partial<Ports> => ({}));
  if (wanted !== undefined && (portsNotOurs.includes(wanted) || !(await isFree(wanted)))) {
    const why = portsNotOurs.includes(wanted) ? 'belongs to a system-wide etcd' : 'is taken';
    return fail({ kind: 'port-taken', text: `port ${wanted} on 127.0.0.1 ${why}; choose another` });
  }
  const client = wanted ?? (await freePort(remembered.client, []));
  const peer = await freePort(remembered.peer, [client]);
  await writeFile(file, JSON.stringify({ client, peer }), { mode: 0o600 });
  return ok({ client, peer });
}

async function freePort(preferred: number | undefined, taken: readonly number[]): Promise<number> {
  const unwanted = [...portsNotOurs, ...taken];
  if (typeof preferred === 'number' && !unwanted.includes(preferred) && (await isFree(preferred))) {
    return preferred;
  }
  for (;;) {
    const port = await listenOnce(0);
    if (port !== undefined && !unwanted.includes(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  return (await listenOnce(port)) !== undefined;
}

async function listenOnce(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const bound = (server.address() as { readonly port: number }).port;
      server.close(() => resolve(bound));
    });
  });
}
