import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../src/base/memory-store.ts';
import type { Revision } from '../../src/base/store.ts';
import { evidenceKey, evidencePrefix } from '../../src/health/record.ts';
import type { Serial } from '../../src/inventory/machine.ts';
import { manualClock, settled } from '../support/clock.ts';
import { machineOf, rackOf, startMs, testPolicy, type Watch, watchOver } from './health-world.ts';

const a = 'a' as Serial;

function moves({ desk }: Watch): string[] {
  return desk.moved.map(({ serial, from, to }) => `${serial} ${from} -> ${to}`);
}

async function keysOf(watch: Watch): Promise<string[]> {
  const listed = await watch.store.list(evidencePrefix);
  return listed.ok ? listed.value.entries.map(({ key }) => key) : [];
}

describe('monitor', () => {
  it('a machine whose OS came up becomes healthy after its good passes', async () => {
    const watch = watchOver([machineOf('a', { state: 'uninitialized' })]);
    await watch.clock.run(40_000);
    expect(moves(watch)).toEqual(['a uninitialized -> healthy']);
    expect(watch.desk.moved[0]?.text).toBe('all 2 probes answered 3 times in a row');
    watch.monitor.stop();
  });

  it('a machine that never came up stays uninitialized, with the reason', async () => {
    const machine = machineOf('a', { state: 'uninitialized' });
    const watch = watchOver([machine]);
    watch.script.set(machine, 'silent');
    await watch.clock.run(3_600_000);
    expect(moves(watch)).toEqual([]);
    expect(watch.monitor.status(a)?.verdict.text).toMatch(/^never came up: all 2 probes silent/);
    watch.monitor.stop();
  });

  it('a failure is unreachable within two intervals plus patience, for any phase', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const machine = machineOf('a');
      const watch = watchOver([machine], { seed, policy: { ...testPolicy, patienceSeconds: 34 } });
      await watch.clock.run(20_000 + seed * 777);
      const failedAtMs = watch.clock.monotonicMs();
      watch.script.set(machine, 'silent');
      await watch.clock.run(120_000);
      expect(moves(watch)).toEqual(['a healthy -> unreachable']);
      const tookMs = (watch.desk.moved[0]?.atMs ?? 0) - failedAtMs;
      expect(tookMs).toBeGreaterThanOrEqual(34_000);
      // One interval until it is first asked, patience, and the time to give up on the last question.
      expect(tookMs).toBeLessThanOrEqual(10_000 + 34_000 + 2000);
      watch.monitor.stop();
    }
  });

  it('it comes back by itself, and the reason of both moves is said', async () => {
    const machine = machineOf('a');
    const watch = watchOver([machine]);
    watch.script.set(machine, 'silent');
    await watch.clock.run(60_000);
    watch.script.set(machine, 'answered');
    await watch.clock.run(60_000);
    expect(moves(watch)).toEqual(['a healthy -> unreachable', 'a unreachable -> healthy']);
    expect(watch.desk.moved[0]?.text).toMatch(/^2 of 2 probes silent for 3\ds$/);
    watch.monitor.stop();
  });

  it('one probe that keeps failing makes it unhealthy', async () => {
    const machine = machineOf('a');
    const watch = watchOver([machine]);
    watch.script.set(machine, 'wrong', 'metrics');
    await watch.clock.run(60_000);
    expect(moves(watch)).toEqual(['a healthy -> unhealthy']);
    expect(watch.desk.moved[0]?.text).toBe(
      'it answers, but metrics http/9105 /metrics status 503 instead of 200, 3 times in a row',
    );
    watch.monitor.stop();
  });

  it('machines that somebody is at work on are neither asked nor judged', async () => {
    const watch = watchOver([
      machineOf('a', { state: 'updating' }),
      machineOf('b', { state: 'retiring', index: 5 }),
      machineOf('c', { state: 'retired', index: 6 }),
    ]);
    await watch.clock.run(60_000);
    expect(watch.script.asked).toEqual([]);
    expect(watch.monitor.status(a)).toMatchObject({
      judged: false,
      verdict: { kind: 'keep', text: 'not judged while updating' },
    });
    watch.monitor.stop();
  });

  it('a reboot ordered by hand counts from the new state on', async () => {
    const machine = machineOf('a');
    const watch = watchOver([machine]);
    await watch.clock.run(60_000);
    const updating = watch.desk.byHand(machine, 'updating');
    await watch.clock.run(20_000);
    watch.desk.byHand(updating, 'uninitialized');
    await watch.clock.run(19_000);
    expect(moves(watch)).toEqual([]);
    await watch.clock.run(20_000);
    expect(moves(watch)).toEqual(['a uninitialized -> healthy']);
    watch.monitor.stop();
  });

  it('answers asked for before somebody moved the machine say nothing of its new state', async () => {
    const machine = machineOf('a');
    const watch = watchOver([machine], { policy: { ...testPolicy, recoveries: 1 } });
    await watch.clock.run(15_000);
    while (watch.monitor.overview().underWay === 0) await watch.clock.run(0.5);
    watch.desk.byHand(watch.desk.byHand(machine, 'updating'), 'uninitialized');
    await watch.clock.run(5000);
    expect(moves(watch)).toEqual([]);
    await watch.clock.run(10_000);
    expect(moves(watch)).toEqual(['a uninitialized -> healthy']);
    watch.monitor.stop();
  });

  it('each machine is asked once per interval, spread over it', async () => {
    const watch = watchOver(rackOf(0, 50));
    await watch.clock.run(10_000);
    const firsts = watch.script.asked.filter((line) => line.endsWith('ssh')).map(Number.parseFloat);
    expect(firsts.length).toBeGreaterThanOrEqual(50);
    expect(Math.max(...firsts) - Math.min(...firsts)).toBeGreaterThan(7_000);
    await watch.clock.run(90_000);
    const passes = watch.monitor.overview().counters.passes;
    expect(passes).toBeGreaterThanOrEqual(50 * 9);
    expect(passes).toBeLessThanOrEqual(50 * 12);
    watch.monitor.stop();
  });

  it('probes under way are bounded, and late ones are shown', async () => {
    const machines = rackOf(0, 28, 'uninitialized');
    const policy = { ...testPolicy, probesInFlightMax: 6 };
    const watch = watchOver(machines, { policy });
    for (const machine of machines) watch.script.set(machine, 'silent');
    await watch.clock.run(25_000);
    expect(watch.script.underWayMost()).toBe(6);
    expect(watch.monitor.overview().lateMs).toBeGreaterThan(0);
    watch.monitor.stop();
  });

  it('a prober that never answers costs nobody their state', async () => {
    const machine = machineOf('a');
    const watch = watchOver([machine]);
    watch.script.set(machine, 'hangs');
    await watch.clock.run(300_000);
    expect(moves(watch)).toEqual([]);
    expect(watch.monitor.overview().counters.probesLost).toBeGreaterThan(20);
    expect(watch.monitor.status(a)?.probes[0]?.result?.text).toBe(
      'the prober gave no result within 3000 ms',
    );
    watch.monitor.stop();
  });

  it('a move the inventory does not take is tried again and shown meanwhile', async () => {
    const machine = machineOf('a');
    const watch = watchOver([machine]);
    watch.script.set(machine, 'silent');
    watch.desk.refuseMoves('no quorum');
    await watch.clock.run(60_000);
    expect(moves(watch)).toEqual([]);
    expect(watch.monitor.status(a)?.waitingFor).toEqual([
      'the inventory did not take it: no quorum',
    ]);
    watch.desk.refuseMoves(undefined);
    await watch.clock.run(12_000);
    expect(moves(watch)).toEqual(['a healthy -> unreachable']);
    watch.monitor.stop();
  });

  it('the fence of the claim goes with every move', async () => {
    const fence = { kind: 'held', key: 'leader', createRevision: '7' as Revision } as const;
    const machine = machineOf('a');
    const watch = watchOver([machine], { fence });
    watch.script.set(machine, 'silent');
    await watch.clock.run(60_000);
    expect(watch.desk.moved[0]?.fence).toEqual(fence);
    watch.monitor.stop();
  });

  it('after stop nothing is asked, moved or waited for', async () => {
    const machines = rackOf(0, 5);
    const watch = watchOver(machines);
    for (const machine of machines) watch.script.set(machine, 'silent');
    await watch.clock.run(31_000);
    watch.monitor.stop();
    const asked = watch.script.asked.length;
    await watch.clock.run(300_000);
    expect(watch.script.asked).toHaveLength(asked);
    expect(moves(watch)).toEqual([]);
    expect(watch.clock.timers()).toBe(0);
  });

  it('a machine that flaps stays out until stable, and says so', async () => {
    const machine = machineOf('a');
    const watch = watchOver([machine]);
    for (let flap = 0; flap < 4; flap++) {
      watch.script.set(machine, 'silent');
      await watch.clock.run(60_000);
      watch.script.set(machine, 'answered');
      await watch.clock.run(60_000);
    }
    expect(watch.desk.moved).toHaveLength(7);
    expect(watch.monitor.status(a)?.waitingFor[0]).toMatch(
      /^it fell out of service 4 times within 60m \(limit 3\); waits until it was good for 900s/,
    );
    expect(watch.monitor.status(a)?.flapping).toEqual({ departures: 4, held: true });
    await watch.clock.run(900_000);
    expect(moves(watch).at(-1)).toBe('a unreachable -> healthy');
    watch.monitor.stop();
  });
});

