/** One run: a cluster, clients, blows, and at the end what became of it all. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededChance } from '../support/clock.ts';
import { startTestEtcd, type TestEtcd } from '../support/etcd.ts';
import { ask, outcomeOf } from './ask.ts';
import { check } from './checker.ts';
import { machinesIn, type Recorder, startClients } from './clients.ts';
import { startDhcpClients } from './dhcp-clients.ts';
import { markEnd, readHistory } from './etcd-history.ts';
import type { History, KeyEvent, Violation, WriteRequest } from './history.ts';
import { type Blow, startNemesis } from './nemesis.ts';
import { objectNames } from './objects.ts';
import { type ChaosServer, prepareChaosServer } from './servers.ts';
import { makeKernel, sha256, spell } from './spell.ts';
import { timelineOf } from './timeline.ts';

export type Ran = {
  readonly history: History;
  readonly blows: readonly Blow[];
  readonly startMs: number;
  readonly endMs: number;
  readonly violations: readonly Violation[];
  /** How long after the last blow every server had every image. */
  readonly imagesSpreadMs: number;
};

const serverCount = 3;
const clientCount = 24;
const dhcpClientCount = 6;
const prefix = '/sabakan/';
/** After the last blow, servers agree at once; this ends what would never end. */
const agreeWithinMs = 180_000;
/** Fetches are tried again with pauses that grow; a new image wakes them. */
const imagesWithinMs = 300_000;
/** With one of three members away, writes go on after an election and a reconnection: 4 s, on slow machines many more. */
const silenceMaxMs = 40_000;

