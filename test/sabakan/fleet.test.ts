import { afterEach, describe, expect, it } from 'vitest';
import { createMemoryStore, type MemoryStore } from '../../src/base/memory-store.ts';
import { fail, ok } from '../../src/base/result.ts';
import type { Store } from '../../src/base/store.ts';
import type { Net, World } from '../../src/base/world.ts';
import { defaultBridgeSettings } from '../../src/cke-bridge/settings.ts';
import type { ClusterSink } from '../../src/cke-bridge/sink.ts';
import { parseClusterTemplate } from '../../src/cke-bridge/template.ts';
import { defaultHealthPolicy } from '../../src/health/policy.ts';
import type { Prober } from '../../src/health/probe.ts';
import { ipamConfigToJson } from '../../src/inventory/ipam-config.ts';
import { createMemoryAssetShelf } from '../../src/pxe/assets/memory-shelf.ts';
import { defaultDhcpSettings } from '../../src/pxe/dhcp/start.ts';
import { createMemoryShelf } from '../../src/pxe/images/memory-shelf.ts';
import { parseAllowedNetwork } from '../../src/sabakan/allow-ips.ts';
import { createFleet, type Fleet } from '../../src/sabakan/fleet.ts';
import { type ManualClock, manualClock, seededChance } from '../support/clock.ts';
import { ipamG } from '../support/machines.ts';
import { silentLog } from '../support/silent-log.ts';

const template = `name: test
service_subnet: 10.68.0.0/16
nodes:
  - user: core
    control_plane: true
    labels: { cke.cybozu.com/role: cs }
  - user: core
    labels: { cke.cybozu.com/role: cs }
`;

const answering: Prober = {
  ask: async () => ({ kind: 'answered', latencyMs: 1, text: 'connected' }),
};

const noNet: Net = {
  interfaces: () => [],
  openUdp: async () => fail({ kind: 'port-taken', text: 'UDP 10067 is taken by another program' }),
};

type Server = { readonly fleet: Fleet; readonly written: () => string | undefined };

function aServer(
  clock: ManualClock,
  store: Store,
  name: string,
  options: { readonly dhcp?: boolean; readonly health?: 'off' } = {},
): Server {
  const world: World = {
    clock,
    chance: seededChance(name.length),
    store,
    net: noNet,
    http: { request: async () => fail({ kind: 'refused', text: 'a test has no network' }) },
    log: silentLog,
  };
  let text: string | undefined;
  const sink: ClusterSink = {
    name: 'memory',
    read: async () => ok(text),
    write: async (next) => {
      text = next;
      return ok(undefined);
    },
  };
  const parsed = parseClusterTemplate(template);
  const allow = parseAllowedNetwork('127.0.0.1');
  if (!parsed.ok || !allow.ok) throw new Error('the test is wrong');
  const fleet = createFleet(
    world,
    {
      prober: answering,
      boot: {
        shelf: createMemoryShelf(clock),
        assetShelf: createMemoryAssetShelf(clock),
        loaders: new Map(),
      },
      cluster: {
        template: () => parsed.value,
        constraints: { controlPlaneCount: 1, minimumWorkersRate: 80 },
        settings: { ...defaultBridgeSettings, minHealthySeconds: 1, spreadWaitSeconds: 0 },
        sink,
      },
    },
    {
      serverName: name,
      version: '0.0.0',
      allowIps: [allow.value],
      playground: false,
      pxe: {
        advertiseUrl: 'http://10.69.0.3:10080',
        advertiseUrlHttps: 'https://10.69.0.3:10443',
        tftp: undefined,
        ...(options.dhcp === true && { dhcp: { ...defaultDhcpSettings, interfaces: [] } }),
      },
      health: options.health === 'off' ? undefined : defaultHealthPolicy,
    },
  );
  return { fleet, written: () => text };
}

async function ask(fleet: Fleet, what: string, body: object | string = ''): Promise<unknown> {
  const [method = 'GET', target = '/'] = what.split(' ');
  const bytes = new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body));
  const answer = await fleet.handle({
    method,
    path: target,
    query: new Map(),
    headers: new Map(),
    remoteAddress: '127.0.0.1',
    requestId: 'r-1',
    body: {
      read: async () => ok(bytes),
      stream: async function* () {
        yield bytes;
      },
    },
  });
  if (answer.status >= 400) throw new Error(`${what}: ${answer.status}`);
  const text = answer.body.kind === 'bytes' ? new TextDecoder().decode(answer.body.bytes) : '';
  return text === '' ? undefined : JSON.parse(text);
}

