/** Channels and boot rules: the nouns and their writes. */

import type { PutTerms } from '../../base/put-terms.ts';
import type { Kept } from '../../base/records.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Revision } from '../../base/store.ts';
import type { Clock } from '../../base/world.ts';
import {
  type BootRule,
  type Channel,
  type Pins,
  parseChannel,
  parseRule,
} from '../../pxe/boot-policy.ts';
import type { Pxe } from '../../pxe/pxe.ts';
import {
  type BootRuleV2,
  bootRuleReads,
  type ChannelV2,
  channelReads,
  deleteBootRule,
  deleteChannel,
  putBootRule,
  putChannel,
} from '../contract/boot-policy.ts';
import type { bootRuleColumns, channelColumns } from '../contract/columns.ts';
import type { Operation } from '../contract/operation.ts';
import { emptyAnswer } from '../exchange.ts';
import { badRequest, type Problem } from '../problems.ts';
import { actorOf } from '../rest/noun.ts';
import { type ApiPart, collectionPart } from './api-part.ts';
import type { Collection, Column } from './collection.ts';
import { json } from './collection-endpoints.ts';
import type { Endpoint } from './endpoint.ts';
import { missingIfMatch, readDeleteTerms, readPutTerms } from './put-terms.ts';
import { recordCollection } from './record-collection.ts';

export type BootPolicyPartDeps = {
  readonly clock: Clock;
  readonly serverName: string;
  readonly pxe: Pick<Pxe, 'bootPolicy'>;
};

type Written = Promise<Result<{ readonly revision: Revision }, Problem>>;
type Actor = ReturnType<typeof actorOf>;

export function channelPart({ clock, serverName, pxe }: BootPolicyPartDeps): ApiPart {
  const { bootPolicy } = pxe;
  return collectionPart(channelReads, channelCollection(bootPolicy), 'name', clock, [
    putting(putChannel, serverName, {
      parse: parseChannel,
      put: bootPolicy.putChannel,
      shown: channelJson,
    }),
    removing(deleteChannel, serverName, bootPolicy.removeChannel),
  ]);
}

export function bootRulePart({ clock, serverName, pxe }: BootPolicyPartDeps): ApiPart {
  const { bootPolicy } = pxe;
  return collectionPart(bootRuleReads, bootRuleCollection(bootPolicy), 'name', clock, [
    putting(putBootRule, serverName, {
      parse: parseRule,
      put: bootPolicy.putRule,
      shown: bootRuleJson,
    }),
    removing(deleteBootRule, serverName, bootPolicy.removeRule),
  ]);
}

function putting<T>(
  operation: Operation,
  serverName: string,
  {
    parse,
    put,
    shown,
  }: {
    readonly parse: (name: string, body: Readonly<Record<string, unknown>>) => Result<T, string>;
    readonly put: (wish: T, terms: PutTerms, actor: Actor) => Written;
    readonly shown: (value: T, revision: Revision) => unknown;
  },
): Endpoint {
  return {
    operation,
    handle: async ({ exchange, parameters, query, body }) => {
      const terms = readPutTerms(exchange, query);
      if (!terms.ok) return terms;
      const name = parameters.get('name') ?? '';
      const wish = parse(name, body as Readonly<Record<string, unknown>>);
      if (!wish.ok) return fail({ problem: badRequest(wish.error) });
      const done = await put(wish.value, terms.value, actorOf(exchange, serverName));
      if (!done.ok) return fail({ problem: missingIfMatch(exchange, done.error) });
      const { revision } = done.value;
      return ok(json(shown(wish.value, revision), { etag: `"${revision}"` }));
    },
  };
}

function removing(
  operation: Operation,
  serverName: string,
  remove: (name: string, terms: PutTerms, actor: Actor) => Written,
): Endpoint {
  return {
    operation,
    handle: async ({ exchange, parameters, query }) => {
      const terms = readDeleteTerms(exchange, query);
      if (!terms.ok) return terms;
      const name = parameters.get('name') ?? '';
      const gone = await remove(name, terms.value, actorOf(exchange, serverName));
      return gone.ok ? ok(emptyAnswer(204)) : fail({ problem: gone.error });
    },
  };
}

export function channelCollection({ channels }: Pxe['bootPolicy']): Collection<Kept<Channel>> {
  const columns: Readonly<
    Record<keyof typeof channelColumns, Omit<Column<Kept<Channel>>, 'name'>>
  > = {
    name: { text: ({ value }) => value.name },
    image: { text: ({ value }) => value.pins.image ?? '' },
    kernelParams: { text: ({ value }) => value.pins.kernelParams ?? '' },
  };
  return recordCollection<Channel, Kept<Channel>>({
    noun: 'channels',
    copy: 'the copy of channels',
    records: channels,
    made: (kept) => [...kept.values()],
    nameOf: ({ value }) => value.name,
    revisionOf: ({ revision }) => revision,
    stampOf: ({ revision }) => revision,
    columns,
    toJson: ({ value, revision }) => channelJson(value, revision),
  });
}

export function bootRuleCollection({ rules }: Pxe['bootPolicy']): Collection<Kept<BootRule>> {
  const columns: Readonly<
    Record<keyof typeof bootRuleColumns, Omit<Column<Kept<BootRule>>, 'name'>>
  > = {
    name: { text: ({ value }) => value.name },
    role: { text: ({ value }) => value.match.role ?? '' },
    channel: { text: ({ value }) => value.channel ?? '' },
    image: { text: ({ value }) => value.pins.image ?? '' },
  };
  return recordCollection<BootRule, Kept<BootRule>>({
    noun: 'boot-rules',
    copy: 'the copy of boot rules',
    records: rules,
    made: (kept) => [...kept.values()],
    nameOf: ({ value }) => value.name,
    revisionOf: ({ revision }) => revision,
    stampOf: ({ revision }) => revision,
    columns,
    toJson: ({ value, revision }) => bootRuleJson(value, revision),
  });
}

function channelJson({ name, pins }: Channel, revision: Revision): ChannelV2 {
  return { name, revision, ...pinned(pins) };
}

function bootRuleJson({ name, match, channel, pins }: BootRule, revision: Revision): BootRuleV2 {
  const { serials, role, labels } = match;
  return {
    name,
    revision,
    match: { serials: [...serials], role: role ?? null, labels: Object.fromEntries(labels) },
    channel: channel ?? null,
    ...pinned(pins),
  };
}

function pinned({ image, kernelParams, templates }: Pins) {
  return {
    image: image ?? null,
    kernelParams: kernelParams ?? null,
    templates: Object.fromEntries(templates),
  };
}
