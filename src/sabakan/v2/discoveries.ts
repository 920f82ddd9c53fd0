/** Discovered machines: the noun and what is decided about them. */

import type { Kept } from '../../base/records.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import { formatInstant, instantOf } from '../../base/time.ts';
import type { Clock } from '../../base/world.ts';
import { labelMap } from '../../inventory/machine.ts';
import type { Discoveries } from '../../pxe/discoveries.ts';
import {
  type Approval,
  type Claims,
  type Discovery,
  type DiscoveryPatch,
  discoveryId,
  isConfirmed,
  parseDiscoveryId,
  serialOf,
} from '../../pxe/discovery.ts';
import type { discoveryColumns } from '../contract/columns.ts';
import {
  type ApprovalV2,
  approveDiscovery,
  bulkDiscoveries,
  type DiscoveryBulkV2,
  type DiscoveryPatchV2,
  type DiscoveryV2,
  discoveryReads,
  forgetDiscovery,
  patchDiscovery,
  type RejectionV2,
  rejectDiscovery,
} from '../contract/discovery.ts';
import { emptyAnswer } from '../exchange.ts';
import { badRequest, v2Status } from '../problems.ts';
import { actorOf } from '../rest/noun.ts';
import { type ApiPart, collectionPart } from './api-part.ts';
import type { Collection, Column } from './collection.ts';
import { json } from './collection-endpoints.ts';
import type { Refusal } from './endpoint.ts';
import { readSelectors } from './list-query.ts';
import { filtered } from './listing.ts';
import { isDryRun, readDeleteTerms } from './put-terms.ts';
import { recordCollection } from './record-collection.ts';

export type DiscoveryPartDeps = {
  readonly clock: Clock;
  readonly serverName: string;
  readonly pxe: { readonly discoveries: Discoveries };
};

type Item = Kept<Discovery>;

export function discoveryCollection(discoveries: Discoveries): Collection<Item> {
  const rackIn = ({ value }: Item) =>
    value.wish.rack ?? discoveries.view(value).guess?.rack ?? undefined;
  const columns: Readonly<Record<keyof typeof discoveryColumns, Omit<Column<Item>, 'name'>>> = {
    id: { text: ({ value }) => value.id },
    serial: { text: ({ value }) => serialOf(value) || undefined },
    mac: { text: ({ value }) => value.mac },
    state: { text: ({ value }) => value.state },
    confirmed: { text: ({ value }) => String(isConfirmed(value)) },
    conflict: {
      text: ({ value }) => discoveries.view(value).conflict?.kind,
      path: 'conflict.kind',
    },
    rack: {
      text: (item) => rackIn(item)?.toString(),
      number: (item) => rackIn(item) ?? Number.POSITIVE_INFINITY,
      path: 'rackGuess.rack',
    },
    network: { text: ({ value }) => value.place.network, path: 'place.network' },
    manufacturer: { text: ({ value }) => value.claims.manufacturer, path: 'claims.manufacturer' },
    product: { text: ({ value }) => value.claims.product, path: 'claims.product' },
    firstSeen: {
      text: ({ value }) => value.firstSeen,
      number: ({ value }) => instantOf(value.firstSeen),
    },
    lastSeen: {
      text: ({ value }) => value.lastSeen,
      number: ({ value }) => instantOf(value.lastSeen),
    },
  };
  return {
    ...recordCollection<Discovery, Item>({
      noun: 'discoveries',
      copy: 'the copy of discoveries',
      records: discoveries.records,
      made: (kept) => [...kept.values()],
      nameOf: ({ value }) => value.id,
      revisionOf: ({ revision }) => revision,
      stampOf: ({ revision }) => revision,
      columns,
      toJson: (item) => toJson(item, discoveries),
      detail: (item) => ({
        ...toJson(item, discoveries),
        facts: item.value.facts?.json ?? null,
      }),
    }),
    // A conflict comes and goes with other machines.
    ages: true,
  };
}

