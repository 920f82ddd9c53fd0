import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../src/base/memory-store.ts';
import { createTransact } from '../../src/base/transact.ts';
import { createMonitor } from '../../src/health/monitor.ts';
import { createInventory } from '../../src/inventory/create.ts';
import type { Serial } from '../../src/inventory/machine.ts';
import { manualClock, seededChance } from '../support/clock.ts';
import { aNewMachine, ipamG } from '../support/machines.ts';
import { rememberingLog } from '../support/silent-log.ts';
import { scriptedProber, startMs, testPolicy } from './health-world.ts';

const actor = { user: 'tester', ip: '127.0.0.1', host: 'here' };

describe('monitor on the real inventory', () => {
  it('a registered machine comes up, falls silent and is lost, with reason and fence; a lost claim moves nothing', async () => {
    const clock = manualClock(startMs);
    const store = createMemoryStore({ clock });
    const world = { clock, store, chance: seededChance(), log: rememberingLog() };
    const inventory = createInventory({ world, transact: createTransact(store, world) });
    await inventory.start();
    await inventory.putIpam(ipamG, actor);
    const twins = ['m-1', 'm-2'].map((serial) => aNewMachine({ serial, rack: 1 }));
    const registered = await inventory.register(twins, actor);
    expect(registered.ok).toBe(true);

    const claim = await store.claim('leader', new Uint8Array(), 3600);
    if (!claim.ok) throw new Error('the claim is free');
    const { createRevision } = claim.value;
    const script = scriptedProber(clock);
    const monitor = createMonitor({
      world,
      inventory,
      prober: script.prober,
      policy: testPolicy,
      fence: { kind: 'held', key: 'leader', createRevision },
    });
    void monitor.start();
    const stateOf = (serial: string) => inventory.find(serial as Serial)?.status.state;
    await clock.run(40_000);
    expect([stateOf('m-1'), stateOf('m-2')]).toEqual(['healthy', 'healthy']);

    const first = inventory.find('m-1' as Serial);
    const second = inventory.find('m-2' as Serial);
    if (first === undefined || second === undefined) throw new Error('registered');
    script.set(first, 'silent');
    await clock.run(50_000);
    expect([stateOf('m-1'), stateOf('m-2')]).toEqual(['unreachable', 'healthy']);
    expect(inventory.find('m-1' as Serial)?.status).toMatchObject({
      state: 'unreachable',
      reason: { by: 'health', text: expect.stringMatching(/^2 of 2 probes silent for 3\ds$/) },
    });

    await claim.value.release();
    script.set(second, 'silent');
    await clock.run(60_000);
    expect(stateOf('m-2')).toBe('healthy');
    expect(monitor.overview().counters.movesRefused).toBeGreaterThan(0);
    expect(monitor.status('m-2' as Serial)?.waitingFor[0]).toMatch(
      /^the inventory did not take it/,
    );
    monitor.stop();
    inventory.stop();
  });
});
