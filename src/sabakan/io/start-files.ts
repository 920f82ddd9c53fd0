/** The files that a server reads before it starts, with errors that name the member and the file. */

import { constants } from 'node:fs';
import { access, mkdir, readFile } from 'node:fs/promises';
import { fail, ok, type Result } from '../../base/result.ts';
import { type CommandLine, readCommandLine } from '../command-line.ts';
import {
  type Config,
  formatConfigMistake,
  parseConfig,
  parseEtcdSettings,
  parseFlags,
} from '../config.ts';
import type { EtcdSettings, PemSource } from '../config-etcd.ts';

/** The configuration with what only the command line says. */
export type StartConfig = Config & Pick<CommandLine, 'logFile' | 'remarks'>;

/** From a file or from flags; every mistake at once, a line each. */
export async function readConfig(
  configFile: string | undefined,
  args: readonly string[],
): Promise<Result<StartConfig, readonly string[]>> {
  const line = readCommandLine(configFile, args);
  if (!line.ok) return line;
  const { file, flags, logLevel, logFile, remarks } = line.value;
  const withLevel = (config: Config): StartConfig => ({
    ...config,
    ...{ logLevel: logLevel ?? config.logLevel, logFile, remarks },
  });
  if (file === undefined) {
    const config = parseFlags(flags);
    return config.ok
      ? ok(withLevel(config.value))
      : fail(config.error.map((mistake) => formatConfigMistake('flags', mistake)));
  }
  const source = await readText(file);
  if (!source.ok) return fail([source.error]);
  const config = parseConfig(source.value);
  return config.ok
    ? ok(withLevel(config.value))
    : fail(config.error.map((mistake) => formatConfigMistake(file, mistake)));
}

/** The same, of which only where etcd is counts: what else is missing or wrong is a server's business. */
export async function readEtcdConfig(
  configFile: string | undefined,
  args: readonly string[],
): Promise<Result<EtcdSettings, readonly string[]>> {
  const line = readCommandLine(configFile, args);
  if (!line.ok) return line;
  const { file, flags } = line.value;
  const source = file === undefined ? ok('') : await readText(file);
  if (!source.ok) return fail([source.error]);
  const settings = parseEtcdSettings(file === undefined ? { flags } : { yamlText: source.value });
  return settings.ok
    ? settings
    : fail(settings.error.map((mistake) => formatConfigMistake(file ?? 'flags', mistake)));
}

/** What the store needs to know of an etcd cluster that is not ours. */
export async function externalEtcd(settings: Extract<EtcdSettings, { kind: 'external' }>) {
  const tls: { ca?: string; cert?: string; key?: string } = {};
  for (const [name, source] of [
    ['ca', settings.tlsCa],
    ['cert', settings.tlsCert],
    ['key', settings.tlsKey],
  ] as const) {
    const pem = await pemText(source);
    if (!pem.ok) return fail(`etcd.tls-${name}-file: ${pem.error}`);
    if (pem.value !== undefined) tls[name] = pem.value;
  }
  const { endpoints, prefix, timeoutMs, username, password } = settings;
  return ok({
    endpoints,
    prefix,
    timeoutMs,
    transactionOperationsMax: settings.maxTxnOps,
    requestBytesMax: settings.maxRequestBytes,
    ...(username === '' ? {} : { username, password }),
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
  });
}

async function pemText(source: PemSource | undefined): Promise<Result<string | undefined, string>> {
  if (source === undefined || 'pem' in source) return ok(source?.pem);
  return readText(source.file);
}

export async function readText(path: string): Promise<Result<string, string>> {
  try {
    return ok(await readFile(path, 'utf8'));
  } catch (error) {
    return fail(`${path} cannot be read: ${messageOf(error)}`);
  }
}

export async function writableFolder(path: string): Promise<Result<void, string>> {
  try {
    await access(path, constants.W_OK);
    return ok(undefined);
  } catch (error) {
    return fail(`${path} cannot be written to: ${messageOf(error)}`);
  }
}

export async function madeFolder(path: string): Promise<Result<void, string>> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    return fail(`${path} cannot be made: ${messageOf(error)}`);
  }
  return writableFolder(path);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
