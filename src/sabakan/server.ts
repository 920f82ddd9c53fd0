/** `tetsu server`: configuration, the real world, listeners, signals. Everything that can be wrong is said before it serves. */

import { constants } from 'node:fs';
import { access, mkdir, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { createSecureContext } from 'node:tls';
import { type EtcdChild, startEtcdChild } from '../base/io/etcd-child.ts';
import { type EtcdConfig, openEtcdStore } from '../base/io/etcd-store.ts';
import { createJsonLog } from '../base/io/json-log.ts';
import { createRealWorld } from '../base/io/real-world.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Store } from '../base/store.ts';
import type { Endpoint, Log } from '../base/world.ts';
import { createFileSink } from '../cke-bridge/io/file-sink.ts';
import { formatMistake } from '../cke-bridge/mistake.ts';
import { parseClusterTemplate } from '../cke-bridge/template.ts';
import { createProber } from '../health/io/probes.ts';
import { createFileShelf, memoryBytesDefault } from '../pxe/io/file-shelf.ts';
import { readLoaders } from '../pxe/io/loader-files.ts';
import { peerDownload } from '../pxe/io/peer-download.ts';
import { type AllowedNetwork, parseAllowedNetwork } from './allow-ips.ts';
import { readCommandLine } from './command-line.ts';
import {
  type ClusterSettings,
  type Config,
  type EtcdSettings,
  formatConfigMistake,
  type PemSource,
  parseConfig,
  parseFlags,
} from './config.ts';
import type { ClusterParts } from './control.ts';
import type { Handler } from './exchange.ts';
import { createFleet, type Fleet } from './fleet.ts';
import { createHttpApp } from './io/http-app.ts';
import { listen } from './io/listen.ts';
import { createMetricsApp } from './io/metrics-app.ts';
import { processFamilies } from './io/process-metrics.ts';
import { version } from './io/version.ts';
import { unknownPath, v1Error } from './problems.ts';

/** Requests under way get this long when the server stops; Sabakan's clients upload images. */
const drainMs = 10_000;
/** OVMF takes 3.8 s to answer an offer when alone, far more when a whole hall is powered on. */
const offerHoldSeconds = 60;

export type RunningServer = {
  readonly fleet: Fleet;
  readonly http: Endpoint;
  readonly metrics: Endpoint;
  /** Resolves with the reason when it cannot go on by itself (the embedded etcd has given up). */
  readonly failed: Promise<string>;
  readonly stop: () => Promise<void>;
};

/** The command: runs until SIGINT or SIGTERM. @returns the exit code. */
export async function runServer(
  configFile: string | undefined,
  flags: readonly string[],
): Promise<number> {
  const config = await readConfig(configFile, flags);
  if (!config.ok) {
    process.stderr.write(
      `tetsu: the configuration has mistakes, nothing was started:\n${config.error.map((line) => `  ${line}\n`).join('')}`,
    );
    return 2;
  }
  const log = createJsonLog({ level: config.value.logLevel });
  const server = await startServer(config.value, log);
  if (!server.ok) {
    process.stderr.write(`tetsu: cannot start: ${server.error}\n`);
    return 1;
  }
  const why = await Promise.race([signalled(), server.value.failed]);
  const isAsked = why === 'SIGINT' || why === 'SIGTERM';
  (isAsked ? log.info : log.error)('stopping', { why });
  await server.value.stop();
  return isAsked ? 0 : 1;
}

/** Starts everything, or stops what was started and says in one text what to do. */
export async function startServer(
  config: Config,
  log: Log,
): Promise<Result<RunningServer, string>> {
  const allowIps = allowedNetworks(config.allowIps);
  const cluster = await clusterParts(config.cluster);
  const tls = await tlsFiles(config);
  for (const part of [allowIps, cluster, tls]) if (!part.ok) return part;
  if (!allowIps.ok || !cluster.ok || !tls.ok) return fail('unreadable configuration');
  const dataDir = await usableDirectory(config.dataDir);
  if (!dataDir.ok) return dataDir;
  const { loaders, problems } = await readLoaders({
    folder: config.tftp.root,
    ipxeEfiPath: config.ipxeEfiPath,
  });
  for (const problem of problems) log.warn('a boot loader is missing', { problem });

  const etcd = await openStore(config.etcd, log);
  if (!etcd.ok) return etcd;
  const { store, child } = etcd.value;
  const world = createRealWorld({ store, log });
  const closers: (() => Promise<void>)[] = [
    async () => child?.stop(),
    () => store.close(),
    world.close,
  ];
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).toReversed()) await close();
  };

  const open = new Map<string, Endpoint>();
  if (tls.value === undefined)
    log.info('https is off: no server-cert and server-key are configured');
  const fleet = createFleet(
    world,
    {
      prober: createProber({
        allowLoopback: config.health.allowLoopback,
        forbidden: new Set(
          [config.http, config.metrics].map(({ address, port }) => `${address}:${port}`),
        ),
      }),
      boot: {
        shelf: createFileShelf({ dataDir: config.dataDir, memoryBytesMax: memoryBytesDefault }),
        loaders,
        download: peerDownload,
      },
      cluster: cluster.value,
      listeners: () => Object.fromEntries(open),
    },
    {
      serverName: config.serverName ?? hostname(),
      version,
      allowIps: allowIps.value,
      playground: config.enablePlayground,
      dhcp: config.dhcp.enabled ? { ...config.dhcp, holdSeconds: offerHoldSeconds } : undefined,
      pxe: {
        advertiseUrl: config.advertiseUrl,
        advertiseUrlHttps: config.advertiseUrlHttps,
        tftp: config.tftp.enabled ? config.tftp.listen : undefined,
      },
      health: config.health,
    },
  );
  const started = await fleet.start();
  if (!started.ok) {
    await stop();
    return fail(started.error.text);
  }
  closers.push(() => fleet.stop());

  const wanted = [
    ['http', config.http, () => createHttpApp(fleet.handle, world, fleet.requests)],
    ['metrics', config.metrics, () => createMetricsApp(() => fleet.metrics(processFamilies))],
    ...(tls.value === undefined
      ? []
      : [
          [
            'https',
            config.https,
            () => createHttpApp(httpsOnly, world, fleet.requests, tls.value),
          ] as const,
        ]),
  ] as const;
  for (const [member, endpoint, makeApp] of wanted) {
    const listener = await listen(makeApp(), endpoint, member);
    if (!listener.ok) {
      await stop();
      return listener;
    }
    open.set(member, listener.value.endpoint);
    closers.push(() => listener.value.close(drainMs));
  }
  const listening = Object.fromEntries([...open].map(([member, at]) => [member, text(at)]));
  log.info('listening', { ...listening, advertise: config.advertiseUrl });
  return ok({
    fleet,
    http: open.get('http') ?? config.http,
    metrics: open.get('metrics') ?? config.metrics,
    failed: child?.givenUp ?? new Promise<string>(() => {}),
    stop,
  });
}

