/**
 * A machine in JSON or YAML: in the shape of version 2 (`serial` beside `spec`), or in Sabakan's, as its users' machines
 * files have it (flat) and as `sabactl machines get` prints it (all in `spec`).
 */

import { checkNames, type Members, membersOf, type Reading } from './members.ts';
import type { Given, RawField, RawMachine, RawName } from './raw.ts';
import { below, sayTree, type Tree } from './tree.ts';

type Shape = {
  readonly names: Readonly<Record<RawName, string>>;
  /** What the server assigns; it may be there, so that what was got can be applied. */
  readonly assigned: readonly string[];
};

const sabakan: Shape = {
  names: {
    serial: 'serial',
    rack: 'rack',
    role: 'role',
    bmcType: 'bmc.type',
    retireDate: 'retire-date',
  },
  assigned: ['index-in-rack', 'ipv4', 'ipv6', 'register-date'],
};
const ours: Shape = {
  names: { ...sabakan.names, retireDate: 'retireDate' },
  // A hold is put on and taken off by a change of its own.
  assigned: ['indexInRack', 'ipv4', 'registerDate', 'hold'],
};

/** Undefined with mistakes where it is no machine at all. */
export function machineOfTree(
  reading: Reading,
  tree: Tree,
  pointer: string,
): RawMachine | undefined {
  const what = 'a machine: an object with serial, rack, role and bmc';
  const members = membersOf(reading, tree, pointer, what);
  if (members === undefined) return undefined;
  const spec = members.get('spec');
  if (spec === undefined) {
    return rawMachine(reading, sabakan, tree, pointer, [[members, pointer]]);
  }
  const path = below(pointer, 'spec');
  const inner = membersOf(reading, spec.tree, path, 'an object with rack, role and bmc');
  if (inner === undefined) return undefined;
  const isSabakans = inner.has('serial');
  const outside = isSabakans ? ['spec'] : ['serial', 'spec'];
  const written = isSabakans
    ? ['status', 'info']
    : ['kind', 'apiVersion', 'revision', 'status', 'network'];
  checkNames(reading, members, pointer, outside, written);
  if (isSabakans) return rawMachine(reading, sabakan, tree, pointer, [[inner, path]]);
  const serial: Members = new Map([...members].filter(([name]) => name === 'serial'));
  return rawMachine(reading, ours, tree, pointer, [
    [serial, pointer],
    [inner, path],
  ]);
}

function rawMachine(
  reading: Reading,
  { names, assigned }: Shape,
  tree: Tree,
  pointer: string,
  parts: readonly (readonly [Members, string])[],
): RawMachine {
  const { places } = reading;
  const fields: Partial<Record<RawName, RawField>> = {};
  const labels: RawMachine['labels'][number][] = [];
  const fieldAt = (inside: Tree, path: string): RawField => ({
    given: givenOf(inside),
    spot: places.spot(inside.at, path),
  });
  for (const [members, path] of parts) {
    const known = ['serial', 'rack', 'role', 'labels', 'bmc', names.retireDate];
    checkNames(reading, members, path, known, [...assigned, 'kind', 'apiVersion']);
    for (const name of ['serial', 'rack', 'role', 'retireDate'] as const) {
      const member = members.get(names[name]);
      if (member === undefined) continue;
      fields[name] = fieldAt(member.tree, below(path, names[name]));
    }
    const bmc = members.get('bmc');
    const bmcPath = below(path, 'bmc');
    const inBmc = bmc && membersOf(reading, bmc.tree, bmcPath, 'an object with type');
    if (inBmc !== undefined) {
      checkNames(reading, inBmc, bmcPath, ['type'], ['ipv4', 'ipv6']);
      const type = inBmc.get('type');
      if (type !== undefined) fields.bmcType = fieldAt(type.tree, below(bmcPath, 'type'));
    } else if (bmc !== undefined) {
      // Said already; that its type is missing would be said of the same place.
      fields.bmcType = {
        given: { kind: 'text', text: 'none' },
        spot: places.spot(bmc.nameAt, bmcPath),
      };
    }
    const given = members.get('labels');
    if (given === undefined || given.tree.value.kind === 'null') continue;
    const labelsPath = below(path, 'labels');
    const inLabels = membersOf(reading, given.tree, labelsPath, 'an object of names and values');
    for (const [name, { nameAt, tree: value }] of inLabels ?? []) {
      const at = below(labelsPath, name);
      labels.push([name, fieldAt(value, at), places.spot(nameAt, at)]);
    }
  }
  return { spot: places.spot(tree.at, pointer), names, fields, labels };
}

function givenOf(tree: Tree): Given {
  const { value } = tree;
  if (value.kind === 'text' || value.kind === 'number' || value.kind === 'null') return value;
  return { kind: 'other', says: sayTree(tree) };
}
