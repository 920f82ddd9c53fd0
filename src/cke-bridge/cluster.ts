/** The cluster as the reconciler reads it, and what the bridge remembers of each member. */

import type { Ipv4 } from '../base/addresses.ts';
import type { Revision } from '../base/store.ts';
import type { Instant } from '../base/time.ts';
import type { Machine, MachineSpec, MachineState, Serial } from '../inventory/machine.ts';

export const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const;
export type TaintEffect = (typeof taintEffects)[number];
export type Taint = { readonly key: string; readonly value: string; readonly effect: TaintEffect };

/** One entry of cluster.yml's `nodes`. */
export type ClusterNode = {
  readonly address: Ipv4;
  readonly user: string;
  readonly controlPlane: boolean;
  readonly annotations: ReadonlyMap<string, string>;
  readonly labels: ReadonlyMap<string, string>;
  readonly taints: readonly Taint[];
};

export type Cluster = {
  /** All members of cluster.yml but `nodes`, as the template gives them. */
  readonly top: ReadonlyMap<string, unknown>;
  /** Control planes first, then by address. */
  readonly nodes: readonly ClusterNode[];
};

/** What a node is made of: enough to write it again when its machine has vanished from the inventory. */
export type Facts = Pick<
  MachineSpec,
  'serial' | 'labels' | 'rack' | 'indexInRack' | 'role' | 'registerDate' | 'retireDate'
> & { readonly address: Ipv4 };

/** The state a member is tainted for; only some states carry a taint. */
export type TaintState = 'none' | 'unreachable' | 'retiring' | 'retired';

export type Member = {
  readonly facts: Facts;
  readonly controlPlane: boolean;
  readonly joinedAt: Instant;
  /** The failed member this one came in for. */
  readonly replaces: Serial | undefined;
  readonly taint: { readonly state: TaintState; readonly at: Instant };
};

/** What was handed to the reconciler last, as kept in the store. */
export type LastCluster = {
  /** Counts the writes; the file carries it too. */
  readonly generation: number;
  /** The inventory it was made from; an older inventory is a restored backup. */
  readonly inventoryRevision: Revision;
  readonly writtenAt: Instant;
  /** Of the text in the sink. */
  readonly fingerprint: string;
  readonly removedAt: Instant | undefined;
  readonly controlPlanesChangedAt: Instant | undefined;
  /** Ascending by serial. */
  readonly members: readonly Member[];
};

/** What cannot be read from the inventory: since when a machine has been down for us, and how often it fell. */
export type Memory = ReadonlyMap<Serial, MachineMemory>;
export type MachineMemory = {
  /** Since when it has not been healthy, over changes between unhealthy and unreachable. */
  readonly downSince: Instant | undefined;
  /** Seen up since, though perhaps not for long enough. */
  readonly up: boolean;
  /** When it fell, ascending; those within the flap window only. */
  readonly falls: readonly Instant[];
};

export const emptyMemory: Memory = new Map();

export function factsOf(machine: Machine): Facts | undefined {
  const { serial, labels, rack, indexInRack, role, registerDate, retireDate, ipv4 } = machine.spec;
  const address = ipv4[0];
  if (address === undefined) return undefined;
  return { serial, labels, rack, indexInRack, role, registerDate, retireDate, address };
}

export function taintStateOf(state: MachineState): TaintState {
  switch (state) {
    case 'unreachable':
    case 'retiring':
    case 'retired':
      return state;
    case 'uninitialized':
    case 'healthy':
    case 'unhealthy':
    case 'updating':
      return 'none';
  }
}