/** Disk keys alone move over TLS, as with Sabakan 3; until they are served, every path here is unknown. */
const httpsOnly: Handler = async (exchange) => v1Error(exchange, unknownPath(exchange.path));

async function readConfig(
  configFile: string | undefined,
  args: readonly string[],
): Promise<Result<Config, readonly string[]>> {
  const line = readCommandLine(configFile, args);
  if (!line.ok) return line;
  const { file, flags, logLevel } = line.value;
  const withLevel = (config: Config): Config => ({
    ...config,
    logLevel: logLevel ?? config.logLevel,
  });
  if (file === undefined) {
    const config = parseFlags(flags);
    return config.ok
      ? ok(withLevel(config.value))
      : fail(config.error.map((mistake) => formatConfigMistake('flags', mistake)));
  }
  let source: string;
  try {
    source = await readFile(file, 'utf8');
  } catch (error) {
    return fail([`${file}: cannot be read: ${(error as Error).message}`]);
  }
  const config = parseConfig(source);
  return config.ok
    ? ok(withLevel(config.value))
    : fail(config.error.map((mistake) => formatConfigMistake(file, mistake)));
}

function allowedNetworks(texts: readonly string[]): Result<readonly AllowedNetwork[], string> {
  const networks: AllowedNetwork[] = [];
  for (const text of texts) {
    const network = parseAllowedNetwork(text);
    if (!network.ok) return fail(`allow-ips: ${network.error}`);
    networks.push(network.value);
  }
  return ok(networks);
}

