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
import { bootStepNames } from '../pxe/boot.ts';
import type { ProgramFile } from '../pxe/cryptsetup.ts';
import { createPxe, type Pxe, type PxeSettings } from '../pxe/pxe.ts';
import type { Sighting } from '../pxe/sightings.ts';
import { admissionMetrics } from './admission-metrics.ts';
import type { AllowedNetwork } from './allow-ips.ts';
import { type ClusterParts, type Control, createControl } from './control.ts';
import { discoveryFamilies } from './discovery-metrics.ts';
import { hostChecks, serverChecks, storeChecks } from './doctor/checks.ts';
import { createDoctor } from './doctor/doctor.ts';
import type { HostLook } from './doctor/host.ts';
import { watchWrites } from './doctor/write-watch.ts';
import type { Handler } from './exchange.ts';
import { createFace } from './face.ts';
import { gauge, type MetricFamily } from './metric-text.ts';
import { metricsText } from './metrics.ts';
import { metricsHandler } from './metrics-route.ts';
import { createRequestCounter, type RequestCounter } from './request-count.ts';
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
  pxe.sightings.subscribe((sighting) => logBoot(world, sighting));
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

  const status = (): unknown => {
    const { dhcp, ...boot } = pxe.status();
    return {
      server: serverName,
      version: settings.version,
      startedAt,
      listening: edges.listeners?.() ?? {},
      store: { inventory: inventory.freshness(), revision: inventory.revision() },
      machines: inventory.machines().length,
      watchers: face.watchers(),
      brokenRecords: [
        ...inventory.broken(),
        ...board.broken(),
        ...works.records.broken(),
        ...tokens.broken(),
        ...pxe.broken(),
      ].map(([key, why]) => ({ key, why })),
      leader: control.holder() ?? null,
      leading: control.isLeader(),
      dhcp: dhcp ?? 'off',
      boot,
      boots: {
        ...pxe.boots.stored(),
        stuck: Object.fromEntries(pxe.boots.stuck()),
        counters: pxe.boots.counters(),
      },
      discoveries: { ...pxe.discoveries.states(), counters: pxe.discoveries.counters() },
      health:
        settings.health === undefined
          ? 'off'
          : (control.monitor()?.overview() ?? 'runs on the leader'),
      cluster: clusterStatus(control),
    };
  };
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
      bootCounters: () => {
        const { dhcp, tftp, pulls, admission } = pxe.status();
        return {
          ...prefixed('boot_admission', admission.counters),
          ...prefixed('dhcp', dhcp?.counters ?? {}),
          ...prefixed('tftp', tftp.counters),
          ...prefixed('image_pulls', pulls.counters.image),
          ...prefixed('asset_pulls', pulls.counters.asset),
          ...prefixed('boots', pxe.boots.counters()),
          ...prefixed('discoveries', pxe.discoveries.counters()),
        };
      },
      process: () => [
        ...door.metrics(),
        ...bootFamilies(pxe.boots),
        ...discoveryFamilies(pxe.discoveries),
        ...admissionMetrics(pxe.status().admission),
        ...process(),
      ],
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

/** What the bridge does and what holds it back; the plan itself has its own page. */
function clusterStatus({ bridge }: Control): unknown {
  if (bridge === undefined) return 'not configured';
  const view = bridge.plan();
  if (!view.leading) return 'runs on the leader';
  const { generation, pending, swaps, refusals, waitingFor, problem, counters } = view;
  return { generation, pending, swaps, refusals, waitingFor, problem, counters };
}

/**
 * One line for each step of a boot: what an operator looks for when a machine stays dark. DHCP writes its own, of which
 * a flood is bounded.
 */
function logBoot({ log }: World, sighting: Sighting): void {
  switch (sighting.by) {
    case 'dhcp':
      return;
    case 'tftp': {
      const { kind, client, file, bytes, durationMs, text } = sighting;
      const level =
        kind === 'started' || kind === 'moving' || kind === 'size-only' ? 'debug' : 'info';
      const fields = { outcome: kind, client: client.address, file, bytes, durationMs, text };
      log[level]('tftp transfer', fields);
      return;
    }
    case 'http': {
      const { kind, phase, serial, remoteAddress, status, sentBytes, bodyBytes, text } = sighting;
      const fields = { step: kind, serial: serial ?? null, client: remoteAddress, status };
      if (phase === 'answered') {
        if (status >= 400 && kind !== 'other') log.warn('boot request failed', { ...fields, text });
        else log.info('boot request', fields);
      } else if (phase === 'ended' && sentBytes < bodyBytes) {
        log.warn('a download broke off', { ...fields, sentBytes, bodyBytes });
      }
      return;
    }
  }
}

/** Every step has its series, so that one that rises from nothing is seen. */
function bootFamilies(boots: Pxe['boots']): readonly MetricFamily[] {
  const stuck = boots.stuck();
  const { bytes, bytesMax } = boots.stored();
  return [
    {
      name: 'tetsukan_boots_stuck',
      help: 'Boots whose next step is overdue, by the step they wait for.',
      type: 'gauge',
      samples: bootStepNames.map((step) => ({ labels: { step }, value: stuck.get(step) ?? 0 })),
    },
    gauge('tetsukan_boots_stored_bytes', 'Records of boots in the store.', bytes),
    gauge('tetsukan_boots_stored_bytes_max', 'Beyond it the oldest boots go.', bytesMax),
  ];
}

/** `{ rangeFull: 1 }` → `{ dhcp_range_full: 1 }`. */
function prefixed(
  name: string,
  counters: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counters).map(([key, value]) => [
      `${name}_${key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
      value,
    ]),
  );
}
