import { describe, expect, test } from 'vitest';
import { addMs } from '../../src/base/time.ts';
import type { Role, Serial } from '../../src/inventory/machine.ts';
import {
  changesOf,
  createFleet,
  ip,
  nodeIn,
  paperMachine,
  plainTemplate,
  refusalsOf,
  start,
  stateTaintIn,
  templateOf,
  waitsOf,
} from './fleet.ts';

const cs = 'cs' as Role;
const counted = (workers: number, more = {}) => ({
  workers: new Map([[cs, workers]]),
  replaceAfterSeconds: 60,
  newcomerSettleSeconds: 30,
  ...more,
});

describe('initial generation', () => {
  test('12: three control planes stand in three racks and the rest are workers', () => {
    const fleet = createFleet({ racks: 4, machines: 3 });
    const pass = fleet.pass();
    expect(fleet.controlPlanes()).toHaveLength(3);
    expect(new Set(fleet.controlPlanes().map(fleet.rackOf)).size).toBe(3);
    expect(fleet.workers()).toHaveLength(9);
    expect(pass.plan?.cluster?.nodes.slice(0, 3).every((node) => node.controlPlane)).toBe(true);
  });

  test('13: fewer healthy machines than control-plane-count make no cluster', () => {
    const fleet = createFleet({ machines: 2 });
    const pass = fleet.pass();
    expect(pass.body).toBeUndefined();
    expect(waitsOf(pass)).toContain('control-plane-candidates');
    expect(fleet.last).toBeUndefined();
  });

  test('14: the control plane role is respected and each role gets its own template', () => {
    const fleet = createFleet({ machines: 4 });
    fleet.add({ serial: 'store', rack: 9, role: 'ss' });
    const pass = fleet.pass();
    expect(fleet.controlPlanes()).not.toContain('store');
    expect(nodeIn(pass, 'store')?.taints).toEqual([
      { key: 'cke.cybozu.com/role', value: 'storage', effect: 'NoSchedule' },
    ]);
    expect(nodeIn(pass, 's-003')?.taints).toEqual([]);
  });

  test('15: the newer machine is preferred in one rack, and another rack to a newer machine', () => {
    const fleet = createFleet({ constraints: { controlPlaneCount: 2 } });
    fleet.add({ serial: 'a-old', rack: 0, index: 4, retireDate: '2026-12-01T00:00:00Z' });
    fleet.add({ serial: 'b-new', rack: 0, index: 5, retireDate: '2032-12-01T00:00:00Z' });
    fleet.add({ serial: 'c-ancient', rack: 1, index: 4, retireDate: '2016-12-01T00:00:00Z' });
    fleet.pass();
    expect(fleet.controlPlanes()).toEqual(['b-new', 'c-ancient']);
  });

  test('16: a worker tainted by others becomes no control plane, tolerated keys are ignored', () => {
    const tolerant = `${plainTemplate}control_plane_tolerations: [node.cilium.io/agent-not-ready]\n`;
    const fleet = createFleet({ machines: 6, template: tolerant });
    fleet.pass();
    fleet.nodeTaints.set('s-003' as Serial, ['example.com/broken']);
    fleet.nodeTaints.set('s-004' as Serial, [
      'node.cilium.io/agent-not-ready',
      'node.kubernetes.io/not-ready',
      'cke.cybozu.com/state',
    ]);
    fleet.machines.delete('s-000');
    fleet.after(600);
    expect(changesOf(fleet.pass())).toEqual(['leave s-000', 'promote s-004']);
  });

  test('17: a control plane template without a role works beside worker templates with roles', () => {
    const text = plainTemplate.replace('    labels:\n      cke.cybozu.com/role: cs\n', '');
    const fleet = createFleet({ racks: 3, machines: 2, template: text });
    fleet.add({ serial: 'store', rack: 0, index: 9, role: 'ss' });
    fleet.settle();
    expect(fleet.controlPlanes()).toHaveLength(3);
    expect(fleet.workers()).toHaveLength(4);
  });

  test('the first cluster waits a while for candidates in more racks, but not for ever', () => {
    const fleet = createFleet({ machines: 5, settings: { spreadWaitSeconds: 7200 } });
    fleet.add({ serial: 'dark', rack: 1, state: 'uninitialized' });
    expect(waitsOf(fleet.pass())).toEqual(['control-plane-spread']);
    fleet.after(7200);
    fleet.pass();
    expect(fleet.controlPlanes()).toHaveLength(3);
  });
});