describe('brakes', () => {
  it('a rack that falls silent together is one wait, and all of it comes back', async () => {
    const machines = [...rackOf(0, 28), ...rackOf(1, 28)];
    const watch = watchOver(machines);
    await watch.clock.run(20_000);
    for (const machine of machines.slice(0, 28)) watch.script.set(machine, 'silent');
    await watch.clock.run(3_600_000);
    expect(moves(watch)).toEqual([]);
    const { holds, counters } = watch.monitor.overview();
    expect(holds.map(({ scope, machines: count, of }) => `${scope} ${count}/${of}`)).toEqual([
      'rack/0 28/28',
      'fleet 28/56',
    ]);
    expect(counters.held).toBe(28);
    expect(watch.monitor.status('r0-00' as Serial)?.waitingFor.join()).toContain(
      'an operator lifts the hold on rack/0',
    );
    for (const machine of machines) watch.script.set(machine, 'answered');
    await watch.clock.run(20_000);
    expect(watch.monitor.overview().holds).toEqual([]);
    expect(moves(watch)).toEqual([]);
    watch.monitor.stop();
  });

  it('an operator lifts the hold of a rack, and it is let go', async () => {
    const machines = [...rackOf(0, 28), ...rackOf(1, 28)];
    const watch = watchOver(machines);
    for (const machine of machines.slice(0, 28)) watch.script.set(machine, 'silent');
    await watch.clock.run(120_000);
    expect(watch.monitor.lift('rack/9')).toBe(false);
    expect(watch.monitor.lift('rack/0')).toBe(true);
    await watch.clock.run(20_000);
    expect(watch.desk.moved).toHaveLength(28);
    expect(watch.monitor.overview().holds).toEqual([]);
    watch.monitor.stop();
  });

  it('when enough of them are back, the rest is moved', async () => {
    const machines = [...rackOf(0, 28), ...rackOf(1, 28)];
    const watch = watchOver(machines);
    for (const machine of machines.slice(0, 28)) watch.script.set(machine, 'silent');
    await watch.clock.run(120_000);
    for (const machine of machines.slice(0, 26)) watch.script.set(machine, 'answered');
    await watch.clock.run(40_000);
    expect(moves(watch).toSorted()).toEqual([
      'r0-26 healthy -> unreachable',
      'r0-27 healthy -> unreachable',
    ]);
    watch.monitor.stop();
  });

  it('a rack is seen to fall as a whole, however far behind the probes are', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const machines = [...rackOf(0, 28), ...rackOf(1, 200)];
      const watch = watchOver(machines, { seed, policy: { ...testPolicy, probesInFlightMax: 2 } });
      for (const machine of machines.slice(0, 28)) watch.script.set(machine, 'silent');
      await watch.clock.run(400_000);
      expect(moves(watch)).toEqual([]);
      watch.monitor.stop();
    }
  });

  it('a small rack is no crowd', async () => {
    const machines = [...rackOf(0, 2), ...rackOf(1, 28)];
    const watch = watchOver(machines);
    for (const machine of machines.slice(0, 2)) watch.script.set(machine, 'silent');
    await watch.clock.run(60_000);
    expect(watch.desk.moved).toHaveLength(2);
    watch.monitor.stop();
  });

  it('a wrong probe in a new policy makes nobody unhealthy', async () => {
    const machines = rackOf(0, 28);
    const watch = watchOver(machines);
    await watch.clock.run(20_000);
    const wrong = { name: 'wrong', kind: 'tcp', port: 9 } as const;
    for (const machine of machines) watch.script.set(machine, 'refused', 'wrong');
    watch.monitor.usePolicy({ ...testPolicy, probes: [...testPolicy.probes, wrong] });
    await watch.clock.run(600_000);
    expect(moves(watch)).toEqual([]);
    expect(watch.monitor.overview().holds.map(({ trouble }) => trouble)).toContain('failing');
    watch.monitor.stop();
  });

  it('while this server is cut off from the store nothing moves, and silence of that time counts for nothing', async () => {
    const machine = machineOf('a');
    const watch = watchOver([machine, machineOf('b', { index: 5 })]);
    await watch.clock.run(20_000);
    watch.desk.setFreshness({ kind: 'behind', silentMs: 6000, text: 'no connection' });
    watch.script.set(machine, 'silent');
    await watch.clock.run(600_000);
    expect(moves(watch)).toEqual([]);
    expect(watch.monitor.overview().waitingFor).toEqual([
      'waits for the store: no news for 6s (no connection), so this server may be the one that is cut off',
    ]);
    watch.desk.setFreshness({ kind: 'live' });
    const backAtMs = watch.clock.monotonicMs();
    await watch.clock.run(100_000);
    expect(moves(watch)).toEqual(['a healthy -> unreachable']);
    expect((watch.desk.moved[0]?.atMs ?? 0) - backAtMs).toBeGreaterThanOrEqual(30_000);
    watch.monitor.stop();
  });

  it('a silence that began before the cut starts anew after it', async () => {
    const machine = machineOf('a');
    const watch = watchOver([machine]);
    watch.script.set(machine, 'silent');
    await watch.clock.run(30_000);
    watch.desk.setFreshness({ kind: 'behind', silentMs: 6000, text: 'no connection' });
    await watch.clock.run(60_000);
    watch.desk.setFreshness({ kind: 'live' });
    const backAtMs = watch.clock.monotonicMs();
    await watch.clock.run(60_000);
    expect(moves(watch)).toEqual(['a healthy -> unreachable']);
    expect((watch.desk.moved[0]?.atMs ?? 0) - backAtMs).toBeGreaterThanOrEqual(30_000);
    watch.monitor.stop();
  });

  it('a clock that jumps moves nobody, and is waited for', async () => {
    for (const jumpMs of [3_600_000, -3_600_000, -startMs]) {
      const machine = machineOf('a');
      const watch = watchOver([machine]);
      watch.script.set(machine, 'silent');
      await watch.clock.run(25_000);
      watch.clock.jump(jumpMs);
      await watch.clock.run(55_000);
      expect(moves(watch)).toEqual([]);
      expect(watch.monitor.overview().waitingFor[0]).toMatch(
        /^waits for the clock: wall time went/,
      );
      expect(watch.monitor.overview().counters.clockJumps).toBe(1);
      await watch.clock.run(60_000);
      expect(moves(watch)).toEqual(['a healthy -> unreachable']);
      watch.monitor.stop();
    }
  });
});

