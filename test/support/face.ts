/** The whole face over the memory store, asked through Fastify's `inject`: no socket, no disk. */

import { randomBytes } from 'node:crypto';
import type { LightMyRequestResponse } from 'fastify';
import { createMemoryStore, type MemoryStore } from '../../src/base/memory-store.ts';
import { fail, ok } from '../../src/base/result.ts';
import { createTransact } from '../../src/base/transact.ts';
import type { Net, World } from '../../src/base/world.ts';
import { createBridge } from '../../src/cke-bridge/bridge.ts';
import { defaultBridgeSettings, defaultConstraints } from '../../src/cke-bridge/settings.ts';
import { createAuditEvents } from '../../src/inventory/audit-events.ts';
import { createBrakeBoard } from '../../src/inventory/brake-board.ts';
import { createInventory } from '../../src/inventory/create.ts';
import type { Inventory } from '../../src/inventory/inventory.ts';
import { ipamConfigToJson } from '../../src/inventory/ipam-config.ts';
import { createMemoryAssetShelf } from '../../src/pxe/assets/memory-shelf.ts';
import { createMemoryShelf } from '../../src/pxe/images/memory-shelf.ts';
import { createPxe, type Pxe } from '../../src/pxe/pxe.ts';
import { parseAllowedNetwork } from '../../src/sabakan/allow-ips.ts';
import { createDoctor } from '../../src/sabakan/doctor/doctor.ts';
import type { Handler } from '../../src/sabakan/exchange.ts';
import { createFace, type FaceDeps } from '../../src/sabakan/face.ts';
import { createHttpApp } from '../../src/sabakan/io/http-app.ts';
import { createRequestCounter, type RequestCounter } from '../../src/sabakan/request-count.ts';
import { createDoor, type Door } from '../../src/sabakan/who/door.ts';
import { type AccessSettings, accessDefault } from '../../src/sabakan/who/settings.ts';
import { createTokens, type Tokens } from '../../src/sabakan/who/tokens.ts';
import { createWorks } from '../../src/sabakan/works/desk.ts';
import { templateOf } from '../cke-bridge/fleet.ts';
import { type ManualClock, manualClock, seededChance } from './clock.ts';
import { sha256Hex } from './digest.ts';
import { ipamG } from './machines.ts';
import { type LogLine, rememberingLog } from './silent-log.ts';

export type Asked = {
  /** Objects become JSON. */
  readonly body?: string | Uint8Array | object;
  readonly headers?: Readonly<Record<string, string>>;
  /** The peer; default 127.0.0.1. */
  readonly from?: string;
};

export type TestFace = {
  /** `'PUT /api/v1/state/a'`. */
  readonly ask: (what: string, how?: Asked) => Promise<LightMyRequestResponse>;
  /** The same on the listener for disk keys. */
  readonly askTls: (what: string, how?: Asked) => Promise<LightMyRequestResponse>;
  /** Asks and insists on success. */
  readonly must: (what: string, how?: Asked) => Promise<LightMyRequestResponse>;
  readonly graphql: (query: string, variables?: object, how?: Asked) => Promise<GraphQLAnswer>;
  /** Past the HTTP library, which cleans up paths when it is asked by `inject`. */
  readonly handle: Handler;
  readonly clock: ManualClock;
  readonly store: MemoryStore;
  readonly inventory: Inventory;
  readonly requests: RequestCounter;
  readonly log: readonly LogLine[];
  /** Ends the answers of open watches, which have no end of their own. */
  readonly endWatches: () => void;
  readonly tokens: Tokens;
  readonly door: Door;
  readonly pxe: Pxe;
};

export type GraphQLAnswer = {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes.
  readonly data: any;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly string[];
    readonly extensions?: Readonly<Record<string, unknown>>;
  }[];
};

const noNet: Net = {
  interfaces: () => [],
  openUdp: async () => fail({ kind: 'not-permitted', text: 'a test has no sockets' }),
};

