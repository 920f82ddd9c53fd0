/**
 * What a request makes of the fleet, written from Sabakan 3.1.9's rules and apart from the server's code on purpose: a
 * mistake both share would be invisible.
 */

import type { NewMachineRequest, WriteRequest } from './history.ts';
import { type ImagesObject, labelPairs, type MachineObject, objectNames } from './objects.ts';

export type View = {
  readonly get: (name: string) => string | undefined;
  /** Names of present objects that begin so. */
  readonly names: (start: string) => readonly string[];
};

export type Step =
  | { readonly kind: 'changes'; readonly changes: ReadonlyMap<string, string | undefined> }
  /** Success without a change and without an audit record. */
  | { readonly kind: 'stays' }
  /** Any of these would be the truth. */
  | { readonly kind: 'refused'; readonly whys: readonly string[] };

/** The address plan of all chaos runs: small racks that fill up, pools on loopback so that relays can be played. */
export const chaosIpam = {
  'max-nodes-in-rack': 5,
  'node-ipv4-pool': '127.64.0.0/16',
  'node-ipv4-range-size': 5,
  'node-ipv4-range-mask': 27,
  'node-ip-per-node': 2,
  'node-index-offset': 3,
  'node-gateway-offset': 1,
  'bmc-ipv4-pool': '127.72.0.0/16',
  'bmc-ipv4-offset': '0.0.1.0',
  'bmc-ipv4-range-size': 4,
  'bmc-ipv4-range-mask': 20,
  'bmc-ipv4-gateway-offset': 1,
} as const;

const nodePool = (127 << 24) | (64 << 16);
const bmcPool = ((127 << 24) | (72 << 16)) + 256;
const bootIndex = chaosIpam['node-index-offset'];
const lastIndex = bootIndex + chaosIpam['max-nodes-in-rack'];

const transitions: Readonly<Record<string, readonly string[]>> = {
  uninitialized: ['healthy', 'retiring'],
  healthy: ['unhealthy', 'unreachable', 'updating', 'retiring'],
  unhealthy: ['healthy', 'unreachable', 'updating', 'retiring'],
  unreachable: ['healthy', 'unhealthy', 'updating', 'retiring'],
  updating: ['uninitialized'],
  retiring: ['retired'],
  retired: ['uninitialized'],
};
export const states = Object.keys(transitions);
export const nextStates = (state: string): readonly string[] => transitions[state] ?? [];

const imagesMax = 5;
const deletionsMax = 10;
const templatesMax = 10;

export function step(request: WriteRequest, view: View): Step {
  switch (request.kind) {
    case 'register':
      return register(request.machines, view);
    case 'remove':
      return onMachine(view, request.serial, (machine) => {
        if (machine.state !== 'retired') return refused('not-retired');
        const rack = objectNames.rack(machine.rack);
        const kept = read<number[]>(view, rack, []).filter((index) => index !== machine.index);
        return changes([objectNames.machine(request.serial), undefined], [rack, text(kept)]);
      });
    case 'state':
      return onMachine(view, request.serial, (machine) => {
        if (machine.state === request.to) return { kind: 'stays' };
        if (!nextStates(machine.state).includes(request.to)) return refused('transition-forbidden');
        const keys = view.names(objectNames.key(request.serial, ''));
        if (request.to === 'retired' && keys.length > 0) return refused('disk-keys-exist');
        return edited({ ...machine, state: request.to });
      });
    case 'label':
      return onMachine(view, request.serial, (machine) => {
        const labels = { ...Object.fromEntries(machine.labels), [request.name]: request.value };
        return edited({ ...machine, labels: labelPairs(labels) });
      });
    case 'unlabel':
      return onMachine(view, request.serial, (machine) => {
        const labels = machine.labels.filter(([name]) => name !== request.name);
        if (labels.length === machine.labels.length) return refused('label-unknown');
        return edited({ ...machine, labels });
      });
    case 'retire-date':
      return onMachine(view, request.serial, (machine) =>
        edited({ ...machine, retireDate: request.date }),
      );
    case 'ipam':
      return view.names('machine ').length > 0
        ? refused('machines-exist')
        : changes([objectNames.ipam, text('set')]);
    case 'dhcp':
      return changes([objectNames.dhcp, text(request.leaseMinutes)]);
    case 'params':
      return changes([objectNames.params, text(request.text)]);
    case 'template':
      return putTemplate(request.role, request.id, request.tag, view);
    case 'untemplate': {
      const name = objectNames.template(request.role, request.id);
      return view.get(name) === undefined
        ? refused('template-unknown')
        : changes([name, undefined]);
    }
    case 'key':
      return putKey(request.serial, request.path, request.value, view);
    case 'unkeys':
      return onMachine(view, request.serial, ({ state }) => {
        if (state !== 'retiring') return refused('not-retiring');
        const keys = view.names(objectNames.key(request.serial, ''));
        return changes(...keys.map((name) => [name, undefined] as const));
      });
    case 'asset':
      return changes([objectNames.asset(request.name), text(request.content)]);
    case 'unasset': {
      const name = objectNames.asset(request.name);
      return view.get(name) === undefined ? refused('asset-unknown') : changes([name, undefined]);
    }
    case 'image':
      return putImage(request.id, request.content, view);
    case 'unimage': {
      const { index, deleted } = images(view);
      if (!index.includes(request.id)) return refused('image-unknown');
      return imagesChanged(
        { index: index.filter((id) => id !== request.id), deleted: [...deleted, request.id] },
        [request.id],
      );
    }
  }
}