describe('change of leader', () => {
  it('patience goes on where the earlier leader left it', async () => {
    const machine = machineOf('a');
    const watch = watchOver([machine], { policy: { ...testPolicy, patienceSeconds: 300 } });
    watch.script.set(machine, 'silent');
    await watch.clock.run(200_000);
    watch.monitor.stop();
    const next = watchOver([machine], {
      policy: { ...testPolicy, patienceSeconds: 300 },
      store: watch.store,
      clock: watch.clock,
      seed: 9,
    });
    next.script.set(machine, 'silent');
    await next.clock.run(112_000);
    expect(moves(next)).toEqual(['a healthy -> unreachable']);
    next.monitor.stop();
  });

  it('a clock that is ahead on the new leader moves nobody before it has seen the silence itself', async () => {
    const machine = machineOf('a');
    const watch = watchOver([machine]);
    watch.script.set(machine, 'silent');
    await watch.clock.run(25_000);
    watch.monitor.stop();
    const ahead = manualClock(startMs + 86_400_000);
    const next = watchOver([machine], { store: watch.store, clock: ahead });
    next.script.set(machine, 'silent');
    while (
      next.monitor.status(a)?.silentSince === undefined ||
      next.monitor.overview().counters.passes < 1
    ) {
      await ahead.run(100);
    }
    expect(next.monitor.status(a)?.waitingFor[0]).toMatch(/waits for 1 more silent pass/);
    next.script.set(machine, 'answered');
    await ahead.run(60_000);
    expect(moves(next)).toEqual([]);
    next.monitor.stop();
  });

  it('flaps are remembered', async () => {
    const machine = machineOf('a');
    const watch = watchOver([machine]);
    watch.script.set(machine, 'silent');
    await watch.clock.run(60_000);
    watch.monitor.stop();
    const next = watchOver([machine], { store: watch.store, clock: watch.clock });
    await next.clock.run(20_000);
    expect(next.monitor.status(a)?.flapping.departures).toBe(1);
    next.monitor.stop();
  });

  it('evidence is written when it matters, not on each probe, and goes with the machine', async () => {
    const machine = machineOf('a');
    const watch = watchOver([machine, machineOf('b', { index: 5 })], {
      policy: { ...testPolicy, patienceSeconds: 3000 },
    });
    await watch.clock.run(60_000);
    expect(await keysOf(watch)).toEqual([]);
    watch.script.set(machine, 'silent');
    await watch.clock.run(600_000);
    expect(await keysOf(watch)).toEqual([evidenceKey(a)]);
    expect(watch.monitor.overview().counters.evidenceWritten).toBe(1);
    watch.desk.remove(machine);
    await watch.clock.run(2000);
    expect(await keysOf(watch)).toEqual([]);
    expect(watch.monitor.status(a)).toBeUndefined();
    watch.monitor.stop();
  });

  it('a server that lost its claim writes no evidence, and says why', async () => {
    const fence = { kind: 'held', key: 'leader', createRevision: '7' as Revision } as const;
    const machine = machineOf('a');
    const watch = watchOver([machine], { fence });
    watch.script.set(machine, 'silent');
    await watch.clock.run(60_000);
    expect(await keysOf(watch)).toEqual([]);
    expect(watch.monitor.overview().evidence).toMatchObject({
      waiting: 1,
      trouble: 'this server no longer leads',
    });
    watch.monitor.stop();
  });

  it('writes are bounded per second, however many fall silent', async () => {
    const machines = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((rack) => rackOf(rack, 28));
    const watch = watchOver(machines);
    for (const machine of machines) watch.script.set(machine, 'silent');
    let most = 0;
    let before = 0;
    for (let second = 0; second < 60; second++) {
      await watch.clock.run(1000);
      const { evidenceWritten } = watch.monitor.overview().counters;
      most = Math.max(most, evidenceWritten - before);
      before = evidenceWritten;
    }
    expect(most).toBeLessThanOrEqual(64);
    expect((await keysOf(watch)).length).toBe(280);
    watch.monitor.stop();
  });

  it('evidence of machines that are gone is removed; what does not decode is left and shown', async () => {
    const clock = manualClock(startMs);
    const store = createMemoryStore({ clock });
    const bytes = (text: string) => new TextEncoder().encode(text);
    await store.commit(
      [],
      [
        { kind: 'put', key: evidenceKey('gone' as Serial), value: bytes('{"v":1}') },
        { kind: 'put', key: evidenceKey(a), value: bytes('{"v":9}') },
      ],
    );
    const machine = machineOf('a');
    const watch = watchOver([machine], { store, clock });
    watch.script.set(machine, 'silent');
    await clock.run(60_000);
    expect(await keysOf(watch)).toEqual([evidenceKey(a)]);
    expect([...watch.monitor.overview().evidence.broken]).toEqual([
      ['a', 'version 9; this release reads version 1'],
    ]);
    expect(moves(watch)).toEqual(['a healthy -> unreachable']);
    watch.monitor.stop();
  });

  it('until the evidence is read nothing is asked, and what it waits for is said', async () => {
    const clock = manualClock(startMs);
    const store = createMemoryStore({ clock });
    const mend = store.sever();
    const watch = watchOver([machineOf('a')], { store, clock });
    await clock.run(5000);
    expect(watch.script.asked).toEqual([]);
    expect(watch.monitor.overview().waitingFor[0]).toMatch(
      /^waits for the evidence of earlier leaders: /,
    );
    mend();
    await clock.run(20_000);
    expect(watch.monitor.overview().waitingFor).toEqual([]);
    expect(watch.script.asked.length).toBeGreaterThan(0);
    watch.monitor.stop();
    await settled();
  });
});

