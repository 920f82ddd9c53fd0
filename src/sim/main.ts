/** `npm run demo`: the whole road on this host, with real sockets and no privileges. */

import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHttpClient } from '../base/io/http-client.ts';
import { createJsonLog } from '../base/io/json-log.ts';
import { systemClock } from '../base/io/system-clock.ts';
import { createNet } from '../base/io/udp.ts';
import { formatConfigMistake, parseConfig } from '../sabakan/config.ts';
import { startServer } from '../sabakan/server.ts';
import { createApi } from './api.ts';
import { type Stage, stages } from './boot-road.ts';
import { createSeededChance } from './chance.ts';
import { type DemoOptions, parseDemoOptions, usage } from './demo/options.ts';
import { createProgress, type Progress, timelineOf } from './demo/progress.ts';
import { type DemoFailure, runDemo, sparesOf } from './demo/run.ts';
import { loopback, serverConfig } from './demo/server-config.ts';
import { createFleetWatch } from './demo/watch.ts';
import { clusterTemplate, relayAddressOf } from './documents.ts';
import { freeTcpPort, freeUdpPort } from './io/ports.ts';
import { createRealOsEdge } from './io/real-os.ts';
import type { MachineEvent } from './machine.ts';
import { simLoaders } from './sim-server.ts';
import { createSite } from './site.ts';

const watchEveryMs = 500;
/** From the end of the swap until the failed machine comes back. */
const repairAfterMs = 15_000;
/** A second Ctrl-C does not wait. */
const stopWithinMs = 15_000;

async function main(words: readonly string[]): Promise<number> {
  const options = parseDemoOptions(words);
  if (!options.ok) {
    process.stderr.write(`${options.error.join('\n')}\n\n${usage}`);
    return 2;
  }
  if (options.value === 'help') {
    process.stdout.write(usage);
    return 0;
  }
  const startedMs = systemClock.monotonicMs();
  const progress = createProgress({
    write: (text) => process.stdout.write(text),
    elapsedMs: () => systemClock.monotonicMs() - startedMs,
    isTerminal: process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined,
  });
  const closers: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).toReversed()) await close();
  };
  const stopped = new Promise<'stopped'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => resolve('stopped'));
    }
  });

  const directory = await mkdtemp(join(tmpdir(), 'tetsukan-demo-'));
  closers.push(() => rm(directory, { recursive: true, force: true }));
  let outcome: DemoFailure | 'stopped' | 'done';
  try {
    outcome = await Promise.race([
      demo(options.value, progress, directory, closers, stopped),
      stopped,
    ]);
  } catch (error) {
    outcome = { step: 'demo', text: (error as Error).stack ?? String(error), look: 'the log' };
  }
  if (typeof outcome === 'object') {
    progress.say(outcome.step, `failed: ${outcome.text}`, 'bad');
    progress.note(`look at: ${outcome.look}; the log is ${join(directory, 'server.log')}`);
    // What it shows is worth more than a tidy temporary directory.
    closers.shift();
  }
  if (outcome === 'stopped') progress.say('stop', 'ending everything');
  const hurry = setTimeout(() => process.exit(1), stopWithinMs);
  hurry.unref();
  await stop();
  return typeof outcome === 'object' ? 1 : 0;
}