describe('single failures', () => {
  test('18: an unreachable worker is tainted NoSchedule and stays a member', () => {
    const fleet = createFleet({ machines: 8 });
    fleet.pass();
    fleet.set('s-006', 'unreachable');
    const pass = fleet.pass();
    expect(changesOf(pass)).toEqual(['taint s-006 unreachable']);
    expect(stateTaintIn(pass, 's-006')).toBe('unreachable:NoSchedule');
  });

  test('19: a worker that is healthy again loses its taint and nothing else happens', () => {
    const fleet = createFleet({ machines: 8 });
    fleet.pass();
    fleet.set('s-006', 'unreachable');
    fleet.pass();
    fleet.after(40);
    fleet.set('s-006', 'healthy');
    const pass = fleet.pass();
    expect(changesOf(pass)).toEqual(['taint s-006 none']);
    expect(stateTaintIn(pass, 's-006')).toBeUndefined();
  });

  test('20: an unhealthy worker gets no taint and stays', () => {
    const fleet = createFleet({ machines: 8 });
    fleet.pass();
    fleet.set('s-006', 'unhealthy');
    const pass = fleet.pass();
    expect(pass.changed).toBe(false);
    expect(pass.plan?.decisions.get('s-006' as Serial)?.text).toContain('unhealthy');
  });

  test('21: a retiring worker is tainted NoExecute and stays a member', () => {
    const fleet = createFleet({ machines: 8 });
    fleet.pass();
    fleet.set('s-006', 'retiring');
    expect(stateTaintIn(fleet.pass(), 's-006')).toBe('retiring:NoExecute');
  });

  test('22: a retired worker leaves in the next pass', () => {
    const fleet = createFleet({ machines: 8 });
    fleet.pass();
    fleet.set('s-006', 'retired');
    expect(changesOf(fleet.pass())).toEqual(['leave s-006']);
  });

  test('23: retired workers that are kept listed leave one by one and not below the rate', () => {
    const fleet = createFleet({
      machines: 13,
      settings: counted(10, { retiredStaySeconds: 300 }),
    });
    fleet.settle();
    expect(fleet.workers()).toHaveLength(10);
    for (const serial of fleet.workers().slice(0, 4)) fleet.set(serial, 'retired');
    expect(changesOf(fleet.pass()).filter((text) => text.startsWith('leave'))).toEqual([]);
    fleet.after(300);
    const left: number[] = [];
    for (let at = 0; at < 6; at += 1) {
      const leaving = changesOf(fleet.pass()).filter((text) => text.startsWith('leave'));
      left.push(leaving.length);
      fleet.after(60);
    }
    expect(left).toEqual([1, 1, 0, 0, 0, 0]);
    expect(waitsOf(fleet.pass())).toContain('workers-rate');
  });

  test('24: a new healthy machine joins as a worker in the next pass', () => {
    const fleet = createFleet({ machines: 8 });
    fleet.pass();
    fleet.add({ serial: 'new', rack: 1 });
    expect(changesOf(fleet.pass())).toEqual(['join new']);
  });

  test('25: a machine that has only just become healthy is not offered yet', () => {
    const fleet = createFleet({ machines: 8 });
    fleet.pass();
    fleet.add({ serial: 'new', rack: 1, since: addMs(start, -10_000) });
    const early = fleet.pass();
    expect(changesOf(early)).toEqual([]);
    expect(waitsOf(early)).toEqual(['machines-settle']);
    expect(early.plan?.lookAgainAt).toBe(addMs(start, 50_000));
    fleet.after(50);
    expect(changesOf(fleet.pass())).toEqual(['join new']);
  });

  test('26: a failed worker with a spare available is swapped, newcomer first', () => {
    const fleet = createFleet({ machines: 9, settings: counted(4) });
    fleet.settle();
    expect(fleet.workers()).toEqual(['s-003', 's-004', 's-005', 's-006']);
    fleet.set('s-004', 'unreachable');
    const grace = fleet.pass();
    expect(changesOf(grace)).toEqual(['taint s-004 unreachable']);
    expect(waitsOf(grace)).toContain('grace');

    fleet.after(60);
    const joins = fleet.pass();
    expect(changesOf(joins)).toEqual(['join s-007']);
    expect(joins.plan?.swaps).toEqual([
      { failed: 's-004', newcomer: 's-007', stage: 'newcomer-joins', text: 'swap s-004 by s-007' },
    ]);
    expect(fleet.workers()).toContain('s-004');

    fleet.after(10);
    const settles = fleet.pass();
    expect(settles.changed).toBe(false);
    expect(settles.plan?.swaps[0]?.stage).toBe('newcomer-settles');
    expect(waitsOf(settles)).toContain('newcomer-settles');

    fleet.after(20);
    const leaves = fleet.pass();
    expect(changesOf(leaves)).toEqual(['leave s-004']);
    expect(leaves.plan?.swaps[0]?.stage).toBe('failed-leaves');
    fleet.after(60);
    const rest = fleet.pass();
    expect(rest.changed).toBe(false);
    expect(rest.plan?.swaps).toEqual([]);
    expect(fleet.workers()).toEqual(['s-003', 's-005', 's-006', 's-007']);
  });

  test('26: with every healthy machine wanted, spares kept per role step in just the same', () => {
    const fleet = createFleet({
      machines: 9,
      settings: { spares: new Map([[cs, 2]]), replaceAfterSeconds: 60, newcomerSettleSeconds: 30 },
    });
    fleet.settle();
    expect(fleet.workers()).toHaveLength(4);
    fleet.set('s-004', 'unreachable');
    fleet.settle();
    fleet.after(60);
    fleet.settle();
    fleet.after(60);
    fleet.settle();
    expect(fleet.workers()).toEqual(['s-003', 's-005', 's-006', 's-007']);
  });

  test('26: the failed one stays when it comes back before its newcomer has settled', () => {
    const fleet = createFleet({ machines: 9, settings: counted(4) });
    fleet.settle();
    fleet.set('s-004', 'unreachable');
    fleet.pass();
    fleet.after(60);
    expect(changesOf(fleet.pass())).toEqual(['join s-007']);
    fleet.set('s-004', 'healthy');
    fleet.after(60);
    fleet.settle();
    expect(fleet.workers()).toEqual(['s-003', 's-004', 's-005', 's-006', 's-007']);
  });

  test('26: a newcomer that fails itself lets nobody leave', () => {
    const fleet = createFleet({ machines: 15, settings: counted(10) });
    fleet.settle();
    fleet.set('s-004', 'unreachable');
    fleet.pass();
    fleet.after(60);
    expect(changesOf(fleet.pass())).toEqual(['join s-013']);
    fleet.set('s-013', 'unreachable');
    fleet.after(30);
    const pass = fleet.pass();
    expect(changesOf(pass)).toEqual(['taint s-013 unreachable']);
    expect(fleet.workers()).toContain('s-004');
    fleet.after(30);
    fleet.settle();
    fleet.after(60);
    fleet.settle();
    expect(fleet.workers()).toContain('s-014');
    expect(fleet.workers()).not.toContain('s-013');
  });

  test('27: without a spare the failed worker stays tainted and the plan says what is missing', () => {
    const fleet = createFleet({ machines: 7, settings: counted(4) });
    fleet.settle();
    fleet.set('s-004', 'unreachable');
    fleet.settle();
    fleet.after(600);
    const pass = fleet.pass();
    expect(changesOf(pass)).toEqual([]);
    expect(waitsOf(pass)).toContain('no-spare');
    expect(fleet.workers()).toContain('s-004');
    expect(pass.plan?.decisions.get('s-004' as Serial)?.text).toContain('no spare of role cs');
  });

  test('27: when every healthy machine is used and no spares are kept, nobody is replaced', () => {
    const fleet = createFleet({ machines: 8 });
    fleet.pass();
    fleet.set('s-004', 'unreachable');
    fleet.settle();
    fleet.after(6000);
    const pass = fleet.pass();
    expect(changesOf(pass)).toEqual([]);
    expect(waitsOf(pass)).toContain('no-spare');
  });
});

