/**
 * What must hold after every step, whatever went wrong: the reasons a fleet manager may be trusted with a fleet.
 * A broken one stops the simulation, and the seed replays it.
 */

import { formatIpv4 } from '../base/addresses.ts';
import type { Change } from '../inventory/inventory.ts';
import { allowedTransitions } from '../inventory/lifecycle.ts';
import type { Machine } from '../inventory/machine.ts';

/** A cluster as it was handed to the reconciler. */
type SeenCluster = {
  readonly by: string;
  readonly members: ReadonlyMap<string, { readonly controlPlane: boolean }>;
};

export type Invariants = {
  /** Every change of the inventory, in order. */
  readonly machineChanged: (change: Change) => void;
  /** All machines, whenever one changed. */
  readonly fleetIs: (machines: readonly Machine[]) => void;
  /** What a booting machine has been lent; undefined when it has power no more or an address of its own. */
  readonly leased: (serial: string, address: string | undefined) => void;
  readonly clusterWritten: (cluster: SeenCluster) => void;
  /** What was found wrong, oldest first; empty is what we want. */
  readonly broken: () => readonly string[];
};

export type InvariantLimits = {
  readonly removalsPerPassMax: number;
  /** Addresses of serials that were removed from the inventory on purpose may vanish from the cluster at once. */
  readonly controlPlanes: number;
};

/** After this many the first ones tell the story. */
const brokenMax = 100;

export function createInvariants(limits: InvariantLimits): Invariants {
  const broken: string[] = [];
  const leases = new Map<string, string>();
  const known = new Map<string, Machine>();
  const everKnown = new Set<string>();
  let last: SeenCluster | undefined;

  const expect = (holds: boolean, sentence: () => string): void => {
    if (!holds && broken.length < brokenMax) broken.push(sentence());
  };

  return {
    broken: () => broken,

    machineChanged: ({ serial, before: shown, after }) => {
      // A record that could not be read for a while comes back as if it were new.
      const before = shown ?? known.get(serial);
      if (after === undefined) {
        expect(
          before?.status.state === 'retired',
          () => `${serial} was removed while ${before?.status.state}`,
        );
        known.delete(serial);
        return;
      }
      known.set(serial, after);
      everKnown.add(serial);
      const [from, to] = [before?.status.state, after.status.state];
      if (from === undefined) {
        expect(to === 'uninitialized', () => `${serial} was registered as ${to}`);
        return;
      }
      expect(
        from === to || allowedTransitions[from].includes(to),
        () => `${serial} went from ${from} to ${to}`,
      );
      expect(
        before?.spec.ipv4.join() === after.spec.ipv4.join(),
        () => `${serial} changed its addresses`,
      );
    },

    fleetIs: (machines) => {
      const seen = new Map<number, string>();
      for (const { spec } of machines) {
        for (const address of [...spec.ipv4, spec.bmc.ipv4]) {
          const other = seen.get(address);
          expect(
            other === undefined || other === spec.serial,
            () => `${formatIpv4(address)} belongs to ${other} and ${spec.serial}`,
          );
          seen.set(address, spec.serial);
        }
      }
    },

    leased: (serial, address) => {
      if (address === undefined) {
        leases.delete(serial);
        return;
      }
      for (const [other, lent] of leases) {
        expect(
          other === serial || lent !== address,
          () => `${address} was lent to ${serial} while ${other} boots with it`,
        );
      }
      leases.set(serial, address);
    },

    clusterWritten: (cluster) => {
      for (const [serial] of cluster.members) {
        expect(everKnown.has(serial), () => `${serial} is a member but was never registered`);
        expect(
          known.get(serial)?.spec.role !== 'boot',
          () => `${serial} is a boot server and a member`,
        );
      }
      const planes = [...cluster.members].filter(([, member]) => member.controlPlane);
      expect(
        planes.length === limits.controlPlanes,
        () => `${cluster.by} wrote ${planes.length} control planes, not ${limits.controlPlanes}`,
      );
      if (last !== undefined) compare(last, cluster, limits, expect);
      last = cluster;
    },
  };
}

function compare(
  before: SeenCluster,
  after: SeenCluster,
  limits: InvariantLimits,
  expect: (holds: boolean, sentence: () => string) => void,
): void {
  const removed = [...before.members.keys()].filter((serial) => !after.members.has(serial));
  expect(
    removed.length <= limits.removalsPerPassMax,
    () => `${after.by} removed ${removed.length} members at once: ${removed.join(' ')}`,
  );
  const planesBefore = [...before.members].filter(([, member]) => member.controlPlane);
  const stay = planesBefore.filter(([serial]) => after.members.get(serial)?.controlPlane === true);
  // etcd's quorum among those that were there must survive the change.
  expect(
    stay.length * 2 > planesBefore.length || planesBefore.length <= 1,
    () => `${after.by} kept ${stay.length} of ${planesBefore.length} control planes`,
  );
}
