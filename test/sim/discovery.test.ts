import { describe, expect, it } from 'vitest';
import { createApi } from '../../src/sim/api.ts';
import { createSimFleet, type SimFleet } from '../../src/sim/fleet.ts';
import { nextTurn } from '../../src/sim/io/turn.ts';

const minute = 60_000;
const shape = { racks: 1, machines: 4, servers: 2, spares: 0, controlPlanes: 1 };
/** The fourth of a rack: each has another firmware. */
const serialOf = { 'uefi-http': 's-001', 'uefi-pxe': 's-002', 'bios-ipxe-rom': 's-003' } as const;

type Discovery = {
  readonly id: string;
  readonly serial: string;
  readonly state: string;
  readonly confirmed: boolean;
  readonly rackGuess: { readonly rack: number } | null;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly place: Readonly<Record<string, unknown>>;
  readonly decision: { readonly rule: string | null } | null;
};

async function aFleet(strangers: readonly string[], discovery: 'off' | 'ask' | 'rules') {
  const options = { shape, seed: 'discovery', turn: nextTurn, loss: 0, strangers };
  const fleet = createSimFleet(options);
  await fleet.start();
  const host = { name: 'person', interfaces: [], isUp: () => true, address: () => '10.68.0.2' };
  const api = createApi(fleet.sim.worldOf(host).http, fleet.servers[0]?.url ?? '');
  const during = async <T>(promise: Promise<T>): Promise<T> => {
    let isDone = false;
    const mark = () => {
      isDone = true;
    };
    promise.then(mark, mark);
    while (!isDone) await pass(fleet, 10);
    return promise;
  };
  const racks = { cidr: '10.69.0.0/20', mode: 'server', discovery };
  const send = async (method: 'PUT' | 'POST', path: string, body: unknown) => {
    const done = await during(api.send(method, path, body));
    if (!done.ok) throw new Error(done.error);
  };
  await send('PUT', '/api/v2/networks/racks', racks);
  const discoveries = async () => {
    const list = await during(
      api.get<{ readonly items: readonly Discovery[] }>('/api/v2/discoveries'),
    );
    if (!list.ok) throw new Error(list.error);
    return list.value.items;
  };
  const machine = (serial: string) => {
    const found = fleet.site.find(serial);
    if (found === undefined) throw new Error(`no machine ${serial}`);
    return found;
  };
  return { fleet, send, discoveries, machine };
}

const pass = (fleet: SimFleet, ms: number) =>
  fleet.sim.clock.runUntil(fleet.sim.clock.elapsedMs() + ms);

describe('a machine that nobody registered', () => {
  for (const [firmware, serial] of Object.entries(serialOf)) {
    it(`appears, waits, and goes on to healthy once it is approved (${firmware})`, async () => {
      const { fleet, send, discoveries, machine } = await aFleet([serial], 'ask');
      machine(serial).powerOn();
      await pass(fleet, 2 * minute);
      const [found, ...others] = await discoveries();
      expect(others).toEqual([]);
      expect(found).toMatchObject({ serial, state: 'waiting', confirmed: true });
      expect(found?.rackGuess).toMatchObject({ rack: 0 });
      expect(found?.claims).toMatchObject({ vendorClass: expect.any(String) });
      expect(found?.place).toMatchObject({ network: 'racks', relay: '10.69.0.1', proof: 'lease' });
      expect(machine(serial).stage()).toBe('script');
      await send('POST', `/api/v2/discoveries/${found?.id}/approve`, { role: 'cs' });
      await pass(fleet, 2 * minute);
      expect(machine(serial).stage()).toBe('up');
      const states = fleet.inventory
        .machines()
        .map(({ spec, status }) => [spec.serial, status.state]);
      expect(states).toContainEqual([serial, 'healthy']);
      expect(await discoveries()).toMatchObject([{ state: 'approved' }]);
    });
  }

  it('is registered by the first rule that matches, which is told', async () => {
    const { fleet, send, discoveries, machine } = await aFleet(['s-001', 's-002'], 'rules');
    await send('PUT', '/api/v2/discovery-rules/second', {
      ...{ order: 2, match: { serial: '*' } },
      reject: { reason: 'it is none of ours' },
    });
    await send('PUT', '/api/v2/discovery-rules/first', {
      ...{ order: 1, match: { serial: 's-001', rack: 0 } },
      approve: { role: 'cs', labels: { product: 'simulated' } },
    });
    machine('s-001').powerOn();
    machine('s-002').powerOn();
    await pass(fleet, 4 * minute);
    expect(machine('s-001').stage()).toBe('up');
    expect(machine('s-002').stage()).not.toBe('up');
    const found = await discoveries();
    expect(found.map(({ serial, state, decision }) => [serial, state, decision?.rule])).toEqual([
      ['s-001', 'approved', 'first'],
      ['s-002', 'rejected', 'second'],
    ]);
  });

  it('is not noted where discovery is off, and registered machines are never', async () => {
    const off = await aFleet(['s-001'], 'off');
    off.machine('s-001').powerOn();
    await pass(off.fleet, 2 * minute);
    expect(await off.discoveries()).toEqual([]);
    const ask = await aFleet([], 'ask');
    for (const machine of ask.fleet.site.machines) machine.powerOn();
    await pass(ask.fleet, 3 * minute);
    expect(await ask.discoveries()).toEqual([]);
    expect(ask.fleet.site.machines.map((machine) => machine.stage())).toEqual(
      ask.fleet.site.machines.map(() => 'up'),
    );
  });
});