export function discoveryPart({ clock, serverName, pxe }: DiscoveryPartDeps): ApiPart {
  const { discoveries } = pxe;
  const collection = discoveryCollection(discoveries);
  type Decided = Awaited<ReturnType<Discoveries['edit']>>;
  const shown = (decided: Decided) => {
    if (!decided.ok) return fail({ problem: decided.error });
    const { discovery: value, revision } = decided.value;
    return ok(json(toJson({ value, revision }, discoveries), { etag: `"${revision}"` }));
  };
  return collectionPart(discoveryReads, collection, 'id', clock, [
    {
      operation: patchDiscovery,
      handle: async ({ exchange, parameters, query, body }) => {
        const terms = readDeleteTerms(exchange, query);
        if (!terms.ok) return terms;
        const patch = patchOf(body as DiscoveryPatchV2);
        const actor = actorOf(exchange, serverName);
        return shown(await discoveries.edit(idIn(parameters), patch, terms.value, actor));
      },
    },
    {
      operation: approveDiscovery,
      handle: async ({ exchange, parameters, query, body }) => {
        const terms = { dryRun: isDryRun(query) };
        const asked = approvalOf(body as ApprovalV2);
        const actor = actorOf(exchange, serverName);
        return shown(await discoveries.approve(idIn(parameters), asked, terms, actor));
      },
    },
    {
      operation: rejectDiscovery,
      handle: async ({ exchange, parameters, query, body }) => {
        const terms = { dryRun: isDryRun(query) };
        const { reason } = body as RejectionV2;
        const actor = actorOf(exchange, serverName);
        return shown(await discoveries.reject(idIn(parameters), { reason }, terms, actor));
      },
    },
    {
      operation: forgetDiscovery,
      handle: async ({ exchange, parameters, query }) => {
        const terms = readDeleteTerms(exchange, query);
        if (!terms.ok) return terms;
        const actor = actorOf(exchange, serverName);
        const gone = await discoveries.forget(idIn(parameters), terms.value, actor);
        return gone.ok ? ok(emptyAnswer(204)) : fail({ problem: gone.error });
      },
    },
    {
      operation: bulkDiscoveries,
      // Each of them is a commit of its own.
      isPiecemeal: () => true,
      handle: async ({ exchange, query, body }) => {
        const asked = body as DiscoveryBulkV2;
        const ways = [asked.approve, asked.reject, asked.forget].filter((way) => way !== undefined);
        if (ways.length !== 1) return wrong('', 'must have one of approve, reject and forget');
        const meant = selected(collection, asked.select);
        if (!meant.ok) return meant;
        if (meant.value.length !== asked.expect) {
          const text = `${meant.value.length} discoveries are selected, ${asked.expect} were expected; nothing was done`;
          const count = meant.value.length;
          return fail({ problem: { kind: 'count-differs', text, selected: count } });
        }
        const { receipt: _, ...actor } = actorOf(exchange, serverName);
        const terms = { dryRun: isDryRun(query) };
        const items = [];
        for (const name of meant.value) {
          const done = await decideOne(discoveries, name, asked, terms, actor);
          items.push(
            done.ok
              ? { name, outcome: 'done', serial: done.value.discovery.decision?.serial ?? null }
              : {
                  ...{ name, outcome: 'failed', serial: null },
                  problem: {
                    type: `urn:tetsukan:problem:${done.error.kind}`,
                    status: v2Status(done.error.kind),
                    detail: done.error.text,
                  },
                },
          );
        }
        const failed = items.filter(({ outcome }) => outcome === 'failed').length;
        const counts = { selected: items.length, done: items.length - failed, failed };
        return ok(json({ ...counts, items }));
      },
    },
  ]);
}

function decideOne(
  discoveries: Discoveries,
  id: string,
  { approve, reject }: DiscoveryBulkV2,
  terms: { readonly dryRun: boolean },
  actor: ReturnType<typeof actorOf>,
) {
  if (approve !== undefined) return discoveries.approve(id, approvalOf(approve), terms, actor);
  if (reject !== undefined) return discoveries.reject(id, reject, terms, actor);
  return discoveries.forget(id, terms, actor);
}

