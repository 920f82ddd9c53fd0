/**
 * The networks on which this fleet may speak, and how: records under `tetsukan/networks/<name>`. What no record names is
 * not answered, but for the IPAM node pool, which Sabakan serves as soon as both configurations are there.
 */

import { type Cidr, formatCidr, type Ipv4, isInside, networkOf } from '../base/addresses.ts';
import { isJsonObject, parseJson } from '../base/exact-json.ts';
import type { Freshness } from '../base/mirror.ts';
import type { PutTerms } from '../base/put-terms.ts';
import type { Records } from '../base/records.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Store, StoreProblem } from '../base/store.ts';
import type { Transact, View } from '../base/transact.ts';
import type { World } from '../base/world.ts';
import type { Actor } from '../inventory/audit.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { IpamConfig } from '../inventory/ipam-config.ts';
import { createRecordDesk, type RecordWritten } from '../inventory/record-desk.ts';
import {
  type DiscoveryPolicy,
  decodeNetworkSpec,
  isNetworkName,
  type NetworkMode,
  type NetworkSpec,
  networkSpecToJson,
} from './network-spec.ts';

export type Network = {
  readonly name: string;
  readonly cidr: Cidr;
  readonly mode: NetworkMode;
  readonly discovery: DiscoveryPolicy;
  readonly note?: string;
  /** No record: the node pool of the IPAM configuration. */
  readonly isImplicit: boolean;
};

export type NetworkProblem =
  | { readonly kind: 'network-invalid'; readonly text: string }
  | { readonly kind: 'network-unknown'; readonly text: string }
  /** Another network has this very CIDR. */
  | { readonly kind: 'network-exists'; readonly text: string }
  | { readonly kind: 'networks-too-many'; readonly text: string };

export type Networks = {
  readonly start: () => Promise<Result<void, StoreProblem>>;
  readonly stop: () => void;
  readonly freshness: () => Freshness;
  /** The narrowest that contains the address; a record before the node pool. Undefined: nothing is answered there. */
  readonly of: (address: Ipv4) => Network | undefined;
  /** Those of records, by name, and last the node pool unless a record covers all of it. */
  readonly all: () => readonly Network[];
  /** By `tetsukan/networks/<name>`. */
  readonly records: Records<Network>;
  /** The audit record is part of the commit. */
  readonly put: (
    name: string,
    spec: NetworkSpec,
    actor: Actor,
    terms?: PutTerms,
  ) => RecordWritten<NetworkProblem>;
  readonly remove: (name: string, actor: Actor, terms?: PutTerms) => RecordWritten<NetworkProblem>;
};

export const networksPrefix = 'tetsukan/networks/';
/** The CIDR of each name, written with every change, so that two servers cannot both make a network of one CIDR. */
const networksIndex = 'tetsukan/networks';
/** The name of the network that no record makes. */
export const nodePoolName = 'node-pool';
/** Racks of the largest fleets; the index of them all is written with every change. */
export const networksMax = 1_024;

export function createNetworks(deps: {
  readonly store: Store;
  readonly transact: Transact;
  readonly world: Pick<World, 'clock' | 'chance' | 'log'>;
  readonly inventory: Pick<Inventory, 'ipam' | 'dhcp'>;
}): Networks {
  const { inventory } = deps;
  const desk = createRecordDesk<Network, NetworkProblem>(deps, {
    prefix: networksPrefix,
    decode: (name, stored) => {
      const spec = decodeNetworkSpec(stored);
      return spec.ok ? ok({ ...spec.value, name, isImplicit: false }) : spec;
    },
    form: 'json',
    category: 'networks',
    called: (name) => `the network ${name}`,
    unknown,
    lane: networksIndex,
  });
  const { mirror, records } = desk;

  let index: { readonly of: readonly unknown[]; readonly find: Finder } | undefined;
  const recordOf: Finder = (address) => {
    const entries = mirror.entries();
    if (index?.of !== entries) {
      index = { of: entries, find: finderOf(entries.map(([, network]) => network)) };
    }
    return index.find(address);
  };
  let pool: { readonly of: IpamConfig; readonly network: Network } | undefined;
  const nodePool = (): Network | undefined => {
    const ipam = inventory.ipam();
    if (ipam === undefined || inventory.dhcp() === undefined) return undefined;
    if (pool?.of !== ipam) pool = { of: ipam, network: nodePoolNetwork(ipam) };
    return pool.network;
  };

  /** @param spec undefined: it is taken away. */
  const write = (
    name: string,
    spec: NetworkSpec | undefined,
    actor: Actor,
    terms: PutTerms,
  ): RecordWritten<NetworkProblem> => {
    const cidr = spec && formatCidr(spec.cidr);
    const cidrs = (view: View): Index => readIndex(view.get(networksIndex)?.value);
    const others = (view: View): Index => {
      const index = cidrs(view);
      index.delete(name);
      return index;
    };
    return desk.change(
      {
        name,
        text: spec && JSON.stringify(networkSpecToJson(spec)),
        reads: { keys: [networksIndex] },
        isThere: (view) => cidrs(view).has(name),
        whyNot: (view) => (cidr === undefined ? undefined : whyNoRoom(cidr, others(view))),
        also: (view) => {
          const index = others(view);
          if (cidr !== undefined) index.set(name, cidr);
          return [{ kind: 'put', key: networksIndex, value: writeIndex(index) }];
        },
      },
      actor,
      terms,
    );
  };

  return {
    start: () => mirror.start(),
    stop: () => mirror.stop(),
    freshness: () => mirror.freshness(),
    of: (address) => {
      const record = recordOf(address);
      if (record !== undefined) return record;
      const implicit = nodePool();
      return implicit !== undefined && isInside(address, implicit.cidr) ? implicit : undefined;
    },
    all: () => {
      const made = mirror.entries().map(([, network]) => network);
      const implicit = nodePool();
      return implicit === undefined || isCovered(implicit, made) ? made : [...made, implicit];
    },
    records,
    put: async (name, spec, actor, terms = {}) => {
      if (!isNetworkName(name)) return fail(badName(name));
      if (name === nodePoolName) return fail(reserved());
      return write(name, spec, actor, terms);
    },
    remove: (name, actor, terms = {}) => write(name, undefined, actor, terms),
  };
}

