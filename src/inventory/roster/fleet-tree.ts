/**
 * What a JSON or YAML file holds: machines alone, or a whole fleet. A document is one of
 * - a list of machines;
 * - an object with `machines`, `ipam`, `dhcp`, or those of them there are (`items`, too: what the API lists);
 * - an object with `kind`: Machine, IpamConfig or DhcpConfig, the latter two with Sabakan's content in `spec`;
 * - a machine, or the content of Sabakan's ipam.json or dhcp.json.
 */

import type { Result } from '../../base/result.ts';
import type { ConfigMistake } from '../config-mistake.ts';
import { type DhcpConfig, dhcpMembers, readDhcpConfig } from '../dhcp-config.ts';
import { type IpamConfig, ipamMembers, readIpamConfig } from '../ipam-config.ts';
import { machinesPerRequestMax } from '../machine.ts';
import { mistakesFoundMax, type Spot } from '../roster-spot.ts';
import { machineOfTree } from './machine-tree.ts';
import { checkNames, type Members, membersOf, type Reading } from './members.ts';
import type { RawMachine } from './raw.ts';
import { below, plainOf, sayTree, type Tree } from './tree.ts';

export type Found<T> = { readonly config: T; readonly spot: Spot };
export type Fleet = {
  readonly machines: readonly RawMachine[];
  readonly ipam: Found<IpamConfig> | undefined;
  readonly dhcp: Found<DhcpConfig> | undefined;
};

const fleetMembers = ['ipam', 'dhcp', 'machines', 'items'];
/** Beside `items` in what the API lists. */
const pageMembers = ['kind', 'apiVersion', 'revision', 'total', 'next'];
/** Any of them makes it a machine, so that one without a serial is told so. */
const machineMembers = ['serial', 'spec', 'rack', 'role', 'bmc'];
const kinds = ['Machine', 'IpamConfig', 'DhcpConfig', 'List'] as const;