describe('control planes and quorum', () => {
  test('29: one of three that vanishes is replaced by a free machine', () => {
    const fleet = createFleet({ racks: 3, machines: 4, settings: counted(4) });
    fleet.settle();
    const [gone = ''] = fleet.controlPlanes();
    fleet.machines.delete(gone);
    fleet.after(600);
    const pass = fleet.pass();
    expect(changesOf(pass)[0]).toBe(`leave ${gone}`);
    expect(changesOf(pass)[1]).toMatch(/^join /);
    expect(fleet.controlPlanes()).toHaveLength(3);
  });

  test('29: without a free machine a worker is promoted', () => {
    const fleet = createFleet({ racks: 3, machines: 3 });
    fleet.settle();
    const [gone = ''] = fleet.controlPlanes();
    fleet.machines.delete(gone);
    fleet.after(600);
    expect(changesOf(fleet.pass())[1]).toMatch(/^promote /);
  });

  test('29: a vanished control plane without any candidate stays, so that the count is right', () => {
    const fleet = createFleet({ machines: 3 });
    fleet.add({ serial: 'store', role: 'ss', index: 20 });
    fleet.settle();
    fleet.machines.delete('s-001');
    fleet.after(600);
    const pass = fleet.pass();
    expect(pass.changed).toBe(false);
    expect(waitsOf(pass)).toContain('control-plane-candidates');
  });

  test('30: two of three that vanish change nothing at all', () => {
    const fleet = createFleet({ racks: 3, machines: 10 });
    fleet.settle();
    for (const serial of fleet.controlPlanes().slice(0, 2)) fleet.machines.delete(serial);
    fleet.after(600);
    const pass = fleet.pass();
    expect(refusalsOf(pass)).toEqual(['control-planes-vanished']);
    expect(pass.body).toBeUndefined();
    expect(pass.refusals[0]?.numbers).toEqual({ gone: 2, controlPlanes: 3 });
  });

  test('31: two of five are replaced in one pass, three of five are refused', () => {
    const fleet = createFleet({
      racks: 5,
      machines: 8,
      constraints: { controlPlaneCount: 5 },
      settings: { vanishedPercentMax: 50 },
    });
    fleet.settle();
    const all = fleet.controlPlanes();
    for (const serial of all.slice(0, 2)) fleet.machines.delete(serial);
    fleet.after(600);
    expect(changesOf(fleet.pass()).filter((text) => text.startsWith('leave'))).toHaveLength(2);
    for (const serial of fleet.controlPlanes().slice(0, 3)) fleet.machines.delete(serial);
    fleet.after(600);
    expect(refusalsOf(fleet.pass())).toEqual(['control-planes-vanished']);
  });

  test.each([1, 2])('32: one of %i that vanishes is refused', (controlPlaneCount) => {
    const fleet = createFleet({ machines: 20, constraints: { controlPlaneCount } });
    fleet.settle();
    fleet.machines.delete(fleet.controlPlanes()[0] ?? '');
    fleet.after(600);
    expect(refusalsOf(fleet.pass())).toEqual(['control-planes-vanished']);
  });

  test('33: an unreachable control plane stays, tainted, before its deadline', () => {
    const fleet = createFleet({ racks: 3, machines: 5 });
    fleet.settle();
    const [dead = ''] = fleet.controlPlanes();
    fleet.set(dead, 'unreachable');
    const pass = fleet.pass();
    expect(changesOf(pass)).toEqual([`taint ${dead} unreachable`]);
    expect(waitsOf(pass)).toContain('control-plane-grace');
    expect(fleet.controlPlanes()).toContain(dead);
  });

  test('34: beyond the deadline one control plane is replaced, and only when the others are healthy', () => {
    const fleet = createFleet({ racks: 5, machines: 5, constraints: { controlPlaneCount: 5 } });
    fleet.settle();
    const [one = '', two = ''] = fleet.controlPlanes();
    fleet.set(one, 'unreachable');
    fleet.set(two, 'unhealthy');
    fleet.settle();
    fleet.after(1800);
    const held = fleet.pass();
    expect(waitsOf(held)).toContain('control-plane-quorum');
    expect(fleet.controlPlanes()).toContain(one);
    fleet.set(two, 'healthy');
    expect(changesOf(fleet.pass())).toEqual([`demote ${one}`, expect.stringMatching(/^promote /)]);
  });

  test('34: the next replacement waits until the last one has settled', () => {
    const fleet = createFleet({ racks: 5, machines: 5, constraints: { controlPlaneCount: 5 } });
    fleet.settle();
    const [one = '', two = ''] = fleet.controlPlanes();
    fleet.after(600);
    fleet.machines.delete(one);
    fleet.pass();
    fleet.after(100);
    fleet.machines.delete(two);
    const held = fleet.pass();
    expect(waitsOf(held)).toContain('control-plane-settles');
    fleet.after(200);
    expect(changesOf(fleet.pass())).toContain(`leave ${two}`);
  });

  test('35: while a second control plane is updating, a dead one is not replaced', () => {
    const fleet = createFleet({ racks: 5, machines: 5, constraints: { controlPlaneCount: 5 } });
    fleet.settle();
    const [one = '', two = ''] = fleet.controlPlanes();
    fleet.set(one, 'unreachable');
    fleet.settle();
    fleet.after(1800);
    fleet.set(two, 'updating');
    expect(waitsOf(fleet.pass())).toContain('control-plane-quorum');
    expect(fleet.controlPlanes()).toContain(one);
  });

  test('35: a new worker joins while one control plane is dead', () => {
    const fleet = createFleet({ racks: 3, machines: 5 });
    fleet.settle();
    fleet.set(fleet.controlPlanes()[0] ?? '', 'unreachable');
    fleet.add({ serial: 'new', rack: 7 });
    expect(changesOf(fleet.pass())).toContain('join new');
  });

  test('36: from three to five control planes two are added', () => {
    const fleet = createFleet({ racks: 5, machines: 4 });
    fleet.settle();
    fleet.constraints = { ...fleet.constraints, controlPlaneCount: 5 };
    fleet.after(600);
    expect(changesOf(fleet.pass())).toHaveLength(2);
    expect(fleet.controlPlanes()).toHaveLength(5);
    expect(new Set(fleet.controlPlanes().map(fleet.rackOf)).size).toBe(5);
  });

  test('36: from five to three the one that is not healthy steps down first and none is deleted', () => {
    const fleet = createFleet({ racks: 5, machines: 4, constraints: { controlPlaneCount: 5 } });
    fleet.settle();
    const ill = fleet.controlPlanes()[2] ?? '';
    fleet.set(ill, 'unhealthy');
    fleet.constraints = { ...fleet.constraints, controlPlaneCount: 3 };
    fleet.after(600);
    const changes = changesOf(fleet.pass());
    expect(changes[0]).toBe(`demote ${ill}`);
    expect(changes.filter((text) => text.startsWith('demote'))).toHaveLength(2);
    expect(fleet.last?.members).toHaveLength(20);
  });

  test('36: from three to one a majority stays in each pass', () => {
    const fleet = createFleet({ racks: 3, machines: 4 });
    fleet.settle();
    fleet.constraints = { ...fleet.constraints, controlPlaneCount: 1 };
    fleet.after(600);
    fleet.pass();
    expect(fleet.controlPlanes()).toHaveLength(2);
    fleet.after(600);
    const pass = fleet.pass();
    expect(fleet.controlPlanes()).toHaveLength(2);
    expect(waitsOf(pass)).toContain('control-plane-quorum');
  });

  test('37: a spare-tainted worker is preferred to another worker, but not to a free machine', () => {
    const text = `${plainTemplate}sabakan: { spare_node_taint_key: example.com/spare }\n`;
    for (const workers of [9, 5]) {
      const fleet = createFleet({ machines: 9, template: text, settings: counted(workers) });
      fleet.settle();
      const spare = fleet.workers()[3] ?? '';
      fleet.nodeTaints.set(spare as Serial, ['example.com/spare']);
      fleet.machines.delete('s-001');
      fleet.after(600);
      expect(changesOf(fleet.pass())[1]).toBe(workers === 9 ? `promote ${spare}` : 'join s-008');
    }
  });

  test('42: a replacement goes to another rack, even if only a worker stands there', () => {
    const fleet = createFleet({ racks: 3, machines: 1, settings: counted(1) });
    fleet.add({ serial: 'w', rack: 3, index: 4 });
    fleet.settle();
    expect(fleet.workers()).toEqual(['w']);
    fleet.add({ serial: 'x', rack: 0, index: 9 });
    fleet.machines.delete('s-002');
    fleet.after(600);
    const changes = changesOf(fleet.pass());
    expect(changes.slice(0, 2)).toEqual(['leave s-002', 'promote w']);
  });
});

