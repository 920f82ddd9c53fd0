/** Clients of all three servers: what they ask is drawn from a seed, what they hear is written down. */

import { type Answer, ask, outcomeOf } from './ask.ts';
import type { ListLook, Look, NewMachineRequest, Write, WriteRequest } from './history.ts';
import { nextStates, states } from './model.ts';
import { machineObject, objectNames } from './objects.ts';
import { makeKernel, spell } from './spell.ts';

type Chance = { readonly next: () => number };

export type Recorder = {
  readonly writes: Write[];
  readonly looks: Look[];
  readonly lists: ListLook[];
};

/** Few racks and serials, so that clients get into each other's way and racks fill up. */
const racks = 4;
const serials = 36;
const labelNames = ['shelf', 'team', 'site'];
const roles = ['cs', 'ss'];
const keyPaths = ['disk-0', 'disk-1'];
const assetNames = ['a.bin', 'b.bin', 'c.bin', 'd.bin', 'e.bin', 'f.bin'];

export type Clients = { readonly stop: () => Promise<void> };

export function startClients(
  urls: readonly { readonly url: string; readonly tlsUrl: string }[],
  chances: readonly Chance[],
  recorder: Recorder,
): Clients {
  /** What the last answer made of a machine; undefined: not registered. Only for choosing what is worth asking. */
  const guessed = new Map<string, string>();
  const imageIds = new Map<string, string>();
  let stopped = false;

  const write = async (id: string, server: number, request: WriteRequest): Promise<boolean> => {
    const { method, path, body, isTls } = spell(request);
    const startMs = performance.now();
    const options = { user: id, ...(body === undefined ? {} : { body }) };
    const base = isTls === true ? urls[server]?.tlsUrl : urls[server]?.url;
    const answer = await ask(method, `${base}${path}`, options);
    const outcome = outcomeOf(answer);
    recorder.writes.push({ id, server, request, startMs, endMs: performance.now(), outcome });
    if (outcome.kind === 'done') learn(request);
    else if (outcome.kind === 'refused' && outcome.why === 'machine-unknown') {
      if ('serial' in request) guessed.delete(request.serial);
    } else if (outcome.kind === 'refused' && outcome.why === 'not-sent') await pause(100);
    return outcome.kind === 'done';
  };

  const learn = (request: WriteRequest) => {
    if (request.kind === 'state') guessed.set(request.serial, request.to);
    if (request.kind === 'remove') guessed.delete(request.serial);
    if (request.kind !== 'register') return;
    for (const { serial } of request.machines) guessed.set(serial, 'uninitialized');
  };

  const look = async (server: number, serial: string): Promise<void> => {
    const startMs = performance.now();
    const answer = await ask('GET', `${urls[server]?.url}/api/v1/machines?serial=${serial}`);
    const machines = machinesIn(answer);
    if (machines === undefined) return;
    const endMs = performance.now();
    const value = machines.get(serial);
    recorder.looks.push({ server, startMs, endMs, object: objectNames.machine(serial), value });
    if (value !== undefined) guessed.set(serial, JSON.parse(value).state);
  };

  /** What was just acknowledged, of all but machines. */
  const lookBack = async (server: number, request: WriteRequest): Promise<void> => {
    const view = viewOf(request);
    if (view === undefined) return;
    const startMs = performance.now();
    const answer = await ask('GET', `${urls[server]?.url}${view.path}`);
    if (answer.kind === 'lost' || (answer.status !== 200 && answer.status !== 404)) return;
    const value = answer.status === 200 ? JSON.stringify(view.read(answer.body)) : undefined;
    const endMs = performance.now();
    recorder.looks.push({ server, startMs, endMs, object: view.object, value });
  };

  /** A key that may exist is never called unknown: whoever hears that formats the disk. */
  const lookForKey = async (server: number, serial: string, path: string): Promise<void> => {
    const startMs = performance.now();
    const answer = await ask('GET', `${urls[server]?.tlsUrl}/api/v1/crypts/${serial}/${path}`);
    if (answer.kind === 'lost' || (answer.status !== 200 && answer.status !== 404)) return;
    const value = answer.status === 200 ? JSON.stringify(answer.body.toString()) : undefined;
    const look = { server, startMs, endMs: performance.now(), value, linearizable: true } as const;
    recorder.looks.push({ ...look, object: objectNames.key(serial, path) });
  };

  const list = async (server: number): Promise<void> => {
    const startMs = performance.now();
    const machines = machinesIn(await ask('GET', `${urls[server]?.url}/api/v1/machines`));
    if (machines === undefined) return;
    recorder.lists.push({ server, startMs, endMs: performance.now(), machines });
  };

  const client = async (at: number, chance: Chance) => {
    for (let count = 0; !stopped; count += 1) {
      // Mostly with the same server, so that a frozen one does not soon hold all clients.
      const server = chance.next() < 0.9 ? at % urls.length : whole(chance, urls.length);
      const id = `c${at}-${count}`;
      const request = at === 0 ? imageRequest(chance, imageIds) : draw(chance, id, guessed);
      const isDone = await write(id, server, request);
      if ('serial' in request && isDone && chance.next() < 0.4) await look(server, request.serial);
      else if (isDone) await lookBack(server, request);
      if (chance.next() < 0.1) await look(whole(chance, urls.length), serialOf(chance));
      if (chance.next() < 0.02) await list(server);
      if (chance.next() < 0.05)
        await lookForKey(whole(chance, urls.length), serialOf(chance), pick(chance, keyPaths));
      await pause((at === 0 ? 300 : 5) + chance.next() * (at === 0 ? 1_500 : 60));
    }
  };
  const running = chances.map((chance, at) => client(at, chance));
  return {
    stop: async () => {
      stopped = true;
      await Promise.all(running);
    },
  };
}

