import { describe, expect, it } from 'vitest';
import {
  type Census,
  type Crowd,
  lift,
  noCrowd,
  restrain,
  type Scope,
  type Suspect,
  type Trouble,
  watchCrowd,
} from '../../src/health/crowd.ts';
import type { Move } from '../../src/health/verdict.ts';
import { later, machineOf, testPolicy } from './health-world.ts';

/** `machines` of these racks in service. */
function censusOf(...racks: readonly (readonly [rack: number, machines: number])[]): Census {
  return { fleet: racks.reduce((sum, [, machines]) => sum + machines, 0), racks: new Map(racks) };
}

function suspectsIn(
  rack: number,
  amount: number,
  everyMs = 100,
  trouble: Trouble = 'silent',
): Suspect[] {
  return Array.from({ length: amount }, (_, at) => ({ rack, trouble, since: later(at * everyMs) }));
}

function watch(
  suspects: Suspect[],
  census: Census,
  previous: Crowd = noCrowd,
  atMs = 60_000,
): Crowd {
  return watchCrowd(previous, suspects, census, testPolicy, later(atMs));
}

describe('crowd', () => {
  it.each<[string, Suspect[], Census, string[]]>([
    ['one machine is no crowd', suspectsIn(0, 1), censusOf([0, 28]), []],
    ['a small rack does not trip', suspectsIn(0, 2), censusOf([0, 2], [1, 28]), []],
    ['half a rack is a crowd', suspectsIn(0, 14), censusOf([0, 28], [1, 280]), ['rack/0 silent']],
    ['less than half is not', suspectsIn(0, 13), censusOf([0, 28], [1, 280]), []],
    [
      'a tenth of the fleet is a crowd',
      [0, 1, 2, 3, 4].flatMap((rack) => suspectsIn(rack, 2)),
      censusOf([0, 20], [1, 20], [2, 20], [3, 20], [4, 20]),
      ['fleet silent'],
    ],
    [
      'less than a tenth is not',
      [0, 1, 2].flatMap((rack) => suspectsIn(rack, 3)),
      censusOf([0, 40], [1, 40], [2, 40]),
      [],
    ],
    [
      'a small fleet needs its minimum',
      [...suspectsIn(0, 2), ...suspectsIn(1, 2)],
      censusOf([0, 20], [1, 20]),
      [],
    ],
    [
      'failing machines are a crowd of their own',
      suspectsIn(0, 14, 100, 'failing'),
      censusOf([0, 28], [1, 280]),
      ['rack/0 failing'],
    ],
    [
      'different troubles do not add up',
      [...suspectsIn(0, 8), ...suspectsIn(0, 8, 100, 'failing')],
      censusOf([0, 28], [1, 280]),
      [],
    ],
    [
      'what fell one after the other is no crowd',
      suspectsIn(0, 14, 60_000),
      censusOf([0, 28], [1, 280]),
      [],
    ],
    [
      'thirty of three hundred are exactly a tenth',
      [...suspectsIn(0, 15), ...suspectsIn(1, 15)],
      censusOf([0, 100], [1, 200]),
      ['fleet silent'],
    ],
  ])('%s', (_, suspects, census, holds) => {
    expect([...watch(suspects, census).keys()]).toEqual(holds);
  });

  it('a hold says exactly what it waits for', () => {
    const crowd = watch(suspectsIn(3, 27), censusOf([3, 28], [1, 999]));
    expect(crowd.get('rack/3 silent')).toEqual({
      scope: 'rack/3',
      trouble: 'silent',
      since: later(60_000),
      machines: 27,
      of: 28,
      limit: 14,
      lifted: false,
      text: '27 of 28 machines of rack 3 are silent together since 0s ago, so its switch, its power or our link to it is suspected; waits until fewer than 14 are, or an operator lifts the hold on rack/3',
    });
  });

  it('a hold stands however long the silence lasts, and falls when the fraction does', () => {
    const census = censusOf([0, 28], [1, 280]);
    const formed = watch(suspectsIn(0, 14), census);
    const muchLater = watch(suspectsIn(0, 14, 600_000), census, formed, 99_000_000);
    expect(muchLater.get('rack/0 silent')).toMatchObject({ machines: 14, since: later(60_000) });
    expect(watch(suspectsIn(0, 13), census, muchLater).size).toBe(0);
  });

  const unreachable: Move = { kind: 'move', to: 'unreachable', text: 'silent', evidence: [] };

  it('it holds back moves out of service in its scope, and nothing else', () => {
    const crowd = watch(suspectsIn(0, 14), censusOf([0, 28], [1, 280]));
    const inRack = machineOf('a', { rack: 0 });
    expect(restrain(unreachable, crowd, inRack)).toMatchObject({ kind: 'wait', to: 'unreachable' });
    expect(restrain(unreachable, crowd, machineOf('b', { rack: 1 }))).toBe(unreachable);
    const unhealthy = { ...unreachable, to: 'unhealthy' as const };
    expect(restrain(unhealthy, crowd, inRack)).toBe(unhealthy);
    const healthy = { ...unreachable, to: 'healthy' as const };
    expect(restrain(healthy, crowd, machineOf('c', { rack: 0, state: 'unreachable' }))).toBe(
      healthy,
    );
  });

  it('an operator lifts it: it shows, but holds nobody, nor does the fleet for its sake', () => {
    const census = censusOf([0, 28], [1, 28]);
    const suspects = suspectsIn(0, 28);
    const crowd = watch(suspects, census);
    expect([...crowd.keys()]).toEqual(['rack/0 silent', 'fleet silent']);
    const lifted = lift(crowd, 'rack/0') ?? noCrowd;
    expect(restrain(unreachable, lifted, machineOf('a'))).toBe(unreachable);
    expect([...watch(suspects, census, lifted).keys()]).toEqual(['rack/0 silent']);
    expect(lift(crowd, 'rack/7' as Scope)).toBeUndefined();
  });

  it('once it fell, the next crowd is held again', () => {
    const census = censusOf([0, 28], [1, 280]);
    const lifted = lift(watch(suspectsIn(0, 14), census), 'rack/0') ?? noCrowd;
    const fallen = watch([], census, lifted);
    expect(watch(suspectsIn(0, 14), census, fallen).get('rack/0 silent')?.lifted).toBe(false);
  });

  it('a higher limit lets go', () => {
    const census = censusOf([0, 28], [1, 280]);
    const crowd = watch(suspectsIn(0, 14), census);
    const policy = { ...testPolicy, crowd: { ...testPolicy.crowd, rackShare: 0.9 } };
    expect(watchCrowd(crowd, suspectsIn(0, 14), census, policy, later(60_000)).size).toBe(0);
  });
});
