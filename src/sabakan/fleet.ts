/**
 * The whole of a server in a given World: inventory, network boot, leadership with health and the bridge, and the face.
 * The same fleet runs on real sockets (`server.ts`) and in the simulated world.
 */

import { fail, ok, type Result } from '../base/result.ts';
import { formatInstant } from '../base/time.ts';
import { createTransact } from '../base/transact.ts';
import type { Endpoint, World } from '../base/world.ts';
import type { HealthPolicy } from '../health/policy.ts';
import type { Prober } from '../health/probe.ts';
import { createAuditEvents } from '../inventory/audit-events.ts';
import { createBrakeBoard } from '../inventory/brake-board.ts';
import { createInventory } from '../inventory/create.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { upgradeDatabase } from '../inventory/takeover-run.ts';
import type { ProgramFile } from '../pxe/cryptsetup.ts';
import { createPxe, type Pxe, type PxeSettings } from '../pxe/pxe.ts';
import type { AllowedNetwork } from './allow-ips.ts';
import { logBoot } from './boot-log.ts';
import { bootCounters, bootFamilies } from './boot-metrics.ts';
import { type ClusterParts, type Control, createControl } from './control.ts';
import { hostChecks, serverChecks, storeChecks } from './doctor/checks.ts';
import { createDoctor } from './doctor/doctor.ts';
import type { HostLook } from './doctor/host.ts';
import { watchWrites } from './doctor/write-watch.ts';
import type { Handler } from './exchange.ts';
import { createFace } from './face.ts';
import type { MetricFamily } from './metric-text.ts';
import { metricsText } from './metrics.ts';
import { metricsHandler } from './metrics-route.ts';
import { createRequestCounter, type RequestCounter } from './request-count.ts';
import { serverStatus } from './server-status.ts';
import { takeoverParts } from './takeover.ts';
import { createDoor } from './who/door.ts';
import { type AccessSettings, accessDefault } from './who/settings.ts';
import { noSecrets, type Secrets, tokenState } from './who/token.ts';
import { createTokens, type Tokens } from './who/tokens.ts';
import { createWorks } from './works/desk.ts';

export type FleetSettings = {
  readonly serverName: string;
  readonly version: string;
  readonly allowIps: readonly AllowedNetwork[];
  readonly playground: boolean;
  /** GraphQL's mutations are open to every peer; default: to those in `allowIps`. */
  readonly openMutations?: boolean;
  /** Who may do what, beside the two above; default: Sabakan's rule. */
  readonly access?: Omit<AccessSettings, 'allowIps' | 'openMutations'>;
  readonly pxe: PxeSettings;
  /** Undefined: nothing is probed. */
  readonly health: HealthPolicy | undefined;
};

/** What the parts need of the outside beyond the World. */
export type FleetEdges = {
  readonly prober: Prober;
  readonly boot: Pick<
    Parameters<typeof createPxe>[0],
    'shelf' | 'assetShelf' | 'loaders' | 'download' | 'addressProber'
  >;
  /** Undefined: machines find no program for encrypted disks here. */
  readonly cryptsetup?: ProgramFile | undefined;
  /** Undefined: no token is made or taken here. */
  readonly secrets?: Secrets;
  /** Undefined: no cluster is kept. */
  readonly cluster: ClusterParts | undefined;
  /** What is listened on for HTTP, by member of the configuration; for people to see. */
  readonly listeners?: () => Readonly<Record<string, Endpoint>>;
  /** What the doctor sees of the host; undefined: it looks at the fleet alone. */
  readonly host?: HostLook;
};

export type FleetProblem = { readonly kind: string; readonly text: string };

export type Fleet = {
  /** In order: the schema, inventory, network boot, leadership. On a problem everything is stopped again. */
  readonly start: () => Promise<Result<void, FleetProblem>>;
  /** In reverse; leadership is given up at once. */
  readonly stop: () => Promise<void>;
  /** Every HTTP request goes through here. */
  readonly handle: Handler;
  /** Every request that came over TLS, through here. */
  readonly handleTls: Handler;
  /** Watches never end by themselves: before the listeners close. */
  readonly endWatches: () => void;
  readonly requests: RequestCounter;
  readonly metrics: (process: () => readonly MetricFamily[]) => Promise<string>;
  /** Requests to the metrics listener. */
  readonly handleMetrics: (process: () => readonly MetricFamily[]) => Handler;
  readonly status: () => unknown;
  readonly inventory: Inventory;
  readonly tokens: Tokens;
  readonly control: Control;
  readonly pxe: Pxe;
};