export async function aFace(
  options: {
    readonly deps?: Partial<FaceDeps>;
    readonly access?: Partial<AccessSettings>;
    readonly ipam?: 'set' | 'unset';
    /** The template of the cluster that is kept, on a server that does not lead. */
    readonly cluster?: string;
    /** What the face sees in place of the store. */
    readonly store?: (store: MemoryStore) => World['store'];
  } = {},
): Promise<TestFace> {
  const clock = manualClock();
  const chance = seededChance(7);
  const memory = createMemoryStore({ clock });
  const store = options.store?.(memory) ?? memory;
  const log: LogLine[] = [];
  const world: World = {
    clock,
    chance,
    store,
    net: noNet,
    http: { request: async () => fail({ kind: 'refused', text: 'a test has no network' }) },
    log: rememberingLog(log),
  };
  const transact = createTransact(store, world);
  const inventory = createInventory({ world, transact });
  const board = createBrakeBoard({ world, transact });
  const events = createAuditEvents(world);
  const pxe = createPxe({
    world,
    transact,
    inventory,
    shelf: createMemoryShelf(clock, sha256Hex),
    assetShelf: createMemoryAssetShelf(clock, sha256Hex),
    loaders: new Map(),
    settings: {
      advertiseUrl: 'http://10.69.0.3:10080',
      advertiseUrlHttps: 'https://10.69.0.3:10443',
      tftp: undefined,
    },
    serverName: 'boot-0',
    health: { isProbed: true, answeredAt: () => undefined },
  });
  for (const started of [
    await inventory.start(),
    await board.start(),
    await events.start(),
    await pxe.start(),
  ]) {
    if (!started.ok) throw new Error(started.error.text);
  }
  const requests = createRequestCounter();
  const allowed = ['127.0.0.1', '::1', '10.69.0.0/20'].map(parseAllowedNetwork);
  const secrets = { random: (octets: number) => randomBytes(octets), sha256: sha256Hex };
  const tokens = createTokens({ world, transact, secrets });
  const works = createWorks({ world, transact, serverName: 'boot-0' });
  const began = await works.start();
  if (!began.ok) throw new Error(began.error.text);
  const listed = await tokens.start();
  if (!listed.ok) throw new Error(listed.error.text);
  const door = createDoor({
    world,
    tokens,
    secrets,
    settings: {
      ...accessDefault,
      allowIps: allowed.flatMap((network) => (network.ok ? [network.value] : [])),
      openMutations: false,
      ...options.access,
    },
    serverName: 'boot-0',
    ownUrls: ['http://boot.example:10080'],
  });
  const { cluster } = options;
  const bridge =
    cluster === undefined
      ? undefined
      : createBridge({
          world,
          inventory,
          template: () => templateOf(cluster),
          constraints: defaultConstraints,
          settings: defaultBridgeSettings,
          sink: {
            name: 'paper',
            read: async () => ok(undefined),
            write: async () => ok(undefined),
          },
        });
  const face = createFace({
    world,
    clock,
    inventory,
    pxe,
    door,
    tokens,
    works,
    serverName: 'boot-0',
    version: '3.1.9',
    playground: false,
    requests,
    status: () => ({ leader: true }),
    doctor: createDoctor([], clock, 'boot-0'),
    cryptsetup: undefined,
    monitor: () => undefined,
    bridge,
    board,
    events,
    ...options.deps,
  });
  const app = createHttpApp(face.http, world, requests);
  const tlsApp = createHttpApp(face.https, world, requests);

  const asking =
    (listener: typeof app): TestFace['ask'] =>
    (what, how = {}) => {
      const [method = 'GET', url = '/'] = what.split(' ', 2);
      const { body } = how;
      const payload =
        body === undefined || typeof body === 'string'
          ? body
          : body instanceof Uint8Array
            ? Buffer.from(body)
            : JSON.stringify(body);
      return listener.inject({
        method: method as 'GET',
        url,
        headers: { 'x-cybozu-request-id': 'r-1', ...how.headers },
        remoteAddress: how.from ?? '127.0.0.1',
        ...(payload === undefined ? {} : { payload }),
      });
    };
  const ask = asking(app);
  const must: TestFace['must'] = async (what, how) => {
    const answer = await ask(what, how);
    if (answer.statusCode >= 300) throw new Error(`${what}: ${answer.statusCode} ${answer.body}`);
    return answer;
  };
  if (options.access !== undefined) {
    // By hand: the test may have closed the door.
    await inventory.putIpam(ipamG, { user: '', ip: '127.0.0.1', host: 'boot-0' });
  } else if (options.ipam !== 'unset') {
    await must('PUT /api/v1/config/ipam', { body: ipamConfigToJson(ipamG) });
  }
  return {
    ask,
    askTls: asking(tlsApp),
    must,
    graphql: async (query, variables, how) => {
      const answer = await ask('POST /graphql', {
        headers: { 'content-type': 'application/json' },
        body: { query, ...(variables === undefined ? {} : { variables }) },
        ...how,
      });
      return { status: answer.statusCode, ...answer.json() };
    },
    clock,
    handle: face.http,
    store: memory,
    inventory,
    requests,
    log,
    endWatches: face.endWatches,
    tokens,
    door,
    pxe,
  };
}

/** As the machines file of an operator has it. */
export function aSpec(
  serial: string,
  more: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  return { serial, role: 'cs', rack: 0, bmc: { type: 'iDRAC-9' }, ...more };
}
