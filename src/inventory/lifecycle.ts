/** The life of a machine: which state may follow which (Sabakan 3.1.9, all 49 cells). */

import { fail, ok, type Result } from '../base/result.ts';
import { type MachineState, machineStates } from './machine.ts';

/** Staying in a state is always allowed and changes nothing. */
export const allowedTransitions: Readonly<Record<MachineState, readonly MachineState[]>> = {
  uninitialized: ['healthy', 'retiring'],
  healthy: ['unhealthy', 'unreachable', 'updating', 'retiring'],
  unhealthy: ['healthy', 'unreachable', 'updating', 'retiring'],
  unreachable: ['healthy', 'unhealthy', 'updating', 'retiring'],
  updating: ['uninitialized'],
  // Only once no disk key of the machine is left: see `disk-keys` in the transaction that sets it.
  retiring: ['retired'],
  retired: ['uninitialized'],
};

export type Transition = 'stays' | 'changes';

export type ForbiddenTransition = {
  readonly kind: 'transition-forbidden';
  readonly from: MachineState;
  readonly to: MachineState;
  /** Sabakan's text, word for word: clients match on it. */
  readonly text: string;
};

export function transition(
  from: MachineState,
  to: MachineState,
): Result<Transition, ForbiddenTransition> {
  if (from === to) return ok('stays');
  if (allowedTransitions[from].includes(to)) return ok('changes');
  return fail({
    kind: 'transition-forbidden',
    from,
    to,
    text: `transition from [ ${from} ] to [ ${to} ] is forbidden`,
  });
}

export function parseMachineState(text: string): Result<MachineState, string> {
  const state = machineStates.find((known) => known === text);
  return state === undefined
    ? fail(`invalid state: ${text}; it must be one of ${machineStates.join(', ')}`)
    : ok(state);
}
