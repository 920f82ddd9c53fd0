/** Networks: the noun and its writes. */

import { formatCidr, parseIpv4 } from '../../base/addresses.ts';
import type { Kept, Records } from '../../base/records.ts';
import { fail, ok } from '../../base/result.ts';
import { absent, compareRevisions, type Revision } from '../../base/store.ts';
import type { Clock } from '../../base/world.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { readNetworkSpec } from '../../pxe/network-spec.ts';
import { isCovered, type Network, nodePoolNetwork } from '../../pxe/networks.ts';
import type { Pxe } from '../../pxe/pxe.ts';
import {
  deleteNetwork,
  type NetworkDetailV2,
  type NetworkV2,
  networkReads,
  putNetwork,
} from '../contract/network.ts';
import { emptyAnswer } from '../exchange.ts';
import type { Place } from '../problems.ts';
import { actorOf } from '../rest/noun.ts';
import { type ApiPart, collectionPart } from './api-part.ts';
import type { Collection } from './collection.ts';
import { json } from './collection-endpoints.ts';
import { missingIfMatch, readDeleteTerms, readPutTerms } from './put-terms.ts';
import { recordCollection } from './record-collection.ts';

export type NetworkPartDeps = {
  readonly clock: Clock;
  readonly serverName: string;
  readonly inventory: Pick<Inventory, 'ipam' | 'dhcp' | 'configs'>;
  readonly pxe: Pick<Pxe, 'networks' | 'status'>;
};

export function networkPart(deps: NetworkPartDeps): ApiPart {
  const { clock, serverName, pxe } = deps;
  const { networks } = pxe;
  return collectionPart(networkReads, networkCollection(deps), 'name', clock, [
    {
      operation: putNetwork,
      mistakesIn,
      handle: async ({ exchange, parameters, query, body }) => {
        const name = parameters.get('name') ?? '';
        const spec = readNetworkSpec(body);
        if (!spec.ok) throw new Error('a network came past its check');
        const terms = readPutTerms(exchange, query);
        if (!terms.ok) return terms;
        const actor = actorOf(exchange, serverName);
        const put = await networks.put(name, spec.value, actor, terms.value);
        if (!put.ok) return fail({ problem: missingIfMatch(exchange, put.error) });
        const { revision } = put.value;
        const value: Network = { ...spec.value, name, isImplicit: false };
        return ok(json(networkJson({ value, revision }), { etag: `"${revision}"` }));
      },
    },
    {
      operation: deleteNetwork,
      handle: async ({ exchange, parameters, query }) => {
        const terms = readDeleteTerms(exchange, query);
        if (!terms.ok) return terms;
        const name = parameters.get('name') ?? '';
        const gone = await networks.remove(name, actorOf(exchange, serverName), terms.value);
        return gone.ok ? ok(emptyAnswer(204)) : fail({ problem: gone.error });
      },
    },
  ]);
}

function networkCollection(deps: NetworkPartDeps): Collection<Kept<Network>> {
  return recordCollection<Network, Kept<Network>>({
    noun: 'networks',
    copy: 'the copy of networks',
    records: withNodePool(deps),
    made: (kept) => [...kept.values()],
    nameOf: ({ value }) => value.name,
    revisionOf: ({ revision }) => revision,
    stampOf: ({ revision }) => revision,
    columns: {
      name: { text: ({ value }) => value.name },
      cidr: {
        text: ({ value }) => formatCidr(value.cidr),
        number: ({ value }) => value.cidr.base * 64 + value.cidr.prefixLength,
      },
      mode: { text: ({ value }) => value.mode },
      discovery: { text: ({ value }) => value.discovery },
      implicit: { text: ({ value }) => String(value.isImplicit) },
    },
    toJson: networkJson,
    detail: (kept) => detailJson(deps, kept),
  });
}

/** The records and, where they leave any of it to be served, the node pool, whose revision is that of the configurations. */
function withNodePool({ pxe, inventory }: NetworkPartDeps): Records<Network> {
  const { records } = pxe.networks;
  const { configs } = inventory;
  let told = absent;
  const nodePool = (): Kept<Network> | undefined => {
    const ipam = inventory.ipam();
    if (ipam === undefined || inventory.dhcp() === undefined) return undefined;
    const value = nodePoolNetwork(ipam);
    const made = [...records.kept().values()].map((kept) => kept.value);
    if (isCovered(value, made)) return undefined;
    const revisions = [...configs.kept().values()].map(({ revision }) => revision);
    return { value, revision: revisions.reduce(newer, absent) };
  };
  return {
    kept: () => {
      const implicit = nodePool();
      if (implicit === undefined) return records.kept();
      return new Map([...records.kept(), [implicit.value.name, implicit]]);
    },
    get: (key) => records.get(key),
    changed: () => newer(records.changed(), configs.changed()),
    completeTo: () => newer(records.completeTo(), configs.completeTo()),
    freshness: () =>
      records.freshness().kind === 'live' ? configs.freshness() : records.freshness(),
    broken: () => new Map([...records.broken(), ...configs.broken()]),
    subscribe: (listener) => {
      const calls = [records, configs].map((one) =>
        one.subscribe((news) => {
          // Two mirrors hear of one store each in its own time: what comes late is not known in order.
          if (news.kind === 'listed' || compareRevisions(news.revision, told) <= 0) {
            return listener({ kind: 'listed' });
          }
          told = news.revision;
          listener(news);
        }),
      );
      return () => {
        for (const stop of calls) stop();
      };
    },
  };
}

function newer(a: Revision, b: Revision): Revision {
  return compareRevisions(a, b) >= 0 ? a : b;
}

function networkJson({ value, revision }: Kept<Network>): NetworkV2 {
  const { name, cidr, mode, discovery, note, isImplicit } = value;
  return {
    name,
    revision,
    cidr: formatCidr(cidr),
    mode,
    discovery,
    note: note ?? '',
    implicit: isImplicit,
  };
}

/** Servers are listed under the network that decides for their address. */
function detailJson({ pxe }: NetworkPartDeps, kept: Kept<Network>): NetworkDetailV2 {
  const others = pxe.status().dhcp?.others ?? [];
  const within = others.filter(({ address }) => {
    const parsed = parseIpv4(address);
    return parsed.ok && pxe.networks.of(parsed.value)?.name === kept.value.name;
  });
  return {
    ...networkJson(kept),
    otherServers: within.map((one) => ({ ...one, bootFile: one.bootFile ?? null })),
  };
}

const members = ['cidr', 'mode', 'discovery', 'note'];

/** In sentences that say what would be right; the schema only describes. */
function mistakesIn(body: unknown): readonly Place[] {
  const strangers =
    typeof body === 'object' && body !== null && !Array.isArray(body)
      ? Object.keys(body).filter((member) => !members.includes(member))
      : [];
  const spec = readNetworkSpec(body);
  return [
    ...strangers.map((member) => ({
      pointer: `/${member.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      detail: `is unknown here; known are ${members.join(', ')}`,
    })),
    ...(spec.ok ? [] : spec.error).map(({ member, text }) => ({
      pointer: member === '' ? '' : `/${member}`,
      detail: text,
    })),
  ];
}
