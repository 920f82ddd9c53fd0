/**
 * No two clients use one address, whatever the order of messages, servers, crashes and time. What is assumed: clocks of
 * servers differ by 90 s at most, and a server whose clock was set is not restarted within a lease's time.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientCount, runSite, type Step, serverCount, storeStates } from './site.ts';

const client = fc.nat(clientCount - 1);
const server = fc.nat(serverCount - 1);
const steps = {
  discover: fc.record({ kind: fc.constant('discover' as const), client, relayed: fc.boolean() }),
  bind: fc.record({ kind: fc.constant('bind' as const), client, offer: fc.nat(5) }),
  take: fc.record({ kind: fc.constant('take' as const), client, offer: fc.nat(5) }),
  reboot: fc.record({ kind: fc.constant('reboot' as const), client }),
  renew: fc.record({ kind: fc.constant('renew' as const), client, relayed: fc.boolean() }),
  giveUp: fc.record({ kind: fc.constantFrom('release' as const, 'decline' as const), client }),
  lie: fc.record({ kind: fc.constant('lie' as const), client, address: fc.nat(2), as: fc.nat(11) }),
  deliver: fc.record({
    kind: fc.constant('deliver' as const),
    which: fc.oneof(fc.nat(3), fc.nat(40)),
    again: fc.nat(3).map((number) => number === 0),
  }),
  lose: fc.record({ kind: fc.constant('lose' as const), which: fc.nat(30) }),
  pass: fc.record({
    kind: fc.constant('pass' as const),
    ms: fc.oneof(fc.nat(5_000), fc.nat(70_000), fc.nat(250_000)),
  }),
  crash: fc.record({ kind: fc.constant('crash' as const), server }),
  store: fc.record({
    kind: fc.constant('store' as const),
    server,
    state: fc.constantFrom('well' as const, 'well' as const, ...storeStates),
  }),
  jump: fc.record({
    kind: fc.constant('jump' as const),
    ms: fc.constantFrom(60_000, -60_000, 3_600_000, -3_600_000, 86_400_000, -86_400_000),
  }),
};

/** The larger part of a history is messages that arrive. */
function historyOf(...trouble: readonly fc.Arbitrary<Step>[]): fc.Arbitrary<readonly Step[]> {
  const often = (weight: number) => (arbitrary: fc.Arbitrary<Step>) => ({ weight, arbitrary });
  const rare = [
    steps.reboot,
    steps.lie,
    steps.giveUp,
    steps.lose,
    steps.pass,
    steps.pass,
    ...trouble,
  ];
  return fc.array(
    fc.oneof(
      often(30)(steps.deliver),
      ...[steps.discover, steps.take, steps.bind, steps.bind, steps.renew].map(often(4)),
      ...rare.map(often(2)),
    ),
    { minLength: 40, maxLength: 150 },
  );
}

async function check(histories: fc.Arbitrary<readonly Step[]>, numRuns: number) {
  let bound = 0;
  let handedOn = 0;
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      const report = await runSite(history);
      bound += report.bound;
      handedOn += report.handedOn;
      expect(report.violations).toEqual([]);
    }),
    { numRuns },
  );
  return { bound, handedOn };
}

describe('no two clients use one address', () => {
  it('whatever the order of messages, lost commits, stuck stores and crashes of servers', async () => {
    const { bound, handedOn } = await check(historyOf(steps.crash, steps.store), 300);
    // A history in which nobody is served would prove nothing.
    expect(bound).toBeGreaterThan(1_000);
    expect(handedOn).toBeGreaterThan(100);
  });

  it('however often the clocks of all servers are set', async () => {
    const { bound } = await check(historyOf(steps.store, steps.jump), 150);
    expect(bound).toBeGreaterThan(500);
  });

  it('and servers that share no store are found out', async () => {
    const details = await fc.check(
      fc.asyncProperty(historyOf(), async (history) => {
        expect((await runSite(history, false)).violations).toEqual([]);
      }),
      { numRuns: 200, endOnFailure: true },
    );
    expect(details.failed).toBe(true);
  });
});