/** The network that an IPAM configuration makes without a record, when there is a DHCP configuration, too. */
export function nodePoolNetwork(ipam: IpamConfig): Network {
  return {
    name: nodePoolName,
    cidr: ipam.nodeIpv4Pool,
    mode: 'server',
    discovery: 'off',
    isImplicit: true,
  };
}

/** Whether one of `records` decides for all addresses of the network. */
export function isCovered({ cidr }: Network, records: readonly Network[]): boolean {
  return records.some(
    (one) => one.cidr.prefixLength <= cidr.prefixLength && isInside(cidr.base, one.cidr),
  );
}

type Finder = (address: Ipv4) => Network | undefined;

/** Asked for each DHCP message: a look into one map per prefix length there is. */
function finderOf(networks: readonly Network[]): Finder {
  const lengths = [...new Set(networks.map(({ cidr }) => cidr.prefixLength))].sort((a, b) => b - a);
  const byLength = lengths.map(
    (length) =>
      [
        length,
        new Map(
          networks
            .filter(({ cidr }) => cidr.prefixLength === length)
            .map((network) => [network.cidr.base, network]),
        ),
      ] as const,
  );
  return (address) => {
    for (const [length, some] of byLength) {
      const found = some.get(networkOf(address, length));
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

type Index = Map<string, string>;

/** What cannot be read is as if empty: the next change begins it anew. */
function readIndex(stored: Uint8Array | undefined): Index {
  const json = stored === undefined ? {} : parseJson(stored);
  const entries = isJsonObject(json) ? Object.entries(json) : [];
  return new Map(
    entries.flatMap(([name, cidr]) => (typeof cidr === 'string' ? [[name, cidr] as const] : [])),
  );
}

function writeIndex(index: Index): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(Object.fromEntries(index)));
}

function whyNoRoom(cidr: string, others: Index): NetworkProblem | undefined {
  const name = [...others].find(([, one]) => one === cidr)?.[0];
  if (name !== undefined) {
    return { kind: 'network-exists', text: `${cidr} is the network ${name} already: change that` };
  }
  if (others.size < networksMax) return undefined;
  const text = `there are ${others.size} networks; at most ${networksMax} are kept`;
  return { kind: 'networks-too-many', text };
}

function unknown(name: string): NetworkProblem {
  if (name === nodePoolName) {
    const text = `${nodePoolName} is no record: it follows from the IPAM and DHCP configurations; to switch it off, put a network of its CIDR with mode off`;
    return { kind: 'network-unknown', text };
  }
  const shown = JSON.stringify(name.slice(0, 100));
  return { kind: 'network-unknown', text: `there is no network ${shown}` };
}

function badName(name: string): NetworkProblem {
  const given = JSON.stringify(name.slice(0, 100));
  const text = `${given} is no name of a network such as rack-3: lower-case letters, digits, - and ., at most 63`;
  return { kind: 'network-invalid', text };
}

function reserved(): NetworkProblem {
  const text = `${nodePoolName} stands for the IPAM node pool: give the network another name, with the pool's CIDR`;
  return { kind: 'network-invalid', text };
}