describe('a fleet', () => {
  let clock: ManualClock;
  let store: MemoryStore;
  const started: Fleet[] = [];

  const begin = async (name: string, options: { health?: 'off' } = {}): Promise<Server> => {
    const server = aServer(clock, store.session(), name, options);
    expect((await server.fleet.start()).ok).toBe(true);
    started.push(server.fleet);
    return server;
  };

  const fresh = (): void => {
    clock = manualClock();
    store = createMemoryStore({ clock });
  };

  afterEach(async () => {
    for (const fleet of started.splice(0)) await fleet.stop();
  });

  const registerFour = async (fleet: Fleet): Promise<void> => {
    await ask(fleet, 'PUT /api/v1/config/ipam', ipamConfigToJson(ipamG));
    const machines = ['a', 'b', 'c', 'd'].map((serial) => ({
      serial,
      role: 'cs',
      rack: 0,
      bmc: { type: 'none' },
    }));
    await ask(fleet, 'POST /api/v1/machines', machines);
  };

  it('on the leader takes machines from registration to the cluster', async () => {
    fresh();
    const { fleet, written } = await begin('boot-0');
    await clock.run(1000);
    expect(fleet.control.isLeader()).toBe(true);
    await registerFour(fleet);
    await clock.run(300_000);
    expect(await ask(fleet, 'GET /api/v2/machines/a/explain')).toMatchObject({
      machine: { status: { state: 'healthy', reason: { by: 'health' } } },
      nextStates: ['unhealthy', 'unreachable', 'updating', 'retiring'],
      health: { verdict: { kind: 'keep' } },
      cluster: { is: expect.stringMatching(/control-plane|worker/) },
      swap: null,
    });
    expect(written()).toContain('10.69.0.4');
    expect(await ask(fleet, 'GET /api/v2/plan')).toMatchObject({
      leading: true,
      madeAt: expect.stringMatching(/^2026-11-21T06:0/),
      controlPlanes: [expect.any(String)],
      workers: [expect.any(String), expect.any(String), expect.any(String)],
      pending: false,
    });
  });

  it('probes nothing and moves nobody where health is not configured', async () => {
    fresh();
    const { fleet } = await begin('boot-0', { health: 'off' });
    await registerFour(fleet);
    await clock.run(300_000);
    expect(fleet.control.isLeader()).toBe(true);
    expect(fleet.inventory.machines().map(({ status }) => status.state)).toEqual(
      Array(4).fill('uninitialized'),
    );
    expect(await ask(fleet, 'GET /api/v2/status')).toMatchObject({ health: 'off' });
  });

  it('has one leader; the others show the same plan and write nothing', async () => {
    fresh();
    const first = await begin('boot-0');
    await clock.run(1000);
    const second = await begin('boot-1');
    await registerFour(second.fleet);
    await clock.run(300_000);
    expect(first.fleet.control.isLeader()).toBe(true);
    expect(second.fleet.control.isLeader()).toBe(false);
    expect(second.written()).toBeUndefined();
    const follower = await ask(second.fleet, 'GET /api/v2/plan');
    const leader = (await ask(first.fleet, 'GET /api/v2/plan')) as { decisions: unknown };
    expect(follower).toMatchObject({ leading: false, decisions: leader.decisions });
    expect(await ask(second.fleet, 'GET /api/v2/status')).toMatchObject({
      server: 'boot-1',
      leader: 'boot-0',
      leading: false,
      store: { inventory: { kind: 'live' } },
      dhcp: 'off',
    });

    await first.fleet.stop();
    started.shift();
    await clock.run(3000);
    expect(second.fleet.control.isLeader()).toBe(true);
  });

  it('that cannot open a port stops again, and says which', async () => {
    fresh();
    const { fleet } = aServer(clock, store.session(), 'boot-0', { dhcp: true });
    const result = await fleet.start();
    expect(!result.ok && result.error.text).toContain('UDP 10067 is taken');
    const timers = clock.timers();
    await clock.run(60_000);
    expect([timers, fleet.control.isLeader()]).toEqual([0, false]);
  });

  it('that loses its store leads no longer and comes back by itself', async () => {
    fresh();
    const session = store.session();
    const { fleet } = aServer(clock, session, 'boot-0');
    await fleet.start();
    started.push(fleet);
    await clock.run(1000);
    const mend = session.sever();
    await clock.run(30_000);
    expect(fleet.control.isLeader()).toBe(false);
    expect(await ask(fleet, 'GET /api/v2/status')).toMatchObject({
      leading: false,
      store: { inventory: { kind: 'behind' } },
    });
    mend();
    await clock.run(30_000);
    expect(fleet.control.isLeader()).toBe(true);
  });
});