describe('flapping, retirement and return', () => {
  test('51: machines of management roles are never offered', () => {
    const fleet = createFleet({ machines: 4 });
    fleet.add({ serial: 'boot-0', role: 'boot', rack: 5 });
    const pass = fleet.pass();
    expect(nodeIn(pass, 'boot-0')).toBeUndefined();
    expect(pass.plan?.decisions.get('boot-0' as Serial)?.text).toContain('excluded-roles');
  });

  test('56: a machine that falls again and again is held out until it has been stable', () => {
    const fleet = createFleet({ machines: 8 });
    fleet.settle();
    fleet.add({ serial: 'flap', rack: 2, state: 'unhealthy', since: start });
    for (let at = 0; at < 3; at += 1) {
      fleet.set('flap', 'unreachable');
      fleet.pass();
      fleet.after(30);
      fleet.set('flap', 'healthy');
      fleet.pass();
      fleet.after(30);
    }
    fleet.after(600);
    const held = fleet.pass();
    expect(changesOf(held)).toEqual([]);
    expect(held.plan?.decisions.get('flap' as Serial)?.text).toContain('fell 3 times');
    fleet.after(1800);
    expect(changesOf(fleet.pass())).toEqual(['join flap']);
  });

  test('57: a machine that is healthy for a moment keeps its deadline', () => {
    const fleet = createFleet({ machines: 9, settings: counted(4) });
    fleet.settle();
    fleet.set('s-004', 'unreachable');
    fleet.pass();
    fleet.after(40);
    fleet.set('s-004', 'healthy');
    fleet.pass();
    fleet.after(10);
    fleet.set('s-004', 'unreachable');
    fleet.pass();
    fleet.after(10);
    expect(changesOf(fleet.pass())).toContain('join s-007');
  });

  test('58: the taint of a node changes at most once in its interval', () => {
    const fleet = createFleet({ machines: 8 });
    fleet.settle();
    fleet.set('s-006', 'unreachable');
    expect(changesOf(fleet.pass())).toEqual(['taint s-006 unreachable']);
    fleet.after(5);
    fleet.set('s-006', 'healthy');
    const held = fleet.pass();
    expect(held.changed).toBe(false);
    expect(waitsOf(held)).toContain('taint-interval');
    fleet.after(25);
    expect(changesOf(fleet.pass())).toEqual(['taint s-006 none']);
  });

  test('62: the place of a retiring worker is filled before it leaves', () => {
    const fleet = createFleet({ machines: 9, settings: counted(4) });
    fleet.settle();
    fleet.set('s-004', 'retiring');
    const pass = fleet.pass();
    expect(changesOf(pass)).toEqual(['join s-007', 'taint s-004 retiring']);
    fleet.after(600);
    fleet.settle();
    expect(fleet.workers()).toContain('s-004');
    fleet.set('s-004', 'retired');
    expect(changesOf(fleet.pass())).toEqual(['leave s-004']);
    expect(fleet.workers()).toEqual(['s-003', 's-005', 's-006', 's-007']);
  });

  test('66: a machine that was retired and set up again joins as a worker', () => {
    const fleet = createFleet({ machines: 8 });
    fleet.settle();
    fleet.set('s-006', 'retired');
    fleet.settle();
    expect(fleet.workers()).not.toContain('s-006');
    fleet.set('s-006', 'uninitialized');
    fleet.settle();
    fleet.set('s-006', 'healthy');
    fleet.after(60);
    expect(changesOf(fleet.pass())).toEqual(['join s-006']);
  });

  test('67: a machine registered again with another address is one replacement', () => {
    const fleet = createFleet({ machines: 8 });
    fleet.settle();
    fleet.add({ serial: 's-006', rack: 4, index: 7, state: 'uninitialized' });
    const held = fleet.pass();
    expect(held.changed).toBe(false);
    expect(waitsOf(held)).toContain('address-change');
    fleet.set('s-006', 'healthy');
    fleet.after(60);
    const pass = fleet.pass();
    expect(changesOf(pass)).toEqual(['readdress s-006']);
    expect(nodeIn(pass, 's-006')?.address).toBe(ip('10.69.4.7'));
  });

  test('67: an address that another member holds is not given to a newcomer', () => {
    const fleet = createFleet({ machines: 8 });
    fleet.settle();
    fleet.add({ serial: 'thief', rack: 0, index: 4 });
    const pass = fleet.pass();
    expect(pass.changed).toBe(false);
    expect(pass.plan?.decisions.get('thief' as Serial)?.text).toContain('s-000 holds');
  });
});