export function createFleet(given: World, edges: FleetEdges, settings: FleetSettings): Fleet {
  const writes = watchWrites(given.store, given.clock);
  const world: World = { ...given, store: writes.store };
  const { log } = world;
  const { serverName } = settings;
  const transact = createTransact(world.store, world);
  const inventory = createInventory({ world, transact });
  const pxe = createPxe({
    world,
    transact,
    inventory,
    ...edges.boot,
    isControlPlane: (serial) => control.bridge?.plan().controlPlanes.includes(serial) === true,
    settings: settings.pxe,
    serverName,
    health: {
      isProbed: settings.health !== undefined,
      answeredAt: (serial) => control.monitor()?.status(serial)?.lastAnswerAt,
    },
  });
  pxe.sightings.subscribe((sighting) => logBoot(log, sighting));
  const board = createBrakeBoard({ world, transact });
  const events = createAuditEvents(world);
  const control = createControl({
    world,
    inventory,
    board,
    prober: edges.prober,
    policy: settings.health,
    cluster: edges.cluster,
    serverName,
  });
  const requests = createRequestCounter();
  const secrets = edges.secrets ?? noSecrets;
  const tokens = createTokens({ world, transact, secrets });
  const works = createWorks({ world, transact, serverName });
  const door = createDoor({
    world,
    tokens,
    secrets,
    settings: {
      ...(settings.access ?? accessDefault),
      allowIps: settings.allowIps,
      openMutations: settings.openMutations ?? false,
    },
    serverName,
    ownUrls: [settings.pxe.advertiseUrl, settings.pxe.advertiseUrlHttps],
  });

  const startedAt = formatInstant(world.clock.now());

  const status = (): unknown =>
    serverStatus({
      ...{ inventory, board, works, tokens, pxe, control },
      server: { server: serverName, version: settings.version, startedAt },
      listening: edges.listeners?.() ?? {},
      isProbed: settings.health !== undefined,
      watchers: face.watchers(),
    });
  const views = {
    clock: world.clock,
    inventory,
    monitor: control.monitor,
    bridge: control.bridge,
    board,
    events,
  };
  const server = {
    clock: world.clock,
    http: world.http,
    machines: inventory.machines,
    pxe,
    service: () => ({
      freshness: inventory.freshness(),
      leader: control.holder(),
      writes: writes.last(),
      brakes: board
        .brakes()
        .filter(({ lift }) => lift === undefined)
        .map(({ brake }) => brake),
      tokens: tokens.all().filter((token) => tokenState(token, world.clock.now()) === 'active'),
    }),
  };
  const { host } = edges;
  const checks = [
    ...serverChecks(server, host),
    ...(host === undefined
      ? []
      : [
          ...hostChecks(host, world.clock, inventory.ipam),
          ...storeChecks(host, world.store, takeoverParts),
        ]),
  ];
  const face = createFace({
    ...views,
    doctor: createDoctor(checks, world.clock, serverName),
    world,
    pxe,
    cryptsetup: edges.cryptsetup,
    door,
    tokens,
    works,
    serverName,
    version: settings.version,
    playground: settings.playground,
    requests,
    status,
  });

  const stop = async (): Promise<void> => {
    await control.stop();
    await pxe.stop();
    door.stop();
    tokens.stop();
    events.stop();
    works.stop();
    board.stop();
    inventory.stop();
  };

  const metrics: Fleet['metrics'] = (process) =>
    metricsText({
      ...views,
      isLeader: control.isLeader,
      requests,
      watchers: face.watchers(),
      images: pxe.images.index,
      assets: () => pxe.assets.list().map(({ sizeBytes }) => ({ size: sizeBytes })),
      bootCounters: () => bootCounters(pxe),
      process: () => [...door.metrics(), ...bootFamilies(pxe), ...process()],
    });

  return {
    start: async () => {
      const upgrade = () => upgradeDatabase(world, takeoverParts);
      const mirrors = [inventory.start, board.start, events.start, tokens.start, works.start];
      for (const step of [upgrade, ...mirrors, pxe.start]) {
        const done: Result<unknown, FleetProblem> = await step();
        if (!done.ok) {
          await stop();
          return fail(done.error);
        }
      }
      control.start();
      log.info('serving', { server: serverName, machines: inventory.machines().length });
      return ok(undefined);
    },
    stop,
    handle: face.http,
    handleTls: face.https,
    endWatches: face.endWatches,
    requests,
    metrics,
    handleMetrics: (process) => metricsHandler(door, () => metrics(process)),
    status,
    inventory,
    tokens,
    control,
    pxe,
  };
}
