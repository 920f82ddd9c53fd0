/** One Tetsukan server in the simulated world: the real fleet on a host that can be killed and cut off. */

import { parseCidr } from '../base/addresses.ts';
import { assert } from '../base/assert.ts';
import { ok } from '../base/result.ts';
import { instant } from '../base/time.ts';
import type { PlanView } from '../cke-bridge/plan-view.ts';
import { defaultBridgeSettings, defaultConstraints } from '../cke-bridge/settings.ts';
import type { ClusterSink } from '../cke-bridge/sink.ts';
import { parseClusterTemplate } from '../cke-bridge/template.ts';
import { defaultHealthPolicy } from '../health/policy.ts';
import type { Probe, Prober } from '../health/probe.ts';
import type { HoldStatus } from '../health/status.ts';
import type { Role } from '../inventory/machine.ts';
import { createMemoryAssetShelf } from '../pxe/assets/memory-shelf.ts';
import { defaultDhcpSettings } from '../pxe/dhcp/start.ts';
import { createMemoryShelf } from '../pxe/images/memory-shelf.ts';
import { type Loader, type Loaders, loaderNames } from '../pxe/loaders.ts';
import { parseAllowedNetwork } from '../sabakan/allow-ips.ts';
import { createFleet, type Fleet } from '../sabakan/fleet.ts';
import { carry } from './carrier.ts';
import { clusterTemplate, ipamConfig } from './documents.ts';
import { createFaultyStore, type FaultyStore } from './etcd-faults.ts';
import { mortalWorld } from './mortal.ts';
import type { SimHost } from './network.ts';
import type { FleetShape } from './story.ts';
import type { SimWorld } from './world.ts';

export type SimServer = {
  readonly name: string;
  readonly url: string;
  readonly start: () => Promise<void>;
  /** The process ends without a word: nothing is released, nothing is finished. */
  readonly kill: () => void;
  readonly isAlive: () => boolean;
  readonly isLeader: () => boolean;
  /** Its link to etcd. */
  readonly etcd: () => FaultyStore;
};

export type SimServerOptions = {
  readonly sim: SimWorld;
  readonly name: string;
  readonly address: string;
  readonly shape: FleetShape;
  readonly proberOf: (isUp: () => boolean) => Prober;
  readonly onPlan: (view: PlanView) => void;
  /** What the health monitor holds back at present, told each second while it leads. */
  readonly onHolds: (holds: readonly HoldStatus[]) => void;
};

const lookMs = 1_000;
/** A slow or sick OS still takes connections; its metrics page tells. */
const probes: readonly Probe[] = [
  { name: 'ssh', kind: 'tcp', port: 22 },
  { name: 'metrics', kind: 'http', port: 9105, path: '/metrics', expectStatus: 200 },
];
const httpPort = 10_080;

export function createSimServer(options: SimServerOptions): SimServer {
  const { sim, name, address } = options;
  // What a server keeps on its disk outlives its process.
  const disk = {
    sink: memorySink(`${name}:cluster.yml`),
    shelf: createMemoryShelf(sim.clock),
    assetShelf: createMemoryAssetShelf(sim.clock),
  };
  let starts = 0;
  let running: ReturnType<typeof startProcess> | undefined;

  return {
    name,
    url: `http://${address}:${httpPort}`,
    start: async () => {
      assert(running === undefined, `${name} runs already`);
      starts += 1;
      running = startProcess(options, disk, starts);
      await running.started;
    },
    kill: () => {
      running?.kill();
      running = undefined;
    },
    isAlive: () => running !== undefined,
    isLeader: () => running?.isLeader() ?? false,
    etcd: () => {
      assert(running !== undefined, `${name} does not run`);
      return running.etcd;
    },
  };
}

type Disk = {
  readonly sink: ClusterSink;
  readonly shelf: ReturnType<typeof createMemoryShelf>;
  readonly assetShelf: ReturnType<typeof createMemoryAssetShelf>;
};

