/** Machines by what people search for; a search costs the candidates of its narrowest condition, not the fleet. */

import { type Ipv4, parseIpv4 } from '../../base/addresses.ts';
import { compareKeys, keyPosition } from '../../base/key-order.ts';
import type { Instant } from '../../base/time.ts';
import type { Machine } from '../machine.ts';
import { type Conditions, type MachineQuery, matcher } from '../query.ts';

export type MachineIndex = {
  /** A machine came or changed; undefined: it went. */
  readonly update: (serial: string, after: Machine | undefined) => void;
  readonly get: (serial: string) => Machine | undefined;
  /** Ascending by serial (bytewise); the same array while nothing changes. */
  readonly all: () => readonly Machine[];
  /** Undefined: no condition narrows the fleet to half of it, so looking at every machine is cheaper. */
  readonly candidates: (query: MachineQuery) => readonly Machine[] | undefined;
  readonly inRack: (rack: number) => readonly Machine[];
  /** The machine that is planned for this node or BMC address. */
  readonly ownerOf: (address: Ipv4) => Machine | undefined;
};

/** What a machine has exactly one of. */
const kinds = ['rack', 'role', 'state', 'bmcType'] as const;
type Kind = (typeof kinds)[number];

export function createMachineIndex(): MachineIndex {
  const machines = new Map<string, Machine>();
  const sorted: Machine[] = [];
  let snapshot: readonly Machine[] | undefined;
  const byKind = new Map<Kind, Postings<string | number>>(kinds.map((kind) => [kind, new Map()]));
  const byLabel: Postings<string> = new Map();
  const byNodeAddress = new Map<Ipv4, readonly Machine[]>();
  const byBmcAddress = new Map<Ipv4, readonly Machine[]>();

  const drop = (machine: Machine): void => {
    for (const kind of kinds) dropPosting(postingsOf(kind), termOf(kind, machine), machine);
    for (const label of labelTerms(machine)) dropPosting(byLabel, label, machine);
    for (const address of machine.spec.ipv4) dropOwner(byNodeAddress, address, machine);
    dropOwner(byBmcAddress, machine.spec.bmc.ipv4, machine);
  };
  const add = (machine: Machine): void => {
    for (const kind of kinds) addPosting(postingsOf(kind), termOf(kind, machine), machine);
    for (const label of labelTerms(machine)) addPosting(byLabel, label, machine);
    for (const address of machine.spec.ipv4) addOwner(byNodeAddress, address, machine);
    addOwner(byBmcAddress, machine.spec.bmc.ipv4, machine);
  };
  const postingsOf = (kind: Kind): Postings<string | number> => byKind.get(kind) ?? new Map();

  /** Per condition, the sets of machines of which one must hold a match. */
  const groupsOf = ({ having = {}, notHaving = {} }: MachineQuery): Iterable<Machine>[][] => {
    const groups: Iterable<Machine>[][] = [];
    const wanted = (values: readonly unknown[] | undefined, group: () => Iterable<Machine>[]) => {
      if (values !== undefined && values.length > 0) groups.push(group());
    };
    wanted(having.serials, () => [present(having.serials?.map((serial) => machines.get(serial)))]);
    wanted(having.ipv4, () =>
      (having.ipv4 ?? []).map((text) => {
        const address = parseIpv4(text);
        return (address.ok && byNodeAddress.get(address.value)) || [];
      }),
    );
    wanted(having.ipv6, () => []);
    for (const { name, value } of having.labels ?? []) {
      groups.push([byLabel.get(labelTerm(name, value)) ?? []]);
    }
    for (const kind of kinds) {
      const postings = postingsOf(kind);
      const values = listOf(kind, having);
      wanted(values, () => [...new Set(values)].map((value) => postings.get(value) ?? []));
      const unwanted = new Set(listOf(kind, notHaving));
      if (unwanted.size === 0) continue;
      groups.push([...postings].flatMap(([value, set]) => (unwanted.has(value) ? [] : [set])));
    }
    return groups;
  };

  return {
    update: (serial, after) => {
      const before = machines.get(serial);
      if (before === undefined && after === undefined) return;
      const at = keyPosition(sorted, serial, serialOf);
      const known = before === undefined ? 0 : 1;
      if (before !== undefined) drop(before);
      if (after === undefined) {
        machines.delete(serial);
        sorted.splice(at, known);
      } else {
        machines.set(serial, after);
        sorted.splice(at, known, after);
        add(after);
      }
      snapshot = undefined;
    },
    get: (serial) => machines.get(serial),
    all: () => {
      snapshot ??= sorted.slice();
      return snapshot;
    },
    candidates: (query) => {
      const groups = groupsOf(query).map((sets) => ({ sets, size: sumOf(sets) }));
      const narrowest = groups.toSorted((a, b) => a.size - b.size)[0];
      if (narrowest === undefined || narrowest.size * 2 > machines.size) return undefined;
      const found = new Set<Machine>();
      for (const set of narrowest.sets) for (const machine of set) found.add(machine);
      return [...found];
    },
    inRack: (rack) => [...(postingsOf('rack').get(rack) ?? [])],
    ownerOf: (address) => (byNodeAddress.get(address) ?? byBmcAddress.get(address))?.[0],
  };
}

