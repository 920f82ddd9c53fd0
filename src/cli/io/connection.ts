/** Whom a command asks, and as whom: options before environment before context. */

import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { nearestName } from '../../base/nearest-name.ts';
import { type Context, checkServer } from '../contexts.ts';
import { exitCodes, Failure } from '../failure.ts';
import { contextFile, readContexts, readToken } from './context-file.ts';

export type Connection = {
  /** At least one. */
  readonly servers: readonly string[];
  readonly token?: string;
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
};

export const defaultServer = 'http://localhost:10080';

type Options = {
  readonly server?: string;
  readonly context?: string;
  readonly tokenFile?: string;
};

export async function connectionOf(command: Command): Promise<Connection> {
  const { server: given, context: name, tokenFile } = command.opts<Options>();
  // `--context` on the command line means more than TETSU_SERVER in the environment.
  const isOverruled =
    command.getOptionValueSource('context') === 'cli' &&
    command.getOptionValueSource('server') === 'env';
  const server = isOverruled ? undefined : given;
  // One server and no context: no file is read.
  const context = await chosenContext(name, server);
  const servers = server === undefined ? (context?.servers ?? [defaultServer]) : [checked(server)];
  // A token of a context goes to its own servers and to nobody else.
  const isItsOwn = servers.every((one) => context?.servers.includes(one));
  const token = tokenOf(tokenFile, isItsOwn ? context : undefined);
  if (token !== undefined) warnWhenOpen(servers);
  const ca = context?.caFile ?? process.env['TETSU_CA'];
  const { certFile, keyFile } = (isItsOwn ? context : undefined) ?? {};
  return {
    servers,
    ...(token === undefined ? {} : { token }),
    tls: {
      ...(ca === undefined || ca === '' ? {} : { ca: fileOf(ca) }),
      ...(certFile === undefined ? {} : { cert: fileOf(certFile) }),
      ...(keyFile === undefined ? {} : { key: fileOf(keyFile) }),
    },
  };
}

async function chosenContext(
  name: string | undefined,
  server: string | undefined,
): Promise<Context | undefined> {
  const all = await readContexts();
  // Who names a server means that one; its context is only looked for its token and certificates.
  const chosen = name ?? all.current;
  if (chosen === undefined) return undefined;
  const context = all.contexts.get(chosen);
  if (context !== undefined || (name === undefined && server !== undefined)) return context;
  const meant = nearestName(chosen, [...all.contexts.keys()]);
  throw new Failure(
    `there is no context ${JSON.stringify(chosen)}${meant === undefined ? '' : `; did you mean ${meant}?`}`,
    `tetsu context list shows them; they are in ${contextFile()}`,
    exitCodes.usage,
  );
}

/** Never an argument of a command: those are seen by everybody on the host. */
function tokenOf(file: string | undefined, context: Context | undefined): string | undefined {
  if (file !== undefined) return readToken(file);
  const given = process.env['TETSU_TOKEN']?.trim() ?? '';
  if (given !== '') return given;
  return context?.tokenFile === undefined ? context?.token : readToken(context.tokenFile);
}

let isWarned = false;

function warnWhenOpen(servers: readonly string[]): void {
  const open = servers.find((server) => {
    const { protocol, hostname } = new URL(server);
    return protocol === 'http:' && !/^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname);
  });
  if (open === undefined || isWarned) return;
  isWarned = true;
  process.stderr.write(`tetsu: the token goes to ${open} in the open; https:// hides it\n`);
}

function checked(server: string): string {
  const url = checkServer(server);
  if (url.ok) return url.value;
  throw new Failure(url.error, `such as ${defaultServer}`, exitCodes.usage);
}

function fileOf(name: string): Buffer {
  try {
    return readFileSync(name);
  } catch (problem) {
    const code = (problem as NodeJS.ErrnoException).code ?? String(problem);
    throw new Failure(
      `${name}: cannot be read (${code})`,
      'ca-file, cert-file, key-file, TETSU_CA',
      2,
    );
  }
}
