import { describe, expect, test } from 'vitest';
import type { Revision } from '../../src/base/store.ts';
import { checkPlan } from '../../src/cke-bridge/plan-check.ts';
import type { Role, Serial } from '../../src/inventory/machine.ts';
import { changesOf, createFleet, type Fleet, refusalsOf, waitsOf } from './fleet.ts';

function standing(racks = 4, machines = 10): Fleet {
  const fleet = createFleet({ racks, machines });
  fleet.settle();
  fleet.after(600);
  return fleet;
}

function expectNothing(fleet: Fleet, kind: string): void {
  const before = fleet.last;
  const pass = fleet.pass();
  expect(refusalsOf(pass)).toContain(kind);
  expect(pass.body).toBeUndefined();
  expect(changesOf(pass)).toEqual([]);
  expect(fleet.last).toBe(before);
}

describe('mass failure and wrong data', () => {
  test.each([
    { kind: 'loading' as const },
    { kind: 'behind' as const, silentMs: 9000, text: 'connection refused' },
  ])('43: an inventory that is $kind changes nothing', (freshness) => {
    const fleet = standing();
    fleet.machines.clear();
    fleet.freshness = freshness;
    expectNothing(fleet, 'inventory-not-live');
  });

  test('44: an empty inventory changes nothing', () => {
    const fleet = standing();
    fleet.machines.clear();
    expectNothing(fleet, 'inventory-empty');
  });

  test('44: an empty inventory founds no cluster either', () => {
    const pass = createFleet({}).pass();
    expect(pass.body).toBeUndefined();
    expect(waitsOf(pass)).toEqual(['control-plane-candidates']);
  });

  test('45: when a third of the members is missing nothing is removed, until a person acknowledges it', () => {
    const fleet = standing();
    for (const serial of fleet.workers().slice(0, 13)) fleet.machines.delete(serial);
    expectNothing(fleet, 'inventory-shrunken');
    expect(fleet.pass().refusals[0]?.numbers).toEqual({ missing: 13, members: 40, limit: 4 });
    fleet.acknowledged.add('inventory-shrunken');
    const leaving = changesOf(fleet.pass());
    expect(leaving).toHaveLength(4);
    expect(waitsOf(fleet.pass())).toContain('removal-budget');
  });

  test('45: a few missing ones leave within the budget', () => {
    const fleet = standing();
    for (const serial of fleet.workers().slice(0, 4)) fleet.machines.delete(serial);
    expect(changesOf(fleet.pass())).toHaveLength(4);
  });

  test('45: a member whose record cannot be read is not taken for missing', () => {
    const fleet = standing();
    const [serial = ''] = fleet.workers();
    fleet.machines.delete(serial);
    fleet.unreadable.add(serial as Serial);
    const pass = fleet.pass();
    expect(pass.changed).toBe(false);
    expect(pass.plan?.decisions.get(serial as Serial)?.text).toContain('cannot be read');
  });

  test('46: when many fall silent together nodes are tainted and nobody joins or leaves', () => {
    const fleet = createFleet({
      racks: 4,
      machines: 10,
      settings: { spares: new Map([['cs' as Role, 5]]) },
    });
    fleet.settle();
    for (const serial of fleet.workers().filter((_, at) => at % 3 === 0))
      fleet.set(serial, 'unreachable');
    fleet.after(6000);
    const pass = fleet.pass();
    expect(refusalsOf(pass)).toEqual(['many-down']);
    expect(new Set(changesOf(pass).map((text) => text.split(' ')[0]))).toEqual(new Set(['taint']));
    expect(pass.changed).toBe(true);
    fleet.acknowledged.add('many-down');
    expect(changesOf(fleet.pass()).filter((text) => text.startsWith('join'))).toHaveLength(5);
  });

  test('47: of a rack that is down nobody is replaced, elsewhere spares go on stepping in', () => {
    const fleet = createFleet({
      racks: 6,
      machines: 5,
      settings: { spares: new Map([['cs' as Role, 3]]), downPercentMax: 60 },
    });
    fleet.settle();
    const dark = fleet.workers().filter((serial) => fleet.rackOf(serial) === 5);
    for (const serial of dark) fleet.set(serial, 'unreachable');
    const other = fleet.workers().find((serial) => fleet.rackOf(serial) === 4) ?? '';
    fleet.set(other, 'unreachable');
    fleet.after(6000);
    const pass = fleet.pass();
    expect(waitsOf(pass)).toContain('rack-down');
    expect(pass.plan?.swaps.map((swap) => swap.failed)).toEqual([other]);
  });

  test('50: after a jump of the clock nobody is replaced', () => {
    const fleet = createFleet({
      racks: 2,
      machines: 9,
      settings: { spares: new Map([['cs' as Role, 3]]) },
    });
    fleet.settle();
    fleet.set(fleet.workers()[0] ?? '', 'unreachable');
    fleet.pass();
    fleet.after(86_400);
    fleet.clockJumpMs = 86_400_000;
    expect(refusalsOf(fleet.pass())).toEqual(['clock-jumped']);
    expect(changesOf(fleet.pass())).toEqual([]);
    fleet.clockJumpMs = 0;
    expect(changesOf(fleet.pass())).toHaveLength(1);
  });

  test('50: a clock behind the last write moves nothing but taints', () => {
    const fleet = standing();
    fleet.after(-7200);
    fleet.set(fleet.workers()[0] ?? '', 'retired');
    expect(refusalsOf(fleet.pass())).toEqual(['clock-jumped']);
    expect(fleet.last?.members).toHaveLength(40);
  });

  test('52: an inventory older than the last cluster keeps the bridge read-only', () => {
    const fleet = standing();
    fleet.revision = 99;
    expectNothing(fleet, 'store-rewound');
  });

  test('52: revisions compare as numbers, not as texts', () => {
    const fleet = standing();
    fleet.revision = 1000;
    expect(refusalsOf(fleet.pass())).toEqual([]);
  });

  test('a template that has lost the role of a worker changes nothing', () => {
    const fleet = createFleet({ machines: 6 });
    fleet.add({ serial: 'store', rack: 3, role: 'ss' });
    fleet.settle();
    const { template } = fleet;
    if (template === undefined) throw new Error('no template');
    fleet.template = { ...template, workers: template.workers.slice(0, 1) };
    expectNothing(fleet, 'template-lacks-role');
  });

  test('when most control planes are silent nodes are only tainted', () => {
    const fleet = standing();
    for (const serial of fleet.controlPlanes().slice(0, 2)) fleet.set(serial, 'unreachable');
    fleet.add({ serial: 'new', rack: 9 });
    const pass = fleet.pass();
    expect(refusalsOf(pass)).toEqual(['control-planes-silent']);
    expect(changesOf(pass).every((text) => text.startsWith('taint'))).toBe(true);
  });

  test('every refusal says what would release it', () => {
    const fleet = standing();
    fleet.machines.clear();
    fleet.revision = 1;
    fleet.template = undefined;
    for (const refusal of fleet.pass().refusals) expect(refusal.release).toMatch(/.{10}/);
  });
});

describe('the last check of a plan', () => {
  test('a plan that changes a majority, removes too many or repeats an address is refused', () => {
    const fleet = standing(1, 40);
    const { plan } = fleet.pass();
    const { last, constraints, settings } = fleet;
    if (plan === undefined || last === undefined) throw new Error('no plan');
    const kindsOf = (members: typeof plan.members): readonly string[] =>
      checkPlan({ ...plan, members }, last, constraints, settings).map((refusal) => refusal.kind);
    expect(kindsOf(plan.members)).toEqual([]);
    expect(kindsOf(plan.members.filter((member) => member.controlPlane))).toEqual([
      'plan-removes-too-many',
    ]);
    expect(kindsOf(plan.members.map((member) => ({ ...member, controlPlane: false })))).toEqual([
      'plan-changes-majority',
      'plan-miscounts-control-planes',
    ]);
    const [first] = plan.members;
    if (first === undefined) throw new Error('no member');
    expect(kindsOf([...plan.members, first])).toContain('plan-repeats-address');
  });

  test('the revision of the plan is kept with the cluster', () => {
    const fleet = standing();
    expect(fleet.last?.inventoryRevision).toBe('100' as Revision);
  });
});