/** Machines that answer to the query, ascending by serial. */
export function searchMachines(
  index: MachineIndex,
  query: MachineQuery,
  now: Instant,
): readonly Machine[] {
  const matches = matcher(query, now);
  const candidates = index.candidates(query);
  if (candidates === undefined) return index.all().filter(matches);
  return candidates.filter(matches).sort((a, b) => compareKeys(a.spec.serial, b.spec.serial));
}

function serialOf({ spec }: Machine): string {
  return spec.serial;
}

type Postings<T> = Map<T, Set<Machine>>;

function termOf(kind: Kind, { spec, status }: Machine): string | number {
  switch (kind) {
    case 'rack':
      return spec.rack;
    case 'role':
      return spec.role;
    case 'state':
      return status.state;
    case 'bmcType':
      return spec.bmc.type;
  }
}

function listOf(kind: Kind, conditions: Conditions): readonly (string | number)[] | undefined {
  switch (kind) {
    case 'rack':
      return conditions.racks;
    case 'role':
      return conditions.roles;
    case 'state':
      return conditions.states;
    case 'bmcType':
      return conditions.bmcTypes;
  }
}

function labelTerms({ spec }: Machine): string[] {
  return [...spec.labels].map(([name, value]) => labelTerm(name, value));
}

/** Names hold no `=`, so a pair has one spelling. */
function labelTerm(name: string, value: string): string {
  return `${name}=${value}`;
}

function addPosting<T>(postings: Postings<T>, term: T, machine: Machine): void {
  const set = postings.get(term);
  if (set === undefined) postings.set(term, new Set([machine]));
  else set.add(machine);
}

function dropPosting<T>(postings: Postings<T>, term: T, machine: Machine): void {
  const set = postings.get(term);
  set?.delete(machine);
  if (set?.size === 0) postings.delete(term);
}

/** Nearly always one machine; two only in a database that was edited by hand. */
function addOwner(owners: Map<Ipv4, readonly Machine[]>, address: Ipv4, machine: Machine): void {
  owners.set(address, [...(owners.get(address) ?? []), machine]);
}

function dropOwner(owners: Map<Ipv4, readonly Machine[]>, address: Ipv4, machine: Machine): void {
  const rest = (owners.get(address) ?? []).filter((owner) => owner !== machine);
  if (rest.length === 0) owners.delete(address);
  else owners.set(address, rest);
}

function present(found: readonly (Machine | undefined)[] | undefined): readonly Machine[] {
  return (found ?? []).filter((machine) => machine !== undefined);
}

function sumOf(sets: readonly Iterable<Machine>[]): number {
  return sets.reduce((sum, set) => {
    if (set instanceof Set) return sum + set.size;
    return sum + (Array.isArray(set) ? set.length : 0);
  }, 0);
}
