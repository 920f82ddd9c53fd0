/** Whether a machine may become a node now, and if not, why not. */

import { formatIpv4, type Ipv4 } from '../../base/addresses.ts';
import { addMs, formatInstant, type Instant, instantOf } from '../../base/time.ts';
import { holdOn, holdText } from '../../inventory/hold.ts';
import type { Machine, MachineState, Serial } from '../../inventory/machine.ts';
import { factsOf, type Memory } from '../cluster.ts';
import { wrongInNode } from '../kube-names.ts';
import { nodeOf } from '../node.ts';
import type { BridgeSettings } from '../settings.ts';
import { type ClusterTemplate, mayBeControlPlane, workerTemplateOf } from '../template.ts';
import { heldOutUntil } from './memory.ts';

export type Standing =
  | { readonly kind: 'ready' }
  | { readonly kind: 'settling'; readonly until: Instant }
  | { readonly kind: 'held-out'; readonly until: Instant }
  | { readonly kind: 'not-healthy'; readonly state: MachineState }
  | { readonly kind: 'role-excluded' }
  | { readonly kind: 'no-template' }
  | { readonly kind: 'held'; readonly text: string }
  | { readonly kind: 'no-address' }
  | { readonly kind: 'address-taken'; readonly address: Ipv4; readonly by: Serial }
  | { readonly kind: 'invalid'; readonly text: string };

/** Of a machine's health alone: that is what is asked of a member too before it becomes a control plane. */
export function healthStanding(
  machine: Machine,
  memory: Memory,
  settings: BridgeSettings,
  now: Instant,
): Standing {
  const hold = holdOn(machine, now);
  if (hold !== undefined) return { kind: 'held', text: holdText(hold) };
  if (machine.status.state !== 'healthy')
    return { kind: 'not-healthy', state: machine.status.state };
  const heldOut = heldOutUntil(machine, memory.get(machine.spec.serial), settings, now);
  if (heldOut !== undefined) return { kind: 'held-out', until: heldOut };
  const until = addMs(instantOf(machine.status.since), settings.minHealthySeconds * 1000);
  return until > now ? { kind: 'settling', until } : { kind: 'ready' };
}

export function standingOf(
  machine: Machine,
  template: ClusterTemplate,
  memory: Memory,
  settings: BridgeSettings,
  takenBy: ReadonlyMap<Ipv4, Serial>,
  now: Instant,
): Standing {
  const { role } = machine.spec;
  if (settings.excludedRoles.includes(role)) return { kind: 'role-excluded' };
  const worker = workerTemplateOf(template, role);
  if (worker === undefined && !mayBeControlPlane(template, role)) return { kind: 'no-template' };
  const facts = factsOf(machine);
  if (facts === undefined) return { kind: 'no-address' };
  const health = healthStanding(machine, memory, settings, now);
  if (health.kind !== 'ready') return health;
  const by = takenBy.get(facts.address);
  if (by !== undefined && by !== facts.serial) {
    return { kind: 'address-taken', address: facts.address, by };
  }
  const wrong = wrongInNode(nodeOf(facts, worker ?? template.controlPlane, true, 'none'));
  return wrong === undefined ? { kind: 'ready' } : { kind: 'invalid', text: wrong };
}

/** Why it is not used, as an operator reads it. */
export function standingText(standing: Standing, settings: BridgeSettings): string {
  switch (standing.kind) {
    case 'ready':
      return 'healthy and free';
    case 'settling':
      return `is offered once it has been healthy for ${settings.minHealthySeconds} s, at ${formatInstant(standing.until)}`;
    case 'held-out':
      return `fell ${settings.flapsMax} times within ${settings.flapWindowSeconds} s; held out until it has been healthy for ${settings.flapHoldSeconds} s, at ${formatInstant(standing.until)} if it stays so`;
    case 'not-healthy':
      return `is ${standing.state}; only healthy machines join`;
    case 'role-excluded':
      return 'has a role that is never offered to a cluster (excluded-roles)';
    case 'no-template':
      return 'has a role for which the cluster template has no node template';
    case 'held':
      return `is ${standing.text}; it does not join`;
    case 'no-address':
      return 'has no IPv4 address';
    case 'address-taken':
      return `has the address ${formatIpv4(standing.address)}, which ${standing.by} holds in the cluster`;
    case 'invalid':
      return `would be refused by Kubernetes: ${standing.text}`;
  }
}