/** Undefined when the server gave no list, for whatever reason; 404 is an empty one. */
export function machinesIn(answer: Answer): ReadonlyMap<string, string> | undefined {
  if (answer.kind === 'lost') return undefined;
  if (answer.status === 404) return new Map();
  if (answer.status !== 200) return undefined;
  const json = JSON.parse(answer.body.toString()) as readonly unknown[];
  return new Map(
    json.map(machineObject).map((machine) => [machine.serial, JSON.stringify(machine)]),
  );
}

/** Where an object is shown, and what of the answer is its value. */
function viewOf(request: WriteRequest):
  | {
      readonly object: string;
      readonly path: string;
      readonly read: (body: Buffer) => unknown;
    }
  | undefined {
  const json = (body: Buffer) => JSON.parse(body.toString());
  switch (request.kind) {
    case 'params': {
      const path = '/api/v1/kernel_params/coreos';
      return { object: objectNames.params, path, read: (body) => body.toString() };
    }
    case 'dhcp': {
      const read = (body: Buffer) => json(body)['lease-minutes'];
      return { object: objectNames.dhcp, path: '/api/v1/config/dhcp', read };
    }
    case 'template':
    case 'untemplate': {
      const { role, id } = request;
      const path = `/api/v1/ignitions/${role}/${id}`;
      const read = (body: Buffer) => json(body).meta.tag;
      return { object: objectNames.template(role, id), path, read };
    }
    case 'image':
    case 'unimage': {
      const read = (body: Buffer) => json(body).map(({ id }: { id: string }) => id);
      return { object: objectNames.images, path: '/api/v1/images/coreos', read };
    }
    case 'asset':
    case 'unasset': {
      const path = `/api/v1/assets/${request.name}/meta`;
      const read = (body: Buffer) => json(body).sha256;
      return { object: objectNames.asset(request.name), path, read };
    }
    default:
      return undefined;
  }
}

