/** `tetsu server`: configuration, the real world, listeners, signals. Everything that can be wrong is said before it serves. */

import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { createAddressProber } from '../base/io/address-prober.ts';
import { lookAtEtcd } from '../base/io/etcd-look.ts';
import { createJsonLog } from '../base/io/json-log.ts';
import { libcFunction } from '../base/io/native.ts';
import { createRealWorld } from '../base/io/real-world.ts';
import { watchSpareMemory } from '../base/io/spare-memory.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Endpoint, Log } from '../base/world.ts';
import { createFileSink } from '../cke-bridge/io/file-sink.ts';
import { formatMistake } from '../cke-bridge/mistake.ts';
import { parseClusterTemplate } from '../cke-bridge/template.ts';
import { createProber } from '../health/io/probes.ts';
import { createAssetFileShelf } from '../pxe/io/asset-file-shelf.ts';
import { createFileShelf, memoryBytesDefault } from '../pxe/io/file-shelf.ts';
import { readLoaders } from '../pxe/io/loader-files.ts';
import { peerDownload } from '../pxe/io/peer-download.ts';
import { createProgramFile } from '../pxe/io/program-file.ts';
import { watchServing } from '../pxe/serving.ts';
import type { ClusterSettings, Config } from './config.ts';
import type { ClusterParts } from './control.ts';
import { hostLook } from './doctor/io/host.ts';
import type { Handler } from './exchange.ts';
import { createFleet, type Fleet } from './fleet.ts';
import { cryptsetupBeside } from './io/beside.ts';
import { createHttpApp, renewTls } from './io/http-app.ts';
import { listen } from './io/listen.ts';
import { processFamilies } from './io/process-metrics.ts';
import { systemSecrets } from './io/secrets.ts';
import { apiMembers, followTls, readTls, type TlsMaterial } from './io/server-tls.ts';
import { madeFolder, readConfig, readText, writableFolder } from './io/start-files.ts';
import { version } from './io/version.ts';
import type { MetricFamily } from './metric-text.ts';
import { openStore } from './open-store.ts';
import type { TlsFiles } from './tls-files.ts';

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
    if (configFile === undefined && flags.length === 0) {
      process.stderr.write(
        'hint: tetsu server --config FILE; the README has a small file to begin with\n',
      );
    }
    return 2;
  }
  const { logLevel, logFile, remarks } = config.value;
  if (logFile !== undefined) {
    const folder = await writableFolder(dirname(logFile));
    if (!folder.ok) {
      process.stderr.write(`tetsu: cannot start: -logfile: ${folder.error}\n`);
      return 2;
    }
  }
  const log = createJsonLog({
    level: logLevel,
    ...(logFile === undefined ? {} : { file: logFile }),
  });
  for (const text of remarks) log.warn('an argument was passed over', { text });
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
  const cluster = await clusterParts(config.cluster);
  const tls = await readTls(config.tls);
  if (!cluster.ok) return cluster;
  if (!tls.ok) return tls;
  const apiTls = config.apiHttps && (await readTls(config.apiHttps.files, apiMembers));
  if (apiTls?.ok === false) return apiTls;
  const dataDir = await madeFolder(config.dataDir);
  if (!dataDir.ok)
    return fail(`data-dir: boot images and assets are kept there, but ${dataDir.error}`);
  const { loaders, problems } = await readLoaders({
    folder: config.tftp.root,
    ipxeEfiPath: config.ipxeEfiPath,
    others: Object.values(config.dhcp.loaders).filter((name) => name !== undefined),
  });
  for (const problem of problems) log.warn('a boot loader is missing', { problem });

  const cryptsetup = createProgramFile(cryptsetupPath(config));
  const program = await cryptsetup.content();
  if (!program.ok) log.info('no sabakan-cryptsetup to give out', { why: program.error.text });

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
  if (tls.value === undefined) {
    log.warn('https is off: disk keys are neither taken nor given', {
      missing: [config.tls.cert, config.tls.key],
      hint: 'put a certificate and its key there, or set server-cert and server-key',
    });
  }
  const fleet = createFleet(
    world,
    {
      prober: createProber({
        allowLoopback: config.health?.allowLoopback ?? false,
        forbidden: new Set(
          [
            ...[config.http, config.https, config.metrics],
            ...(config.apiHttps === undefined ? [] : [config.apiHttps.listen]),
          ].map(({ address, port }) => `${address}:${port}`),
        ),
      }),
      boot: {
        shelf: createFileShelf({ dataDir: config.dataDir, memoryBytesMax: memoryBytesDefault }),
        assetShelf: createAssetFileShelf(config.dataDir),
        loaders,
        download: peerDownload,
        addressProber: createAddressProber(),
      },
      cryptsetup,
      secrets: systemSecrets,
      cluster: cluster.value,
      listeners: () => Object.fromEntries(open),
      host: hostLook(
        config,
        {
          look: () => lookAtEtcd(etcd.value.config, true),
          maxTxnOps: etcd.value.config.transactionOperationsMax ?? config.etcd.maxTxnOps,
        },
        { pid: process.pid, listeners: () => open, http: world.http },
        libcFunction,
      ),
    },
    {
      serverName: config.serverName ?? hostname(),
      version,
      allowIps: config.access.allowIps,
      access: config.access,
      playground: config.enablePlayground,
      openMutations: config.access.openMutations,
      pxe: {
        advertiseUrl: config.advertiseUrl,
        advertiseUrlHttps: config.advertiseUrlHttps,
        pulls: { strayGraceMs: config.removedBlobsStaySeconds * 1_000 },
        admission: { downloadsMax: config.bootDownloadsMax },
        tftp: config.tftp.enabled ? config.tftp.listen : undefined,
        discovery: config.discovery,
        ...(config.dhcp.enabled && { dhcp: { ...config.dhcp, holdSeconds: offerHoldSeconds } }),
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

  const certificates: (() => readonly MetricFamily[])[] = [];
  const ownMetrics = () => [...processFamilies(), ...certificates.flatMap((of) => of())];
  const secureApp = (
    handle: Handler,
    files: TlsFiles,
    first: TlsMaterial,
    metricPrefix: string,
  ) => {
    const app = createHttpApp(handle, world, fleet.requests, first);
    const use = (renewed: TlsMaterial) => renewTls(app, renewed);
    const following = followTls({ files, first, world, use, metricPrefix });
    closers.push(async () => following.stop());
    certificates.push(following.metrics);
    return app;
  };
  const plainApp = (handle: Handler) => createHttpApp(handle, world, fleet.requests);
  const wanted: (readonly [string, Endpoint, () => ReturnType<typeof plainApp>])[] = [
    ['http', config.http, () => plainApp(fleet.handle)],
    ['metrics', config.metrics, () => plainApp(fleet.handleMetrics(ownMetrics))],
  ];
  const diskKeys = tls.value;
  if (diskKeys !== undefined) {
    const makeApp = () => secureApp(fleet.handleTls, config.tls, diskKeys, 'tetsukan_https');
    wanted.push(['https', config.https, makeApp]);
  }
  const api = apiTls?.value;
  if (config.apiHttps !== undefined && api !== undefined) {
    const { listen: at, files } = config.apiHttps;
    const makeApp = () => secureApp(fleet.handle, files, api, 'tetsukan_api_https');
    wanted.push(['api-https', at, makeApp]);
  }
  for (const [member, endpoint, makeApp] of wanted) {
    const listener = await listen(makeApp(), endpoint, member);
    if (!listener.ok) {
      await stop();
      return listener;
    }
    open.set(member, listener.value.endpoint);
    closers.push(() => listener.value.close(drainMs));
  }
  closers.push(async () => fleet.endWatches());
  const unwatchMemory = watchSpareMemory(world, watchServing(fleet.pxe.sightings, world.clock));
  closers.push(async () => unwatchMemory());
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

/** Sabakan's environment variable and default; the configuration goes over both. */
function cryptsetupPath({ cryptsetup }: Config): string {
  return resolve(cryptsetup ?? (process.env['SABAKAN_CRYPTSETUP'] || cryptsetupBeside));
}

async function clusterParts(
  cluster: ClusterSettings | undefined,
): Promise<Result<ClusterParts | undefined, string>> {
  if (cluster === undefined) return ok(undefined);
  const { templateFile, output, constraints, settings } = cluster;
  const folder = await writableFolder(dirname(output));
  if (!folder.ok) return fail(`cluster.output: ${folder.error}`);
  const source = await readText(templateFile);
  if (!source.ok) return fail(`cluster.template: ${source.error}`);
  const template = parseClusterTemplate(source.value);
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

function signalled(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => resolve(signal));
  });
}

function text({ address, port }: Endpoint): string {
  return `${address}:${port}`;
}