async function clusterParts(
  cluster: ClusterSettings | undefined,
): Promise<Result<ClusterParts | undefined, string>> {
  if (cluster === undefined) return ok(undefined);
  const { templateFile, output, constraints, settings } = cluster;
  let source: string;
  try {
    source = await readFile(templateFile, 'utf8');
    await access(dirname(output), constants.W_OK);
  } catch (error) {
    return fail(`cluster: ${(error as Error).message}`);
  }
  const template = parseClusterTemplate(source);
  if (!template.ok) {
    const lines = template.error.map((mistake) => `  ${formatMistake(mistake)}`);
    return fail(`the cluster template ${templateFile} has mistakes:\n${lines.join('\n')}`);
  }
  return ok({
    template: () => template.value,
    constraints,
    settings,
    sink: createFileSink(output),
  });
}

async function usableDirectory(path: string): Promise<Result<void, string>> {
  try {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK);
    return ok(undefined);
  } catch (error) {
    const { message } = error as Error;
    return fail(`data-dir: ${path} cannot be used (${message}); boot images are kept there`);
  }
}

async function tlsFiles(
  config: Config,
): Promise<Result<{ cert: string; key: string } | undefined, string>> {
  const { serverCert, serverKey } = config;
  if (serverCert === undefined || serverKey === undefined) return ok(undefined);
  try {
    const tls = {
      cert: await readFile(serverCert, 'utf8'),
      key: await readFile(serverKey, 'utf8'),
    };
    // Refuses what is no PEM, and a key that belongs to another certificate.
    createSecureContext(tls);
    return ok(tls);
  } catch (error) {
    return fail(`server-cert, server-key: ${(error as Error).message}`);
  }
}

async function openStore(
  settings: EtcdSettings,
  log: Log,
): Promise<Result<{ readonly store: Store; readonly child: EtcdChild | undefined }, string>> {
  const { prefix, timeoutMs } = settings;
  if (settings.kind === 'embedded') {
    const child = await startEtcdChild({ directory: settings.directory, log });
    if (!child.ok) return fail(child.error.text);
    const store = await openEtcdStore({ ...child.value.settings, prefix, timeoutMs }, log);
    if (store.ok) return ok({ store: store.value, child: child.value });
    await child.value.stop();
    return fail(store.error.text);
  }
  const config = await externalEtcd(settings);
  if (!config.ok) return config;
  const store = await openEtcdStore(config.value, log);
  return store.ok ? ok({ store: store.value, child: undefined }) : fail(store.error.text);
}

async function externalEtcd(
  settings: Extract<EtcdSettings, { kind: 'external' }>,
): Promise<Result<EtcdConfig, string>> {
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
  const { endpoints, prefix, timeoutMs, username, password, maxTxnOps } = settings;
  return ok({
    endpoints,
    prefix,
    timeoutMs,
    transactionOperationsMax: maxTxnOps,
    ...(username === '' ? {} : { username, password }),
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
  });
}

async function pemText(source: PemSource | undefined): Promise<Result<string | undefined, string>> {
  if (source === undefined || 'pem' in source) return ok(source?.pem);
  try {
    return ok(await readFile(source.file, 'utf8'));
  } catch (error) {
    return fail((error as Error).message);
  }
}

function signalled(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => resolve(signal));
  });
}

function text({ address, port }: Endpoint): string {
  return `${address}:${port}`;
}
