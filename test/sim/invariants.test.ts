import { describe, expect, it } from 'vitest';
import { absent } from '../../src/base/store.ts';
import type { Machine, MachineState, Role } from '../../src/inventory/machine.ts';
import { createInvariants, type Invariants } from '../../src/sim/invariants.ts';
import { aMachine } from '../support/machines.ts';

/** What the invariants say after `play`. */
function brokenBy(play: (invariants: Invariants) => void): readonly string[] {
  const invariants = createInvariants({ removalsPerPassMax: 2, controlPlanes: 3 });
  play(invariants);
  return invariants.broken();
}

function inState(machine: Machine, state: MachineState): Machine {
  return { ...machine, status: { ...machine.status, state } };
}

function register(invariants: Invariants, ...serials: string[]): Machine[] {
  return serials.map((serial) => {
    const machine = inState(aMachine({ serial }), 'uninitialized');
    invariants.machineChanged({
      serial: machine.spec.serial,
      before: undefined,
      after: machine,
      revision: absent,
    });
    return machine;
  });
}

function cluster(planes: string, workers: string) {
  const members = new Map<string, { readonly controlPlane: boolean }>();
  for (const serial of planes) members.set(serial, { controlPlane: true });
  for (const serial of workers) members.set(serial, { controlPlane: false });
  return { by: 'server', members };
}

describe('the invariants notice', () => {
  it('a transition that the table forbids', () => {
    const broken = brokenBy((invariants) => {
      const [machine] = register(invariants, 'a');
      if (machine === undefined) return;
      const change = { serial: machine.spec.serial, before: machine, revision: absent };
      invariants.machineChanged({ ...change, after: inState(machine, 'unreachable') });
    });
    expect(broken).toEqual(['a went from uninitialized to unreachable']);
  });

  it('one address with two owners', () => {
    const one = aMachine({ serial: 'a' });
    const other = aMachine({ serial: 'b' });
    const broken = brokenBy((invariants) => invariants.fleetIs([one, other]));
    expect(broken[0]).toMatch(/belongs to a and b$/);
  });

  it('one lease lent to two machines that boot', () => {
    const broken = brokenBy((invariants) => {
      invariants.leased('a', '10.69.0.32');
      invariants.leased('b', '10.69.0.32');
    });
    expect(broken).toEqual(['10.69.0.32 was lent to b while a boots with it']);
  });

  it('too many removals at once, and a lost quorum', () => {
    const broken = brokenBy((invariants) => {
      register(invariants, ...'abcdefghi');
      invariants.clusterWritten(cluster('abc', 'defg'));
      invariants.clusterWritten(cluster('ahi', 'g'));
    });
    expect(broken).toEqual([
      'server removed 5 members at once: b c d e f',
      'server kept 1 of 3 control planes',
    ]);
  });

  it('members nobody registered, and boot servers', () => {
    const broken = brokenBy((invariants) => {
      register(invariants, ...'abc');
      const boot = aMachine({ serial: 'd' });
      const spec = { ...boot.spec, role: 'boot' as Role };
      const machine = inState({ ...boot, spec }, 'uninitialized');
      invariants.machineChanged({
        serial: spec.serial,
        before: undefined,
        after: machine,
        revision: absent,
      });
      invariants.clusterWritten(cluster('abc', 'dx'));
    });
    expect(broken).toEqual([
      'd is a boot server and a member',
      'x is a member but was never registered',
    ]);
  });
});