describe('output', () => {
  test('99: a pass without a reason changes nothing', () => {
    const fleet = createFleet({ racks: 3, machines: 10 });
    fleet.settle();
    fleet.after(3600);
    const pass = fleet.pass();
    expect(pass.changed).toBe(false);
    expect(changesOf(pass)).toEqual([]);
  });

  test('99: a changed template is written for the same nodes', () => {
    const fleet = createFleet({ racks: 3, machines: 10 });
    fleet.settle();
    fleet.template = templateOf(plainTemplate.replaceAll('user: cybozu', 'user: tetsu'));
    const pass = fleet.pass();
    expect(pass.changed).toBe(true);
    expect(changesOf(pass)).toEqual([]);
  });

  test('101: every machine of the inventory has an explanation', () => {
    const fleet = createFleet({ racks: 2, machines: 6, settings: counted(4) });
    fleet.add({ serial: 'boot-0', role: 'boot', rack: 5 });
    fleet.add({ serial: 'other', role: 'gpu', rack: 5, index: 5 });
    fleet.add({ serial: 'new', rack: 5, index: 6, since: start });
    fleet.add({ serial: 'dark', rack: 5, index: 7, state: 'unreachable' });
    const twin = paperMachine({ serial: 'bare' });
    fleet.machines.set('bare', { ...twin, spec: { ...twin.spec, ipv4: [] } });
    const pass = fleet.pass();
    for (const serial of fleet.machines.keys()) {
      expect(pass.plan?.decisions.get(serial as Serial)?.text, serial).toMatch(/.{10}/);
    }
    expect(pass.plan?.decisions.get('bare' as Serial)?.text).toBe('has no IPv4 address');
  });
});
