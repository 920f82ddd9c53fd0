import { describe, expect, it } from 'vitest';
import { defaultHealthPolicy, parseHealthPolicy } from '../../src/health/policy.ts';

function check(input: unknown, wrong: readonly string[]) {
  const parsed = parseHealthPolicy(input);
  expect(parsed.ok ? [] : parsed.error.map(({ path }) => path)).toEqual(wrong);
}

describe('health policy', () => {
  it('nothing written means the defaults', () => {
    expect(parseHealthPolicy(undefined)).toEqual({ ok: true, value: defaultHealthPolicy });
    expect(parseHealthPolicy({})).toEqual({ ok: true, value: defaultHealthPolicy });
  });

  it('members left out keep their default', () => {
    const parsed = parseHealthPolicy({
      intervalSeconds: 1,
      timeoutMs: 500,
      patienceSeconds: 4.5,
      probes: [{ name: 'web', kind: 'http', port: 80 }],
      crowd: { rackShare: 1 },
    });
    expect(parsed).toEqual({
      ok: true,
      value: {
        ...defaultHealthPolicy,
        intervalSeconds: 1,
        timeoutMs: 500,
        patienceSeconds: 4.5,
        probes: [{ name: 'web', kind: 'http', port: 80, path: '/', expectStatus: 200 }],
        crowd: { ...defaultHealthPolicy.crowd, rackShare: 1 },
      },
    });
  });

  it.each<[string, unknown, readonly string[]]>([
    ['not an object', 'often', ['']],
    ['null', null, ['']],
    ['an unknown member', { interval: 5 }, ['/interval']],
    ['an unknown member within', { crowd: { share: 1 } }, ['/crowd/share']],
    ['text for a number', { intervalSeconds: '10' }, ['/intervalSeconds']],
    ['NaN', { intervalSeconds: Number.NaN }, ['/intervalSeconds']],
    ['a fraction of a pass', { recoveries: 1.5 }, ['/recoveries']],
    ['a share in percent', { crowd: { fleetShare: 10 } }, ['/crowd/fleetShare']],
    ['a share of nothing', { crowd: { fleetShare: 0 } }, ['/crowd/fleetShare']],
    ['a timeout above 5 s', { timeoutMs: 5001 }, ['/timeoutMs']],
    ['no probes', { probes: [] }, ['/probes']],
    [
      'a probe that is text',
      { probes: ['tcp:22'] },
      ['/probes/0', '/probes/0/name', '/probes/0/port'],
    ],
    ['an unknown kind', { probes: [{ name: 'a', kind: 'ping', port: 1 }] }, ['/probes/0/kind']],
    ['port 0', { probes: [{ name: 'a', kind: 'tcp', port: 0 }] }, ['/probes/0/port']],
    [
      'a path for TCP',
      { probes: [{ name: 'a', kind: 'tcp', port: 1, path: '/' }] },
      ['/probes/0/path'],
    ],
    [
      'a path with a line break',
      { probes: [{ name: 'a', kind: 'http', port: 1, path: '/x\r\nHost: y' }] },
      ['/probes/0/path'],
    ],
    [
      'a name twice',
      {
        probes: [
          { name: 'a', kind: 'tcp', port: 1 },
          { name: 'a', kind: 'tcp', port: 2 },
        ],
      },
      ['/probes/1/name'],
    ],
    ['a timeout above the interval', { intervalSeconds: 1, patienceSeconds: 30 }, ['/timeoutMs']],
    ['a patience that ends before all were asked', { patienceSeconds: 11 }, ['/patienceSeconds']],
    [
      'a window shorter than two intervals',
      { crowd: { windowSeconds: 19 } },
      ['/crowd/windowSeconds'],
    ],
  ])('%s is refused with its path', (_, input, wrong) => check(input, wrong));

  it('all mistakes are reported at once, each with its value and what would be right', () => {
    const parsed = parseHealthPolicy({ recoveries: 0, allowLoopback: 'yes', flap: { x: 1 } });
    expect(parsed.ok ? [] : parsed.error).toEqual([
      {
        path: '/flap/x',
        value: 1,
        text: 'is not known here; known are departuresMax, windowSeconds, stableSeconds',
      },
      { path: '/recoveries', value: 0, text: 'must be a whole number from 1 to 1000' },
      { path: '/allowLoopback', value: 'yes', text: 'must be true or false' },
    ]);
  });
});
