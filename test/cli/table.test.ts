import { describe, expect, it } from 'vitest';
import { emptyView } from '../../src/cke-bridge/plan-view.ts';
import { formatPlan } from '../../src/cli/commands/plan.ts';
import { formatAge, formatTable } from '../../src/cli/table.ts';
import { planJson } from '../../src/sabakan/v2-views.ts';
import { testStart } from '../support/machines.ts';

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