function selected(
  collection: Collection<Item>,
  { names, fieldSelector }: DiscoveryBulkV2['select'],
): Result<readonly string[], Refusal> {
  if ((names === undefined) === (fieldSelector === undefined)) {
    return wrong('/select', 'must have one of names and fieldSelector');
  }
  const snapshot = collection.snapshot();
  if (!snapshot.ok) return fail({ problem: snapshot.error });
  const { items } = snapshot.value;
  if (names !== undefined) {
    const wanted = new Set(names);
    return ok(items.map(collection.nameOf).filter((name) => wanted.has(name)));
  }
  const selectors = readSelectors(collection, new Map([['fieldSelector', fieldSelector ?? '']]));
  if (!selectors.ok) return selectors;
  return ok(filtered(collection, items, selectors.value).map(collection.nameOf));
}

function wrong(pointer: string, detail: string): Result<never, Refusal> {
  const where = pointer === '' ? 'the body' : pointer.slice(1);
  return fail({ problem: badRequest(`${where} ${detail}`), places: [{ pointer, detail }] });
}

/** With colons and capitals, too: people copy addresses from labels. */
function idIn(parameters: ReadonlyMap<string, string>): string {
  const text = parameters.get('id') ?? '';
  const mac = parseDiscoveryId(text);
  return mac.ok ? discoveryId(mac.value) : text;
}

function approvalOf({ labels, ...asked }: ApprovalV2): Approval {
  return {
    ...asked,
    ...(labels === undefined ? {} : { labels: labelMap(Object.entries(labels)) }),
  };
}

function patchOf({ labels, ...patch }: DiscoveryPatchV2): DiscoveryPatch {
  if (labels === undefined) return patch as DiscoveryPatch;
  const map = labels === null ? null : labelMap(Object.entries(labels as Record<string, string>));
  return { ...(patch as DiscoveryPatch), labels: map };
}

function toJson({ value, revision }: Item, discoveries: Pick<Discoveries, 'view'>): DiscoveryV2 {
  const { id, state, mac, firstSeen, lastSeen, signs, claims, place, wish, decision } = value;
  const { guess, conflict, rule } = discoveries.view(value);
  const claim = (name: keyof Claims) => claims[name] ?? null;
  const spot = (name: keyof typeof place) => place[name] ?? null;
  return {
    ...{ id, revision, state, serial: serialOf(value) || null, mac, firstSeen, lastSeen },
    confirmed: isConfirmed(value),
    signs: [...signs],
    claims: {
      ...{ serial: claim('serial'), uuid: claim('uuid'), manufacturer: claim('manufacturer') },
      ...{ product: claim('product'), asset: claim('asset'), macs: [...value.macs] },
      ...{ vendorClass: claim('vendorClass'), userClass: claim('userClass') },
      ...{ architecture: claim('architecture'), buildarch: claim('buildarch') },
      ...{ platform: claim('platform'), hostName: claim('hostName') },
    },
    place: {
      ...{ address: spot('address'), network: spot('network'), relay: spot('relay') },
      ...{ circuit: spot('circuit'), remote: spot('remote'), interface: spot('interface') },
      proof: spot('proof'),
    },
    rackGuess: guess ?? null,
    wish: {
      ...{ serial: wish.serial ?? null, role: wish.role ?? null, rack: wish.rack ?? null },
      labels: wish.labels === undefined ? null : Object.fromEntries(wish.labels),
      bmcType: wish.bmcType ?? null,
    },
    conflict: conflict ?? null,
    rule: rule ?? null,
    decision:
      decision === undefined
        ? null
        : { ...decision, rule: decision.rule ?? null, serial: decision.serial ?? null },
    factsAt: value.facts === undefined ? null : formatInstant(instantOf(value.facts.at)),
  };
}