describe('what an operator sees', () => {
  it('a status names results, since when, the verdict, what it waits for and when it is asked next', async () => {
    const machine = machineOf('a');
    const watch = watchOver([machine]);
    await watch.clock.run(20_000);
    watch.script.set(machine, 'silent');
    await watch.clock.run(20_000);
    const status = watch.monitor.status(a);
    expect(status).toMatchObject({
      serial: 'a',
      state: 'healthy',
      judged: true,
      verdict: { kind: 'wait', to: 'unreachable' },
      goodSince: undefined,
      flapping: { departures: 0, held: false },
    });
    expect(status?.waitingFor[0]).toMatch(
      /^2 of 2 probes silent for .*; waits for patience of 30s$/,
    );
    expect(status?.probes[1]).toMatchObject({ name: 'metrics', kind: 'http', port: 9105 });
    expect(status?.probes[0]?.result?.text).toBe('nothing within 2000 ms');
    expect(status?.silentSince).toMatch(/^2026-11-21T06:00:[23]/);
    expect(status?.lastAnswerAt).toMatch(/^2026-11-21T06:00:[12]/);
    expect(status?.passes.at(-1)?.grade).toBe('silent');
    expect(status?.nextProbeAt ?? 'being asked').toMatch(/^2026-11-21T06:00:4|being asked/);
    watch.monitor.stop();
  });
});