/** The objects whose present or absence decides; a change of any other leaves the answer as it is. */
export function touched(request: WriteRequest, names: Iterable<string>): readonly string[] {
  switch (request.kind) {
    case 'register':
      return request.machines.flatMap(({ serial, rack }) => [
        objectNames.machine(serial),
        objectNames.rack(rack),
      ]);
    case 'remove':
    case 'label':
    case 'unlabel':
    case 'retire-date':
      return [objectNames.machine(request.serial)];
    case 'state':
    case 'key':
    case 'unkeys': {
      const start = objectNames.key(request.serial, '');
      const keys = [...names].filter((name) => name.startsWith(start));
      return [objectNames.machine(request.serial), ...keys];
    }
    case 'asset':
    case 'unasset':
      return [objectNames.asset(request.name)];
    case 'ipam':
      return [...names].filter((name) => name.startsWith('machine '));
    case 'dhcp':
      return [objectNames.dhcp];
    case 'params':
      return [objectNames.params];
    case 'template':
    case 'untemplate':
      return [...names].filter((name) => name.startsWith(`template ${request.role} `));
    case 'image':
    case 'unimage':
      return [objectNames.images, objectNames.deletedImages, objectNames.imageContent(request.id)];
  }
}

function register(wanted: readonly NewMachineRequest[], view: View): Step {
  const whys: string[] = [];
  const made = new Map<string, string>();
  const racks = new Map<number, number[]>();
  for (const machine of wanted) {
    const name = objectNames.machine(machine.serial);
    if (view.get(name) !== undefined) whys.push('machine-exists');
    const used =
      racks.get(machine.rack) ?? read<number[]>(view, objectNames.rack(machine.rack), []);
    const index = machine.role === 'boot' ? bootIndex : lowestFree(used);
    if (machine.role === 'boot' && used.includes(bootIndex)) whys.push('boot-slot-taken');
    if (index > lastIndex) whys.push('rack-full');
    racks.set(machine.rack, [...used, index]);
    made.set(name, text(placed(machine, index)));
  }
  if (whys.length > 0) return { kind: 'refused', whys };
  const lists = [...racks].map(([rack, used]) => [objectNames.rack(rack), text(used)] as const);
  return changes(...made, ...lists);
}

function lowestFree(used: readonly number[]): number {
  let index = bootIndex + 1;
  while (used.includes(index)) index += 1;
  return index;
}