export async function runChaos(options: {
  readonly seconds: number;
  readonly seed: number;
  readonly say: (text: string) => void;
}): Promise<Ran> {
  const { seconds, seed, say } = options;
  const chanceOf = (stream: number) => seededChance(seed * 1_000 + stream);
  const troubles: string[] = [];
  const directory = await mkdtemp(join(tmpdir(), 'tetsukan-chaos-'));
  const etcd = await startTestEtcd({ members: 3 });
  const servers: ChaosServer[] = [];
  try {
    for (let at = 0; at < serverCount; at += 1) {
      servers.push(await prepareChaosServer(at, etcd.endpoints, directory));
    }
    await Promise.all(servers.map((server) => server.launch()));
    const recorder: Recorder = { writes: [], looks: [], lists: [] };
    const startMs = performance.now();
    await begin(servers, recorder);
    const clients = startClients(
      servers,
      Array.from({ length: clientCount }, (_, at) => chanceOf(100 + at)),
      recorder,
    );
    const dhcp = await startDhcpClients(
      servers.map(({ dhcpPort }) => dhcpPort),
      Array.from({ length: dhcpClientCount }, (_, at) => chanceOf(200 + at)),
    );
    const chances = { servers: chanceOf(1), members: chanceOf(2) };
    const nemesis = startNemesis(servers, etcd, chances, (text) => troubles.push(text));
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    await nemesis.stop();
    await Promise.all([clients.stop(), dhcp.stop()]);
    const endMs = performance.now();
    say('the blows are over; looking at what is left');
    await lastBlobs(servers, recorder);
    const events = await agree(servers, etcd, recorder);
    const imagesSpreadMs = await blobsEverywhere(servers, events, troubles);
    const last = await markEnd(etcd.endpoints[0] ?? '', prefix);
    const history: History = {
      ...recorder,
      events: await readHistory(etcd.endpoints[0] ?? '', prefix, last),
      acks: dhcp.acks,
      gaveUp: dhcp.gaveUp,
    };
    for (const server of servers) troubles.push(...[server.diedOfItself() ?? []].flat());
    const silence = longestSilence(history, startMs, endMs);
    if (silence > silenceMaxMs) {
      troubles.push(`no write was acknowledged for ${Math.round(silence)} ms`);
    }
    const violations = [
      ...troubles.map((text): Violation => ({ kind: 'trouble', text, history: [] })),
      ...check(history),
    ];
    return { history, blows: nemesis.blows, startMs, endMs, violations, imagesSpreadMs };
  } finally {
    for (const server of servers) server.signal('SIGCONT');
    await Promise.all(servers.map((server) => server.kill().then(server.remove)));
    await etcd.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** The longest time in which no write was acknowledged, in milliseconds. */
export function longestSilence({ writes }: History, startMs: number, endMs: number): number {
  const done = writes.filter(({ outcome }) => outcome.kind === 'done').map((one) => one.endMs);
  const times = [startMs, ...done.filter((atMs) => atMs < endMs).sort((a, b) => a - b), endMs];
  return Math.max(...times.slice(1).map((atMs, at) => atMs - (times[at] ?? atMs)));
}

const beginTriesMax = 20;

async function begin(servers: readonly ChaosServer[], recorder: Recorder): Promise<void> {
  const first: readonly WriteRequest[] = [{ kind: 'ipam' }, { kind: 'dhcp', leaseMinutes: 2 }];
  for (const [at, request] of first.entries()) {
    // A server that has just started may be slow to answer; each try is a request of its own.
    let isDone = false;
    for (let tries = 0; !isDone; tries += 1) {
      if (tries === beginTriesMax) {
        throw new Error(`the servers did not take ${JSON.stringify(request)}`);
      }
      isDone = await put(servers, recorder, `begin-${at}-${tries}`, request);
    }
  }
}

/** One more of each, which wakes every server that had given up for a while. */
async function lastBlobs(servers: readonly ChaosServer[], recorder: Recorder): Promise<void> {
  const content = makeKernel(7);
  await put(servers, recorder, 'end-0', { kind: 'image', id: 'last', content });
  await put(servers, recorder, 'end-1', { kind: 'asset', name: 'last', content });
}

async function put(
  servers: readonly ChaosServer[],
  recorder: Recorder,
  id: string,
  request: WriteRequest,
): Promise<boolean> {
  const { method, path, body } = spell(request);
  const startMs = performance.now();
  const options = { user: id, ...(body === undefined ? {} : { body }) };
  const answer = await ask(method, `${servers[0]?.url}${path}`, options);
  const outcome = outcomeOf(answer);
  recorder.writes.push({ id, server: 0, request, startMs, endMs: performance.now(), outcome });
  return outcome.kind === 'done';
}

/** All servers come to show what etcd holds; what they show in the end is checked like every other answer. */
async function agree(
  servers: readonly ChaosServer[],
  etcd: TestEtcd,
  recorder: Recorder,
): Promise<readonly KeyEvent[]> {
  const endpoint = etcd.endpoints[0] ?? '';
  const untilMs = performance.now() + agreeWithinMs;
  for (;;) {
    const revision = await markEnd(endpoint, prefix);
    const events = await readHistory(endpoint, prefix, revision);
    const timeline = timelineOf(events);
    const view = timeline.viewAt(revision);
    const there = view.names('machine ').map((name) => view.get(name) ?? '');
    const lists = await Promise.all(
      servers.map(async ({ at, url }) => {
        const startMs = performance.now();
        const machines = machinesIn(await ask('GET', `${url}/api/v1/machines`));
        return { server: at, startMs, endMs: performance.now(), machines };
      }),
    );
    const wanted = [...there].sort().join();
    const isSame = lists.every(
      ({ machines }) => machines !== undefined && [...machines.values()].sort().join() === wanted,
    );
    if (!isSame && performance.now() < untilMs) continue;
    for (const { machines, ...list } of lists) {
      // A server that still gives no list shows an empty one, which is wrong.
      recorder.lists.push({ ...list, machines: machines ?? new Map(), revisionMin: revision });
    }
    return events;
  }
}

/** Every image and asset is served by every server, with the content it was uploaded with. */
async function blobsEverywhere(
  servers: readonly ChaosServer[],
  events: readonly KeyEvent[],
  troubles: string[],
): Promise<number> {
  const startMs = performance.now();
  const timeline = timelineOf(events);
  const view = timeline.viewAt(timeline.lastRevision);
  const parsed = (name: string) => JSON.parse(view.get(name) ?? 'null');
  const images = (parsed(objectNames.images) ?? []) as readonly string[];
  const blobs = [
    ...images.map((id) => ({
      what: `image ${id}`,
      content: parsed(objectNames.imageContent(id)),
      seenOn: (url: string) => kernelOf(`${url}/api/v1/images/coreos/${id}`),
    })),
    ...view.names(objectNames.asset('')).map((name) => ({
      what: name,
      content: parsed(name),
      seenOn: (url: string) => hashOf(`${url}/api/v1/assets/${name.slice('asset '.length)}`),
    })),
  ];
  for (const { at, url } of servers) {
    for (const { what, content, seenOn } of blobs) {
      let seen = await seenOn(url);
      while (seen !== content && performance.now() < startMs + imagesWithinMs) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        seen = await seenOn(url);
      }
      if (seen !== content) troubles.push(`server ${at} serves ${what} as ${seen}, not ${content}`);
    }
  }
  return performance.now() - startMs;
}

async function hashOf(url: string): Promise<string> {
  const answer = await ask('GET', url);
  if (answer.kind === 'lost') return answer.why;
  return answer.status === 200 ? sha256(answer.body) : `HTTP ${answer.status}`;
}

/** The hash of the kernel in the tar, or why there is none. */
async function kernelOf(url: string): Promise<string> {
  const answer = await ask('GET', url);
  if (answer.kind === 'lost') return answer.why;
  if (answer.status !== 200) return `HTTP ${answer.status}`;
  for (let at = 0; at + 512 <= answer.body.length; ) {
    const name = answer.body.toString('latin1', at, at + 100).replace(/\0.*$/s, '');
    const size = Number.parseInt(answer.body.toString('latin1', at + 124, at + 135), 8) || 0;
    if (name === 'kernel') return sha256(answer.body.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return 'a tar without a kernel';
}
