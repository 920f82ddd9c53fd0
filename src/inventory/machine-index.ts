/** Machines by what people search for; a search costs the candidates of its narrowest condition, not the fleet. */

import { formatIpv4 } from '../base/addresses.ts';
import { compareKeys } from '../base/key-order.ts';
import type { Instant } from '../base/time.ts';
import type { Machine } from './machine.ts';
import { type Conditions, type MachineQuery, matches } from './query.ts';

export type MachineIndex = {
  /** One machine came, went or changed. */
  readonly update: (before: Machine | undefined, after: Machine | undefined) => void;
  /** Undefined: the query names nothing that is indexed, so every machine is a candidate. */
  readonly candidates: (query: MachineQuery) => readonly Machine[] | undefined;
  /** Whether a machine is planned for this address. */
  readonly ownerOf: (ipv4: string) => Machine | undefined;
};

export function createMachineIndex(): MachineIndex {
  const machines = new Map<string, Machine>();
  const postings = new Map<string, Set<string>>();

  const unionOf = (terms: readonly string[]): Set<string> => {
    const sets = terms.map((term) => postings.get(term) ?? new Set<string>());
    const [only] = sets;
    return sets.length === 1 && only !== undefined
      ? only
      : new Set(sets.flatMap((set) => [...set]));
  };

  return {
    update: (before, after) => {
      for (const term of before === undefined ? [] : termsOf(before)) {
        const set = postings.get(term);
        set?.delete(before?.spec.serial ?? '');
        if (set?.size === 0) postings.delete(term);
      }
      if (before !== undefined) machines.delete(before.spec.serial);
      if (after === undefined) return;
      machines.set(after.spec.serial, after);
      for (const term of termsOf(after)) {
        const set = postings.get(term) ?? new Set();
        set.add(after.spec.serial);
        postings.set(term, set);
      }
    },
    candidates: (query) => {
      const groups = termGroups(query.having ?? {});
      if (groups.length === 0) return undefined;
      const sets = groups.map(unionOf).toSorted((a, b) => a.size - b.size);
      const found = [...(sets[0] ?? [])].map((serial) => machines.get(serial));
      return found.filter((machine) => machine !== undefined);
    },
    ownerOf: (ipv4) => {
      const [serial] = postings.get(`ipv4 ${ipv4}`) ?? postings.get(`bmc ${ipv4}`) ?? [];
      return serial === undefined ? undefined : machines.get(serial);
    },
  };
}

/** Machines that answer to the query, ascending by serial. */
export function searchMachines(
  index: MachineIndex,
  all: () => readonly Machine[],
  query: MachineQuery,
  now: Instant,
): readonly Machine[] {
  const candidates = index.candidates(query);
  if (candidates === undefined) return all().filter((machine) => matches(query, machine, now));
  return candidates
    .filter((machine) => matches(query, machine, now))
    .sort((a, b) => compareKeys(a.spec.serial, b.spec.serial));
}

function termsOf({ spec, status }: Machine): string[] {
  return [
    `serial ${spec.serial}`,
    `rack ${spec.rack}`,
    `role ${spec.role}`,
    `state ${status.state}`,
    `bmc-type ${spec.bmc.type}`,
    `bmc ${formatIpv4(spec.bmc.ipv4)}`,
    ...spec.ipv4.map((address) => `ipv4 ${formatIpv4(address)}`),
    ...[...spec.labels].map(([name, value]) => `label ${name}=${value}`),
  ];
}

/** Each group must be met by at least one of its terms. */
function termGroups(having: Conditions): readonly (readonly string[])[] {
  const listed = (kind: string, values: readonly (string | number)[] | undefined): string[] =>
    (values ?? []).map((value) => `${kind} ${value}`);
  return [
    listed('serial', having.serials),
    listed('rack', having.racks),
    listed('role', having.roles),
    listed('state', having.states),
    listed('bmc-type', having.bmcTypes),
    listed('ipv4', having.ipv4),
    ...(having.labels ?? []).map(({ name, value }) => [`label ${name}=${value}`]),
  ].filter((group) => group.length > 0);
}