async function demo(
  options: DemoOptions,
  progress: Progress,
  directory: string,
  closers: (() => Promise<void>)[],
  stopped: Promise<'stopped'>,
): Promise<DemoFailure | 'stopped' | 'done'> {
  const places = {
    directory,
    httpPort: await freeTcpPort(loopback, 10_080),
    metricsPort: await freeTcpPort(loopback, 10_081),
    dhcpPort: await freeUdpPort(loopback, 10_067),
    tftpPort: await freeUdpPort(loopback, 10_069),
    nodePort: await freeTcpPort('0.0.0.0', 9_105),
    spares: sparesOf(options.machines),
  };
  await writeFiles(directory);
  const configFile = join(directory, 'server.yml');
  const configText = serverConfig(places);
  await writeFile(configFile, configText);
  const config = parseConfig(configText);
  if (!config.ok) {
    const text = config.error.map((mistake) => formatConfigMistake(configFile, mistake)).join('; ');
    return { step: 'configuration', text, look: configFile };
  }
  const logFile = createWriteStream(join(directory, 'server.log'));
  const log = createJsonLog({ level: 'info', destination: logFile });
  const server = await startServer(config.value, log);
  if (!server.ok) return { step: 'server', text: server.error, look: configFile };
  closers.push(server.value.stop);
  const url = `http://${loopback}:${places.httpPort}`;
  progress.say('server', `${url}  (etcd embedded, log in ${directory}/server.log)`, 'strong');

  const http = createHttpClient();
  closers.push(http.close);
  const chance = createSeededChance(options.seed);
  const osEdge = createRealOsEdge(places.nodePort);
  closers.push(osEdge.close);
  const timelines = new Map<string, (readonly [Stage, number])[]>();
  const site = createSite(
    {
      racks: options.racks,
      machines: options.machines,
      serialOf: (number) => `demo-${String(number).padStart(3, '0')}`,
      relayAddressOf: (rack) => relayAddressOf('127', rack),
      relayPort: 0,
      dhcpServers: [{ address: loopback, port: places.dhcpPort }],
      tftpPort: places.tftpPort,
      hurry: options.hurry,
      loss: 0,
    },
    (name) => ({ net: createNet(), http, clock: systemClock, chance: chance.split(name) }),
    osEdge,
    (event) => tellMachine(event, progress, timelines),
  );
  closers.push(async () => site.stop());
  const stageCounts = (): ReadonlyMap<string, number> => {
    const counts = new Map<string, number>(stages.map((stage) => [stage, 0]));
    for (const machine of site.machines) {
      counts.set(machine.stage(), (counts.get(machine.stage()) ?? 0) + 1);
    }
    return counts;
  };
  const api = createApi(http, url);
  const watch = createFleetWatch(api, progress, stageCounts);
  const ran = await Promise.race([
    runDemo({
      options,
      clock: systemClock,
      chance: chance.split('demo'),
      api,
      site,
      progress,
      watch,
    }),
    stopped,
    server.value.failed.then((why) => ({
      ok: false as const,
      error: { step: 'server', text: why, look: 'the log' },
    })),
  ]);
  if (ran === 'stopped') return 'stopped';
  if (!ran.ok) return ran.error;
  if (options.once) return 'done';

  sayWhatToLookAt(progress, url, directory, places.metricsPort);
  systemClock.after(repairAfterMs, () => {
    progress.say('repair', `${ran.value.failed} is repaired and powered on`);
    site.find(ran.value.failed)?.powerOn();
  });
  let over = false;
  void stopped.then(() => {
    over = true;
  });
  while (!over) {
    await watch.look();
    await new Promise<void>((resolve) => systemClock.after(watchEveryMs, resolve));
  }
  return 'stopped';
}

/** Loaders stand in for iPXE, which the machines here do not run; the template is the cluster's. */
async function writeFiles(directory: string): Promise<void> {
  await mkdir(join(directory, 'loaders'), { recursive: true });
  await writeFile(join(directory, 'cluster-template.yml'), clusterTemplate);
  for (const [name, { bytes }] of simLoaders()) {
    await writeFile(join(directory, 'loaders', name), bytes);
  }
}

/** One line when a machine is up, with its timeline, or when it has given up; the rest is in the counts. */
function tellMachine(
  { serial, stage, text }: MachineEvent,
  progress: Progress,
  timelines: Map<string, (readonly [Stage, number])[]>,
): void {
  if (stage === 'firmware') timelines.set(serial, []);
  const timeline = timelines.get(serial) ?? [];
  timeline.push([stage, systemClock.monotonicMs()]);
  if (stage === 'up') progress.say('up', `${serial} ${text}  (${timelineOf(timeline)} s)`);
  if (stage === 'dark') progress.say('dark', `${serial} ${text}`, 'bad');
}

function sayWhatToLookAt(
  progress: Progress,
  url: string,
  directory: string,
  metricsPort: number,
): void {
  const server = url === 'http://127.0.0.1:10080' ? '' : ` --server ${url}`;
  progress.note(`
The fleet goes on running; what changes is printed here. To look further:

  npx tetsu get machines${server}
  npx tetsu plan${server}
  curl ${url}/api/v1/machines?state=healthy
  curl ${url}/api/v2/status
  curl http://127.0.0.1:${metricsPort}/metrics
  cat ${directory}/cluster.yml

Ctrl-C ends everything.
`);
}

process.exitCode = await main(process.argv.slice(2));
