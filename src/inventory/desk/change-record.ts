/** What the audit log says of a changed machine: the members that differ, before and after. */

import { formatIpv4 } from '../../base/addresses.ts';
import type { AuditFacts } from '../audit.ts';
import type { Machine } from '../machine.ts';

/** `detail` is a line for people, such as `rack 0 -> 1, indexInRack 4 -> 5, ipv4, bmc`. */
export function changeRecord(
  before: Machine,
  after: Machine,
): Pick<AuditFacts, 'detail' | 'before' | 'after'> {
  const [was, is] = [membersOf(before), membersOf(after)];
  const differing = Object.keys(is).filter(
    (name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]),
  );
  const only = (members: Readonly<Record<string, unknown>>, { spec }: Machine, other: Machine) =>
    Object.fromEntries(
      differing.map((name) => [
        name,
        name === 'labels' ? labelsNotIn(other.spec.labels, spec.labels) : members[name],
      ]),
    );
  const told = differing.map((name) =>
    typeof is[name] === 'object' ? name : `${name} ${was[name]} -> ${is[name]}`,
  );
  return {
    detail: told.join(', '),
    before: only(was, before, after),
    after: only(is, after, before),
  };
}

function membersOf({ spec }: Machine): Readonly<Record<string, unknown>> {
  return {
    rack: spec.rack,
    indexInRack: spec.indexInRack,
    role: spec.role,
    ipv4: spec.ipv4.map(formatIpv4),
    bmc: { type: spec.bmc.type, ipv4: formatIpv4(spec.bmc.ipv4) },
    labels: Object.fromEntries(spec.labels),
    retireDate: spec.retireDate,
  };
}

/** Of many labels usually one changes; the others are in the machine. */
function labelsNotIn(
  other: ReadonlyMap<string, string>,
  labels: ReadonlyMap<string, string>,
): Readonly<Record<string, string>> {
  return Object.fromEntries([...labels].filter(([name, value]) => other.get(name) !== value));
}
