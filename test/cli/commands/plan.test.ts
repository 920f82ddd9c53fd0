import { describe, expect, it } from 'vitest';
import { emptyView, type PlanView } from '../../../src/cke-bridge/plan-view.ts';
import { formatPlan } from '../../../src/cli/commands/plan.ts';
import type { Serial } from '../../../src/inventory/machine.ts';
import { planJson } from '../../../src/sabakan/v2-views.ts';
import { testStart } from '../../support/machines.ts';

const serials = (...names: string[]) => names as Serial[];

/** As it comes over the wire. */
function shown(view: Partial<PlanView>): string {
  return formatPlan(JSON.parse(JSON.stringify(planJson({ ...emptyView, ...view }))));
}

describe('tetsu plan', () => {
  it('before the first pass is a line', () => {
    expect(shown({})).toBe('cluster generation 0: 0 control planes, 0 workers');
  });

  it('shows why nothing happens before what would happen', () => {
    const text = shown({
      madeAt: testStart,
      generation: 7,
      controlPlanes: serials('a', 'b', 'c'),
      workers: serials('d'),
      problem: 'file /x cannot be written: the disk is full',
      refusals: [
        {
          kind: 'inventory-shrunken',
          holds: 'everything',
          text: '28 of 56 machines vanished',
          numbers: { vanished: 28 },
          release: 'goes on when they are back',
        },
      ],
      decisions: new Map([['e' as Serial, { is: 'out', text: 'is retiring' }]]),
      writes: [
        {
          at: testStart,
          generation: 7,
          inventoryRevision: '12' as never,
          changes: ['add a', 'add b', 'add c', 'add d'],
        },
      ],
    });
    expect(
      text,
    ).toBe(`cluster generation 7: 3 control planes, 1 workers (looked at 2026-11-21T06:00:00Z)

problem:
  file /x cannot be written: the disk is full

held back:
  28 of 56 machines vanished; goes on when they are back

last writes:
  2026-11-21T06:00:00Z generation 7: add a; add b; add c and 1 more

MACHINE  CLUSTER  WHY
e        out      is retiring`);
  });

  it('counts what would fill the screen', () => {
    const changes = Array.from({ length: 50 }, (_, at) => ({
      kind: 'add' as never,
      serial: `s${at}` as Serial,
      text: `add s${at}`,
    }));
    expect(shown({ changes })).toContain('  add s39\n  … and 10 more (-o json)');
  });
});
