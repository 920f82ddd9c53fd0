/** Members whose machine is no longer what they were made from: vanished, retired, or with another address. */

import { formatIpv4 } from '../../base/addresses.ts';
import { instantOf } from '../../base/time.ts';
import type { Member } from '../cluster.ts';
import { type Draft, secondsAfter } from './draft.ts';

/** Why the member has to leave, or undefined when its machine is there. */
export function goneBecause(draft: Draft, member: Member): string | undefined {
  const { serial, address } = member.facts;
  if (draft.input.unreadable.has(serial)) return undefined;
  const machine = draft.machineOf.get(serial);
  if (machine === undefined) return 'its machine is no longer in the inventory';
  const { retiredStaySeconds } = draft.input.settings;
  if (machine.status.state === 'retired') {
    const until = secondsAfter(instantOf(machine.status.since), retiredStaySeconds);
    return until <= draft.input.now ? 'its machine is retired' : undefined;
  }
  const now = machine.spec.ipv4[0];
  // A worker with a new address is written anew in place; etcd's members are known by their address.
  if (member.controlPlane && now !== address) {
    const shown = now === undefined ? 'none' : formatIpv4(now);
    return `its machine's address changed from ${formatIpv4(address)} to ${shown}`;
  }
  return undefined;
}
