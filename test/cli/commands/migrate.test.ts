import { describe, expect, it } from 'vitest';
import { checkExitCode, formatCheck, formatUpgrade } from '../../../src/cli/commands/migrate.ts';
import type { Finding, TakeoverPlan } from '../../../src/inventory/takeover.ts';
import type { TakeoverReport } from '../../../src/inventory/takeover-report.ts';

const finding = (key: string, weight: Finding['weight']): Finding => ({
  key,
  weight,
  what: 'is odd',
  does: 'leaves it',
  remedy: 'look at it',
});

const report = (plan: Partial<TakeoverPlan> = {}): TakeoverReport => ({
  prefix: '/sabakan/',
  plan: { found: '3', steps: [], findings: [], records: 17, ...plan },
  revision: '42',
  revisionAfter: '42',
  seconds: 0.25,
});

const change = (key: string) => ({ key, what: 'changes', writes: [] });

describe('tetsu migrate --check', () => {
  it('is short when there is nothing to say', () => {
    expect(formatCheck(report(), false)).toBe(
      [
        'schema   3 (Sabakan 2 and 3)',
        'records  17 under /sabakan/',
        'read at  revision 42, in 0.3 s; nothing was written',
        '',
        'Nothing to upgrade: the records are used exactly as they are.',
        '',
        'Nothing is in the way.',
      ].join('\n'),
    );
  });

  it('counts changes by area, and lists them when asked', () => {
    const steps = [
      { from: '2', to: '3', changes: [change('ignitions/templates/a/1'), change('version')] },
    ] as const;
    expect(formatCheck(report({ found: '2', steps }), false)).toContain(
      'Upgrade 2 → 3 changes 2 records: ignitions 1, version 1\n\n',
    );
    expect(formatCheck(report({ found: '2', steps }), true)).toContain(
      '  ignitions/templates/a/1  changes\n  version                  changes\n',
    );
  });

  it('says of each finding what is wrong, what becomes of it and what to do', () => {
    const text = formatCheck(report({ findings: [finding('machines/\x1b[2J', 'problem')] }), false);
    expect(text).toContain(
      [
        'Not understood (1):',
        '  machines/\u{FFFD}[2J',
        '    what      is odd',
        '    Tetsukan  leaves it',
        '    you       look at it',
        '',
        '1 thing is not understood: a server starts all the same.',
      ].join('\n'),
    );
  });

  it('shows the first twenty of each kind, and all when asked', () => {
    const findings = Array.from({ length: 23 }, (_, at) => finding(`machines/${at}`, 'notice'));
    const text = formatCheck(report({ findings }), false);
    expect(text).toContain('and 3 more: -o wide or -o json shows all');
    expect(text).not.toContain('machines/20\n');
    expect(formatCheck(report({ findings }), true)).toContain('machines/22\n');
  });

  it('says when others have written meanwhile', () => {
    expect(formatCheck({ ...report(), revisionAfter: '45' }, false)).toContain(
      'nothing was written; others wrote meanwhile',
    );
  });

  it.each<[Partial<TakeoverPlan>, number, string]>([
    [{}, 0, 'Nothing is in the way.'],
    [{ findings: [finding('a', 'notice')] }, 0, 'Nothing is in the way.'],
    [{ findings: [finding('a', 'problem')] }, 1, 'a server starts all the same'],
    [
      { findings: [finding('a', 'problem')], steps: [{ from: '2', to: '3', changes: [] }] },
      1,
      'a server does not start, and upgrades nothing',
    ],
    [
      { found: { unknown: '9' }, findings: [finding('version', 'problem')] },
      1,
      'a server does not start on this database',
    ],
  ])('%o ends with %i: %s', (plan, code, says) => {
    expect(checkExitCode(report(plan))).toBe(code);
    expect(formatCheck(report(plan), false)).toContain(says);
  });
});

describe('tetsu migrate', () => {
  it('says what was done', () => {
    const steps = [
      { from: '1', to: '2', changed: 1 },
      { from: '2', to: '3', changed: 7 },
    ];
    expect(formatUpgrade({ found: '1', steps })).toBe(
      'schema 1 → 2: 1 record changed\nschema 2 → 3: 7 records changed\nthe database has schema version 3 now',
    );
    expect(formatUpgrade({ found: 'fresh', steps: [] })).toContain('Nothing to upgrade');
  });
});
