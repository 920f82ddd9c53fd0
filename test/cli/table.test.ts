import { describe, expect, it } from 'vitest';
import { instant } from '../../src/base/time.ts';
import { emptyView } from '../../src/cke-bridge/plan-view.ts';
import { describeMachine, getMachines } from '../../src/cli/commands/machines.ts';
import { formatPlan } from '../../src/cli/commands/plan.ts';
import { Failure } from '../../src/cli/failure.ts';
import { formatAge, formatTable } from '../../src/cli/table.ts';
import { machineToJson } from '../../src/inventory/machine-json.ts';
import { planJson } from '../../src/sabakan/v2-views.ts';
import { aMachine, testStart } from '../support/machines.ts';

describe('tables', () => {
  it('are as wide as their widest cell', () => {
    const columns = [
      { title: 'A', cell: (row: string) => row },
      { title: 'LONG TITLE', cell: () => 'x' },
    ];
    expect(formatTable(columns, ['1', '12345'])).toBe('A      LONG TITLE\n1      x\n12345  x');
  });

  it('print no control characters of others', () => {
    expect(formatTable([{ title: 'A', cell: (row: string) => row }], ['\x1b[2J'])).not.toContain(
      '\x1b',
    );
  });

  it.each([
    [0, '0s'],
    [59.9, '59s'],
    [61, '1m1s'],
    [90_061, '1d1h'],
    [86_400, '1d'],
  ])('%s seconds are %s', (seconds, text) => {
    expect(formatAge(seconds)).toBe(text);
  });
});

describe('tetsu get machines', () => {
  const machine = machineToJson(
    aMachine({ serial: 's-1', labels: { product: 'R630' } }),
    instant(testStart + 61_000),
  );

  it('passes filters on and prints a row a machine', async () => {
    const asked: string[] = [];
    const get = async (path: string) => {
      asked.push(path);
      return { status: 200, body: [machine] };
    };
    const text = await getMachines(get, new Map([['state', 'healthy,unhealthy']]), 'wide');
    expect(asked).toEqual(['/api/v1/machines?state=healthy%2Cunhealthy']);
    expect(text.split('\n')[1]).toMatch(
      /^s-1\s+0\s+4\s+cs\s+healthy\s+1m1s\s+10\.69\.0\.4\s+iDRAC-9\s+10\.72\.17\.4\s+product=R630$/,
    );
  });

  it('takes no match for an empty list, as JSON too', async () => {
    const none = async () => ({ status: 404, body: { error: 'requested resource is not found' } });
    expect(await getMachines(none, new Map(), 'table')).toBe('no machine matches');
    expect(await getMachines(none, new Map(), 'json')).toBe('[]');
    expect(await getMachines(none, new Map(), 'name')).toBe('');
  });

  it('refuses an output nobody knows', async () => {
    const get = async () => ({ status: 200, body: [] });
    await expect(getMachines(get, new Map(), 'xml')).rejects.toMatchObject({ exitCode: 2 });
  });
});

describe('tetsu describe machine', () => {
  it('says which serial is unknown and ends with the code for it', async () => {
    const get = async () => ({ status: 404, body: {} });
    const failure = await describeMachine(get, 'nope').catch((problem: unknown) => problem);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ exitCode: 3, message: 'no machine has the serial "nope"' });
  });

  it('prints nested facts as an outline', async () => {
    const get = async () => ({
      status: 200,
      body: { serial: 'a', list: ['x', 'y'], below: { empty: [], deep: [{ k: 1 }] } },
    });
    expect(await describeMachine(get, 'a')).toBe(
      'serial: a\nlist: x, y\nbelow:\n  empty: none\n  deep:\n    - k: 1',
    );
  });
});

describe('tetsu plan', () => {
  it('says so when there is no cluster', () => {
    expect(formatPlan({})).toContain('no cluster template');
  });

  it('prints what the bridge publishes, times as RFC 3339', () => {
    const view = {
      ...emptyView,
      madeAt: testStart,
      generation: 3,
      waitingFor: [{ text: 'a spare' } as never],
    };
    const text = formatPlan(planJson(view));
    expect(text).toContain(
      'cluster generation 3: 0 control planes, 0 workers (looked at 2026-11-21T06:00:00Z)',
    );
    expect(text).toContain('waiting for:\n  a spare');
  });
});