function startProcess(options: SimServerOptions, disk: Disk, run: number) {
  const { sim, name, address } = options;
  let alive = true;
  const isUp = () => alive;
  const host: SimHost = { name: `${name}/${run}`, interfaces: [], isUp };
  const etcd = createFaultyStore(sim.store, sim.clock, sim.chance.split(`etcd/${name}/${run}`));
  const own = sim.worldOf({ ...host, address: () => address, store: etcd });
  const world = { ...mortalWorld(own, isUp), log: sim.trace.logOf(name) };
  const fleet = fleetOf(world, options, disk, isUp);
  const unlisten = sim.web.listen(address, httpPort, {
    isUp,
    handle: carry(fleet.handle, requestIds(name, run)),
  });

  fleet.control.bridge?.subscribe((view) => {
    if (alive) options.onPlan(view);
  });
  const look = (): void => {
    if (fleet.control.isLeader()) {
      options.onHolds(fleet.control.monitor()?.overview().holds ?? []);
    }
    world.clock.after(lookMs, look);
  };
  world.clock.after(lookMs, look);

  return {
    etcd,
    started: fleet.start().then((started) => {
      assert(started.ok || !alive, `${name} did not start: ${JSON.stringify(started)}`);
    }),
    isLeader: fleet.control.isLeader,
    kill: () => {
      alive = false;
      unlisten();
      etcd.sever();
      sim.network.forget(host.name);
    },
  };
}

function fleetOf(
  world: Parameters<typeof createFleet>[0],
  options: SimServerOptions,
  disk: Disk,
  isUp: () => boolean,
): Fleet {
  const { name, address, shape } = options;
  const template = parseClusterTemplate(clusterTemplate);
  const racks = parseCidr(ipamConfig('10')['node-ipv4-pool']);
  const operators = parseAllowedNetwork('10.68.0.0/24');
  assert(template.ok && racks.ok && operators.ok, 'the simulated configuration is as it should be');
  const url = `http://${address}:${httpPort}`;
  return createFleet(
    world,
    {
      prober: options.proberOf(isUp),
      boot: { shelf: disk.shelf, assetShelf: disk.assetShelf, loaders: simLoaders() },
      cluster: {
        template: () => template.value,
        constraints: { ...defaultConstraints, controlPlaneCount: shape.controlPlanes },
        settings: { ...defaultBridgeSettings, spares: new Map([['cs' as Role, shape.spares]]) },
        sink: disk.sink,
      },
    },
    {
      serverName: name,
      version: '0.0.0-sim',
      allowIps: [operators.value],
      playground: false,
      pxe: {
        advertiseUrl: url,
        advertiseUrlHttps: url.replace('http:', 'https:'),
        tftp: { address, port: 69 },
        dhcp: {
          ...defaultDhcpSettings,
          bind: { address, port: 67 },
          interfaces: [],
          relayNetworks: [racks.value],
        },
      },
      health: { ...defaultHealthPolicy, probes },
    },
  );
}

/** iPXE's three programs in name and kind; nothing here runs them. */
export function simLoaders(): Loaders {
  return new Map(
    loaderNames.map((name): [string, Loader] => {
      const text = `${name.endsWith('.efi') ? 'MZ' : ''} simulated ${name} `;
      const bytes = new TextEncoder().encode(text.repeat(200));
      return [
        name,
        {
          bytes,
          sizeBytes: bytes.length,
          sha256: name.padEnd(64, '0'),
          modifiedAt: instant(0),
          open: async () => ok({ kind: 'bytes', bytes }),
        },
      ];
    }),
  );
}

function requestIds(name: string, run: number): () => string {
  let count = 0;
  return () => {
    count += 1;
    return `${name}-${run}-${count}`;
  };
}

function memorySink(name: string): ClusterSink {
  let text: string | undefined;
  return {
    name,
    read: async () => ok(text),
    write: async (next) => {
      text = next;
      return ok(undefined);
    },
  };
}
