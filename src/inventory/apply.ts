/** What machines should be, and what becomes of that: registered, changed or left as they are, all or none. */

import type { Revision } from '../base/store.ts';
import type { DhcpConfig } from './dhcp-config.ts';
import type { IpamConfig } from './ipam-config.ts';
import type { Machine, MachineState, NewMachine, Serial } from './machine.ts';

/**
 * A machine as it should be. Of one that is registered already, what is left out here stays as it is; labels that are
 * given are all it shall have.
 */
export type MachineWish = Omit<NewMachine, 'labels'> & Partial<Pick<NewMachine, 'labels'>>;

export type ApplyTerms = {
  /** Decides on what is stored now, and writes nothing. */
  readonly dryRun?: boolean;
  /**
   * The revisions the caller saw, `absent` for a machine that shall not be there; a machine with another one is refused
   * as `precondition-failed`. Machines that are not in the map may have any.
   */
  readonly expected?: ReadonlyMap<Serial, Revision>;
  /** Role and rack may change in every state, not only in those of `movableStates`. */
  readonly evenInUse?: boolean;
  /** Written in the same commit; machines are placed by the new address plan. */
  readonly config?: ConfigWish;
  /**
   * Asked inside the decision with what would be (as a dry run answers it): a sentence refuses it all as
   * `not-as-expected`. No effects.
   */
  readonly approve?: (outcome: Pick<Applied, 'outcomes' | 'config'>) => string | undefined;
};

/** What is the same as before is not written. The address plan changes only while no machine is registered. */
export type ConfigWish = { readonly ipam?: IpamConfig; readonly dhcp?: DhcpConfig };

export type ConfigOutcome = {
  readonly noun: 'ipam' | 'dhcp';
  /** `set`: there was none. */
  readonly kind: 'set' | 'changed' | 'unchanged';
  /** In Sabakan's form. */
  readonly before: Readonly<Record<string, unknown>> | undefined;
  readonly after: Readonly<Record<string, unknown>>;
};

/**
 * In these a machine is no cluster node, so its role, index and addresses may change. Clusters know a node by its
 * address: of a machine in use, the node would vanish while it runs. A machine registered for the wrong rack is still
 * uninitialized, or else retires first.
 */
export const movableStates: readonly MachineState[] = ['uninitialized', 'retiring', 'retired'];

/** `revision`: of the last change of that machine; of one that a dry run would register, `absent`. */
export type MachineOutcome =
  | { readonly kind: 'registered'; readonly machine: Machine; readonly revision: Revision }
  | {
      readonly kind: 'changed';
      readonly before: Machine;
      readonly machine: Machine;
      readonly revision: Revision;
    }
  | { readonly kind: 'unchanged'; readonly machine: Machine; readonly revision: Revision };

export type Applied = {
  /** In the order of the wishes. */
  readonly outcomes: readonly MachineOutcome[];
  readonly config: readonly ConfigOutcome[];
  /** Of the commit; where nothing was written, of the newest change among what was read. */
  readonly revision: Revision;
};