function placed(machine: NewMachineRequest, index: number): MachineObject {
  const block = 2 ** chaosIpam['node-ipv4-range-size'];
  const perNode = chaosIpam['node-ip-per-node'];
  const first = nodePool + block * perNode * machine.rack + index;
  const bmc = bmcPool + 2 ** chaosIpam['bmc-ipv4-range-size'] * machine.rack + index;
  return {
    serial: machine.serial,
    rack: machine.rack,
    index,
    role: machine.role,
    bmcType: machine.bmcType,
    state: 'uninitialized',
    retireDate: machine.retireDate,
    labels: labelPairs(machine.labels),
    ipv4: Array.from({ length: perNode }, (_, k) => dotted(first + block * k)),
    bmcIpv4: dotted(bmc),
  };
}

export function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

function putKey(serial: string, path: string, value: string, view: View): Step {
  const machine = view.get(objectNames.machine(serial));
  if (machine === undefined) return refused('disk-key-owner-unknown');
  const { state } = JSON.parse(machine) as MachineObject;
  if (state === 'retiring' || state === 'retired') return refused('disk-key-too-late');
  const name = objectNames.key(serial, path);
  return view.get(name) === undefined ? changes([name, text(value)]) : refused('disk-key-exists');
}

function putTemplate(role: string, id: string, tag: string, view: View): Step {
  const name = objectNames.template(role, id);
  if (view.get(name) !== undefined) return refused('template-exists');
  const start = objectNames.template(role, '');
  const ids = [...view.names(start).map((other) => other.slice(start.length)), id].sort(byVersion);
  const dropped = ids.slice(0, Math.max(0, ids.length - templatesMax));
  const gone = dropped
    .filter((other) => other !== id)
    .map((other) => [objectNames.template(role, other), undefined] as const);
  return changes(...gone, ...(dropped.includes(id) ? [] : [[name, text(tag)] as const]));
}

function byVersion(a: string, b: string): number {
  const [x, y] = [a, b].map((id) => id.split('.').map(Number)) as [number[], number[]];
  return x.reduce((order, part, at) => order || part - (y[at] ?? 0), 0);
}

function putImage(id: string, content: string, view: View): Step {
  const { index, deleted } = images(view);
  if (deleted.includes(id)) return refused('image-deleted-lately');
  const known = view.get(objectNames.imageContent(id));
  if (index.includes(id) && known !== undefined && known !== text(content)) {
    return refused('image-differs');
  }
  const all = [...index.filter((other) => other !== id), id];
  const dropped = all.slice(0, Math.max(0, all.length - imagesMax));
  const after = { index: all.slice(-imagesMax), deleted: [...deleted, ...dropped] };
  return imagesChanged(after, dropped, [objectNames.imageContent(id), text(content)]);
}

function images(view: View): ImagesObject {
  return {
    index: read<string[]>(view, objectNames.images, []),
    deleted: read<string[]>(view, objectNames.deletedImages, []),
  };
}

function imagesChanged(
  after: ImagesObject,
  dropped: readonly string[],
  ...more: readonly (readonly [string, string])[]
): Step {
  return changes(
    [objectNames.images, text(after.index)],
    ...(dropped.length === 0
      ? []
      : [[objectNames.deletedImages, text(after.deleted.slice(-deletionsMax))] as const]),
    ...dropped.map((id) => [objectNames.imageContent(id), undefined] as const),
    ...more,
  );
}

function onMachine(view: View, serial: string, then: (machine: MachineObject) => Step): Step {
  const found = view.get(objectNames.machine(serial));
  return found === undefined
    ? refused('machine-unknown')
    : then(JSON.parse(found) as MachineObject);
}

function edited(machine: MachineObject): Step {
  return changes([objectNames.machine(machine.serial), text(machine)]);
}

function changes(...list: readonly (readonly [string, string | undefined])[]): Step {
  return { kind: 'changes', changes: new Map(list) };
}

function refused(...whys: readonly string[]): Step {
  return { kind: 'refused', whys };
}

function read<T>(view: View, name: string, otherwise: T): T {
  const found = view.get(name);
  return found === undefined ? otherwise : (JSON.parse(found) ?? otherwise);
}

function text(value: unknown): string {
  return JSON.stringify(value);
}
