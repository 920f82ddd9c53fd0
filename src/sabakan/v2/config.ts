/** The network plan and the DHCP configuration: the noun and its write. */

import type { Kept } from '../../base/records.ts';
import { fail, ok } from '../../base/result.ts';
import type { Clock } from '../../base/world.ts';
import type { ConfigMistake } from '../../inventory/config-mistake.ts';
import {
  type DhcpConfig,
  dhcpConfigToJson,
  dhcpMembers,
  readDhcpConfig,
} from '../../inventory/dhcp-config.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import {
  type IpamConfig,
  ipamConfigToJson,
  ipamMembers,
  readIpamConfig,
} from '../../inventory/ipam-config.ts';
import { showValue } from '../../inventory/mistake.ts';
import { type ConfigV2, configReads, putConfig } from '../contract/config.ts';
import type { Place, Problem } from '../problems.ts';
import { actorOf } from '../rest/noun.ts';
import { type ApiPart, collectionPart } from './api-part.ts';
import type { Collection } from './collection.ts';
import { json } from './collection-endpoints.ts';
import { missingIfMatch, readPutTerms } from './put-terms.ts';
import { recordCollection } from './record-collection.ts';

export type ConfigPartDeps = {
  readonly clock: Clock;
  readonly serverName: string;
  readonly inventory: Pick<Inventory, 'configs' | 'putIpam' | 'putDhcp'>;
};

type Config = IpamConfig | DhcpConfig;
type Stored = Kept<Config> & { readonly name: ConfigV2['name'] };

/** By its name: what it may say. */
const kinds = {
  ipam: { members: ipamMembers, read: readIpamConfig },
  dhcp: { members: dhcpMembers, read: readDhcpConfig },
} as const;

export function configPart({ clock, serverName, inventory }: ConfigPartDeps): ApiPart {
  return collectionPart(configReads, configCollection(inventory), 'name', clock, [
    {
      operation: putConfig,
      mistakesIn: (body, parameters) => mistakesIn(body, parameters.get('name') ?? ''),
      handle: async ({ exchange, parameters, query, body }) => {
        const name = parameters.get('name') ?? '';
        if (!isName(name)) return fail({ problem: unknownConfig(name) });
        const terms = readPutTerms(exchange, query);
        if (!terms.ok) return terms;
        const { spec } = body as { readonly spec: unknown };
        const actor = actorOf(exchange, serverName);
        const wish = name === 'ipam' ? readIpamConfig(spec) : readDhcpConfig(spec);
        if (!wish.ok) throw new Error('a configuration came past its check');
        const config: Config = wish.value;
        const put = isIpam(config)
          ? await inventory.putIpam(config, actor, terms.value)
          : await inventory.putDhcp(config, actor, terms.value);
        if (!put.ok) return fail({ problem: missingIfMatch(exchange, put.error) });
        const { revision } = put.value;
        return ok(json(configJson({ name, value: config, revision }), { etag: `"${revision}"` }));
      },
    },
  ]);
}

function configCollection({ configs }: Pick<Inventory, 'configs'>): Collection<Stored> {
  return recordCollection<Config, Stored>({
    noun: 'config',
    copy: 'the copy of the configurations',
    records: configs,
    made: (kept) => [...kept].flatMap(([name, one]) => (isName(name) ? [{ ...one, name }] : [])),
    nameOf: ({ name }) => name,
    revisionOf: ({ revision }) => revision,
    stampOf: ({ revision }) => revision,
    columns: { name: { text: ({ name }) => name } },
    toJson: configJson,
  });
}

function configJson({ name, value, revision }: Stored): ConfigV2 {
  return {
    name,
    revision,
    spec: isIpam(value) ? ipamConfigToJson(value) : dhcpConfigToJson(value),
  };
}

/** Every mistake at once, in sentences that say what would be right; the schema only describes. */
function mistakesIn(body: unknown, name: string): readonly Place[] {
  // That there is no such configuration is said instead.
  if (!isName(name)) return [];
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return [{ pointer: '', detail: `must be an object with spec, not ${showValue(body)}` }];
  }
  const { spec, ...strangers } = body as Readonly<Record<string, unknown>>;
  const { members, read } = kinds[name];
  const known: readonly string[] = members;
  const unknown =
    typeof spec === 'object' && spec !== null && !Array.isArray(spec)
      ? Object.keys(spec).filter((member) => !known.includes(member))
      : [];
  const config = read(spec ?? {});
  const wrong: readonly ConfigMistake[] = config.ok ? [] : config.error;
  return [
    ...Object.keys(strangers).map((member) => stranger(member, ['spec'])),
    ...(spec === undefined ? [{ pointer: '/spec', detail: 'is missing' }] : []),
    ...unknown.map((member) => stranger(`spec/${pointed(member)}`, known)),
    ...(spec === undefined ? [] : wrong.map(({ path, text }) => at(`/spec${path}`, text))),
  ];
}

function stranger(path: string, known: readonly string[]): Place {
  return at(`/${path}`, `is unknown here; known are ${known.join(', ')}`);
}

function at(pointer: string, detail: string): Place {
  return { pointer, detail };
}

/** RFC 6901. */
function pointed(member: string): string {
  return member.replaceAll('~', '~0').replaceAll('/', '~1');
}

function isName(name: string): name is ConfigV2['name'] {
  return Object.hasOwn(kinds, name);
}

function isIpam(config: Config): config is IpamConfig {
  return 'maxNodesInRack' in config;
}

function unknownConfig(name: string): Problem {
  const shown = JSON.stringify(name.slice(0, 100));
  return { kind: 'not-found', text: `there is no configuration ${shown}; there are ipam and dhcp` };
}