export function fleetOfTrees(reading: Reading, documents: readonly Tree[]): Fleet {
  const { places, mistakes } = reading;
  const machines: RawMachine[] = [];
  let ipam: Found<IpamConfig> | undefined;
  let dhcp: Found<DhcpConfig> | undefined;

  const machine = (tree: Tree, pointer: string): void => {
    const raw = machineOfTree(reading, tree, pointer);
    if (raw !== undefined) machines.push(raw);
  };
  const list = (tree: Tree, pointer: string): void => {
    if (tree.value.kind === 'list' && tree.value.items.length > machinesPerRequestMax) {
      const text = `${tree.value.items.length} machines in one list; at most ${machinesPerRequestMax} are taken at once`;
      mistakes.push(places.mistake(tree.at, pointer, text));
    } else if (tree.value.kind === 'list') {
      for (const [at, item] of tree.value.items.entries()) {
        if (mistakes.length >= mistakesFoundMax) return;
        document(item, below(pointer, at));
      }
    } else if (tree.value.kind !== 'null') {
      const text = `must be a list of machines, not ${sayTree(tree)}`;
      mistakes.push(places.mistake(tree.at, pointer, text));
    }
  };
  const takeIpam = (tree: Tree, pointer: string): void => {
    const found = configOf(reading, tree, pointer, ipamMembers, readIpamConfig);
    if (found !== undefined) ipam = once(reading, found, ipam);
  };
  const takeDhcp = (tree: Tree, pointer: string): void => {
    const found = configOf(reading, tree, pointer, dhcpMembers, readDhcpConfig);
    if (found !== undefined) dhcp = once(reading, found, dhcp);
  };
  const ofKind = (tree: Tree, pointer: string, members: Members, kind: Tree): void => {
    const name = kind.value.kind === 'text' ? kind.value.text : '';
    const spec = members.get('spec');
    if (name === 'Machine') machine(tree, pointer);
    else if (name === 'List') {
      const items = members.get('items');
      if (items !== undefined) list(items.tree, below(pointer, 'items'));
    } else if (name === 'IpamConfig' || name === 'DhcpConfig') {
      checkNames(reading, members, pointer, ['kind', 'spec'], ['apiVersion', 'metadata']);
      const content = spec?.tree ?? tree;
      const path = spec === undefined ? pointer : below(pointer, 'spec');
      if (spec === undefined)
        mistakes.push(places.mistake(tree.at, pointer, 'member spec is missing'));
      else if (name === 'IpamConfig') takeIpam(content, path);
      else takeDhcp(content, path);
    } else {
      const text = `kind must be one of ${kinds.join(', ')}`;
      mistakes.push(places.mistake(kind.at, below(pointer, 'kind'), text));
    }
  };
  const document = (tree: Tree, pointer: string): void => {
    const members: Members = tree.value.kind === 'object' ? tree.value.members : new Map();
    const kind = members.get('kind');
    const hasAny = (names: readonly string[]) => names.some((name) => members.has(name));
    if (kind !== undefined) ofKind(tree, pointer, members, kind.tree);
    else if (tree.value.kind !== 'object' || hasAny(machineMembers)) machine(tree, pointer);
    else if (hasAny(ipamMembers)) takeIpam(tree, pointer);
    else if (hasAny(dhcpMembers)) takeDhcp(tree, pointer);
    else if (hasAny(fleetMembers)) fleet(pointer, members);
    else {
      const text =
        'is neither a machine (serial, rack, role, bmc) nor a fleet (machines, ipam, dhcp) nor of a kind';
      mistakes.push(places.mistake(tree.at, pointer, text));
    }
  };
  const fleet = (pointer: string, members: Members): void => {
    checkNames(reading, members, pointer, fleetMembers, members.has('items') ? pageMembers : []);
    for (const [name, member] of members) {
      const path = below(pointer, name);
      if (name === 'ipam') takeIpam(member.tree, path);
      else if (name === 'dhcp') takeDhcp(member.tree, path);
      else if (name === 'machines' || name === 'items') list(member.tree, path);
    }
  };

  for (const [at, tree] of documents.entries()) {
    const pointer = documents.length > 1 ? below('', at) : '';
    if (tree.value.kind === 'list') list(tree, pointer);
    else document(tree, pointer);
  }
  return { machines, ipam, dhcp };
}

function configOf<T>(
  reading: Reading,
  tree: Tree,
  pointer: string,
  known: readonly string[],
  read: (json: unknown) => Result<T, readonly ConfigMistake[]>,
): Found<T> | undefined {
  const { places, mistakes } = reading;
  const members = membersOf(reading, tree, pointer, 'an object');
  if (members === undefined) return undefined;
  const before = mistakes.length;
  checkNames(reading, members, pointer, known);
  const config = read(plainOf(tree));
  if (!config.ok) {
    for (const { path, text } of config.error) {
      mistakes.push(places.mistake(treeAt(tree, path).at, pointer + path, text));
    }
  }
  if (!config.ok || mistakes.length > before) return undefined;
  return { config: config.value, spot: places.spot(tree.at, pointer) };
}

/** What stands there, or the innermost that is there and should hold it. */
function treeAt(tree: Tree, path: string): Tree {
  const [name, ...rest] = path.split('/').slice(1);
  if (name === undefined) return tree;
  const { value } = tree;
  const inner =
    value.kind === 'object'
      ? value.members.get(name)?.tree
      : value.kind === 'list'
        ? value.items[Number(name)]
        : undefined;
  return inner === undefined ? tree : treeAt(inner, rest.map((one) => `/${one}`).join(''));
}

function once<T>({ mistakes }: Reading, found: Found<T>, earlier: Found<T> | undefined): Found<T> {
  if (earlier === undefined) return found;
  const line = earlier.spot.kind === 'text' ? earlier.spot.line : earlier.spot.row;
  mistakes.push({ spot: found.spot, text: `this configuration stands in line ${line}, too` });
  return earlier;
}