function draw(chance: Chance, id: string, guessed: ReadonlyMap<string, string>): WriteRequest {
  const serial = serialOf(chance);
  const state = guessed.get(serial);
  const which = chance.next();
  if (which < 0.05) return otherRequest(chance, id);
  const keys = chance.next();
  if (state === 'retiring' && keys < 0.3) return { kind: 'unkeys', serial };
  if (keys < 0.06) return { kind: 'key', serial, path: pick(chance, keyPaths), value: id };
  if (keys < 0.07) return { kind: 'unkeys', serial };
  // Now and then what makes no sense: it must be refused, and change nothing.
  if (state === undefined || which < 0.06) return registration(chance, id, serial);
  if (which < 0.5 || state === 'retired') {
    if (state === 'retired' && chance.next() < 0.8) return { kind: 'remove', serial };
    if (chance.next() < 0.1) return { kind: 'state', serial, to: pick(chance, states) };
    const next = nextStates(state);
    const to = next.includes('retiring') && chance.next() < 0.4 ? 'retiring' : pick(chance, next);
    return { kind: 'state', serial, to };
  }
  if (which < 0.8) return { kind: 'label', serial, name: pick(chance, labelNames), value: id };
  if (which < 0.88) return { kind: 'unlabel', serial, name: pick(chance, labelNames) };
  if (which < 0.94) return { kind: 'remove', serial };
  const date = `20${30 + whole(chance, 60)}-01-02T03:04:05Z`;
  return { kind: 'retire-date', serial, date };
}

/** More machines at once than a flat transaction takes, in racks of their own; again now and then, and then refused. */
const wavesMax = 8;
const waveLength = 140;
const perRack = 5;

function wave(chance: Chance, id: string): WriteRequest {
  const number = whole(chance, wavesMax);
  const first = racks + number * (waveLength / perRack);
  const machines = Array.from(
    { length: waveLength },
    (_, at): NewMachineRequest => ({
      serial: `w${number}-${at}`,
      rack: first + Math.floor(at / perRack),
      role: pick(chance, roles),
      bmcType: 'iDRAC-9',
      labels: { by: id },
      retireDate: '2031-01-02T03:04:05Z',
    }),
  );
  return { kind: 'register', machines };
}

function registration(chance: Chance, id: string, serial: string): WriteRequest {
  if (chance.next() < 0.02) return wave(chance, id);
  const count = chance.next() < 0.8 ? 1 : 2 + whole(chance, 3);
  const named = new Set([serial]);
  while (named.size < count) named.add(serialOf(chance));
  const rack = whole(chance, racks);
  const machines = [...named].map(
    (one): NewMachineRequest => ({
      serial: one,
      // A request for several racks takes another way through the server.
      rack: chance.next() < 0.7 ? rack : whole(chance, racks),
      role: chance.next() < 0.15 ? 'boot' : pick(chance, roles),
      bmcType: 'iDRAC-9',
      labels: { by: id },
      retireDate: '2031-01-02T03:04:05Z',
    }),
  );
  return { kind: 'register', machines };
}

function otherRequest(chance: Chance, id: string): WriteRequest {
  const role = pick(chance, roles);
  const version = `1.${whole(chance, 30)}.0`;
  const which = chance.next();
  if (which < 0.2) return { kind: 'params', text: `console=ttyS0 by=${id}` };
  if (which < 0.3) return { kind: 'dhcp', leaseMinutes: 1 + whole(chance, 3) };
  if (which < 0.35) return { kind: 'ipam' };
  if (which < 0.8) return { kind: 'template', role, id: version, tag: id };
  return { kind: 'untemplate', role, id: version };
}

function imageRequest(chance: Chance, known: Map<string, string>): WriteRequest {
  if (chance.next() < 0.5) {
    const name = pick(chance, assetNames);
    if (chance.next() < 0.25) return { kind: 'unasset', name };
    return { kind: 'asset', name, content: makeKernel(whole(chance, 2 ** 30)) };
  }
  const ids = [...known.keys()];
  const which = chance.next();
  const id = which < 0.6 || ids.length === 0 ? `1.0.${ids.length}` : pick(chance, ids);
  if (which < 0.8) {
    const content = known.get(id) ?? makeKernel(whole(chance, 2 ** 30));
    known.set(id, content);
    return { kind: 'image', id, content };
  }
  if (which < 0.85) return { kind: 'image', id, content: makeKernel(whole(chance, 2 ** 30)) };
  return { kind: 'unimage', id };
}

function serialOf(chance: Chance): string {
  return `m-${String(whole(chance, serials)).padStart(2, '0')}`;
}

function pick<T>(chance: Chance, list: readonly T[]): T {
  return list[whole(chance, list.length)] as T;
}

function whole(chance: Chance, below: number): number {
  return Math.floor(chance.next() * below);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
