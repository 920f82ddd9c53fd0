import { describe, expect, it } from 'vitest';
import { createLeadership } from '../../src/base/leadership.ts';
import { createMemoryStore } from '../../src/base/memory-store.ts';
import { ok } from '../../src/base/result.ts';
import type { Condition, Store } from '../../src/base/store.ts';
import { put } from '../contract/store.contract.ts';
import { manualClock } from '../support/clock.ts';
import { silentLog } from '../support/silent-log.ts';

function setUp() {
  const clock = manualClock();
  const root = createMemoryStore({ clock });
  const terms: string[] = [];
  const server = (holder: string, store: Store = root.session()) =>
    createLeadership({
      store,
      clock,
      log: silentLog,
      key: 'tetsukan/leader',
      holder,
      ttlSeconds: 10,
      onElected: () => terms.push(`${holder} leads at ${clock.monotonicMs()}`),
      onLost: (why) => terms.push(`${holder} stops at ${clock.monotonicMs()}: ${why}`),
    });
  return { clock, root, terms, server };
}

describe('leadership', () => {
  it('is held by one server, and all know which', async () => {
    const { clock, server, terms } = setUp();
    const [a, b] = [server('a'), server('b')];
    a.start();
    await clock.run(0);
    b.start();
    await clock.run(60_000);
    expect(terms).toEqual(['a leads at 0']);
    expect([a.isLeader(), b.isLeader()]).toEqual([true, false]);
    expect([a.holder(), b.holder()]).toEqual(['a', 'a']);
  });

  it('passes on at once when the leader stops', async () => {
    const { clock, server, terms } = setUp();
    const [a, b] = [server('a'), server('b')];
    a.start();
    await clock.run(0);
    b.start();
    await clock.run(5_000);
    await a.stop();
    await clock.run(0);
    expect(terms.slice(1).sort()).toEqual(['a stops at 5000: released', 'b leads at 5000']);
    expect(b.holder()).toBe('b');
    await b.stop();
  });

  it('two never lead at once, whichever of them loses its link', async () => {
    const { clock, root, server, terms } = setUp();
    const session = root.session();
    const [a, b] = [server('a', session), server('b')];
    a.start();
    await clock.run(0);
    b.start();
    await clock.run(5_000);
    const mend = session.sever();
    for (let at = 0; at < 300; at++) {
      await clock.run(100);
      expect(a.isLeader() && b.isLeader()).toBe(false);
    }
    expect(terms.map((term) => term.split(' at ')[0])).toEqual(['a leads', 'a stops', 'b leads']);
    mend();
    await clock.run(10_000);
    expect(a.isLeader()).toBe(false);
    expect(a.holder()).toBe('b');
  });

  it('fences the writes of a former leader', async () => {
    const { clock, root, server } = setUp();
    const session = root.session();
    const [a, b] = [server('a', session), server('b')];
    expect(a.fence()).toBeUndefined();
    a.start();
    await clock.run(0);
    const old = a.fence() as Condition;
    expect(await root.commit([old], [put('x')])).toMatchObject({ value: { kind: 'committed' } });
    b.start();
    session.sever();
    await clock.run(30_000);
    const now = b.fence() as Condition;
    expect(a.fence()).toBeUndefined();
    expect(await root.commit([old], [put('x')])).toEqual(ok({ kind: 'moved' }));
    expect(await root.commit([now], [put('x')])).toMatchObject({ value: { kind: 'committed' } });
  });

  it('leaves no timer behind', async () => {
    const { clock, server } = setUp();
    const [a, b] = [server('a'), server('b')];
    a.start();
    b.start();
    await clock.run(5_000);
    await b.stop();
    await a.stop();
    expect(clock.timers()).toBe(0);
  });
});
