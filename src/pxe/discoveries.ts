/**
 * Machines that nobody registered: noticed by what network boot sees of them, shown to people, approved or rejected by
 * them or by rules, and kept waiting meanwhile. All servers share the records; each notes what it sees itself.
 */

import { type Ipv4, type MacAddress, parseIpv4 } from '../base/addresses.ts';
import { createMirror, type Freshness } from '../base/mirror.ts';
import { createRecords, type Records } from '../base/records.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Store, StoreProblem } from '../base/store.ts';
import type { Transact } from '../base/transact.ts';
import type { World } from '../base/world.ts';
import type { Actor } from '../inventory/audit.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { Machine, Serial } from '../inventory/machine.ts';
import { createDiscoveryChanges, type DiscoveryChanges } from './discovery/changes.ts';
import { type Conflict, conflictOf, guessRack, type RackGuess } from './discovery/judge.ts';
import { decodeKnownMac, type KnownMac, knownMacPrefix } from './discovery/known-macs.ts';
import { createNotebook, type NotebookCounters } from './discovery/notebook.ts';
import { createReception, type DiscoveryNetwork, type Visitor } from './discovery/reception.ts';
import { createRuleShelf, type RuleShelf } from './discovery/rule-shelf.ts';
import { noteOfDhcp } from './discovery/sighted.ts';
import {
  type Discovery,
  decodeDiscovery,
  discoveryId,
  discoveryPrefix,
  factsBytesMax,
  serialOf,
} from './discovery.ts';
import { type DiscoveryRule, discoveryRulePrefix, firstMatch } from './discovery-rules.ts';
import type { DiscoverySettings } from './discovery-settings.ts';
import type { LeaseBook } from './lease-book.ts';
import type { Sighting } from './sightings.ts';

export type FactsProblem = { readonly status: 400 | 403 | 413 | 429; readonly text: string };

/** What is made of a discovery when it is looked at. */
export type DiscoveryView = {
  readonly guess: RackGuess | undefined;
  readonly conflict: Conflict | undefined;
  /** What the rules would decide; undefined: none matches, or something stands in the way. */
  readonly rule: string | undefined;
};

export type Discoveries = DiscoveryChanges & {
  readonly start: () => Promise<Result<void, StoreProblem>>;
  readonly stop: () => void;
  readonly freshness: () => Freshness;
  readonly broken: () => ReadonlyMap<string, string>;
  /** By `tetsukan/discoveries/<id>`. */
  readonly records: Records<Discovery>;
  readonly find: (id: string) => Discovery | undefined;
  readonly view: (discovery: Discovery) => DiscoveryView;
  readonly rules: Pick<RuleShelf, 'records' | 'put' | 'remove'>;
  /** A listener of sightings: takes note, works later. */
  readonly note: (sighting: Sighting) => void;
  /** For `coreos/ipxe/<serial>`; undefined: whatever anybody gets. */
  readonly script: (visitor: Visitor) => string | undefined;
  /** A turn of the loop in which machines wait. */
  readonly knock: (visitor: Visitor) => string | undefined;
  /** What a discovery image found, from the machine's leased address. */
  readonly facts: (remoteAddress: string, bytes: Uint8Array) => Result<void, FactsProblem>;
  /** What becomes of the machine at this address: `waiting`, `approved`, `rejected` or `unknown`. */
  readonly stateOf: (remoteAddress: string) => string;
  readonly counters: () => Readonly<NotebookCounters & { readonly sightingsDropped: number }>;
};

/** DHCP does thousands of messages a second; of those that were not looked at yet, no more are kept. */
const sightingsMax = 5_000;
const lookMs = 100;
/** A machine tells its facts once; one that tells them again and again is not listened to. */
const factsEveryMs = 10_000;
/** Machines whose last facts are remembered for that. */
const factsSeenMax = 2_000;
/** After a rule could not do what it says. */
const ruleAgainMs = 30_000;

export function createDiscoveries(deps: {
  readonly store: Store;
  readonly transact: Transact;
  readonly world: Pick<World, 'clock' | 'chance' | 'log'>;
  readonly inventory: Pick<Inventory, 'find' | 'ipam' | 'register' | 'subscribe'>;
  readonly leases: Pick<LeaseBook, 'find'>;
  readonly networkOf: (address: Ipv4) => DiscoveryNetwork | undefined;
  /** `<advertise-url>/api/v1/boot`. */
  readonly bootUrl: string;
  readonly serverName: string;
  readonly settings: DiscoverySettings;
}): Discoveries {
  const { store, transact, inventory, leases, networkOf, bootUrl, settings } = deps;
  const { clock, log } = deps.world;
  const mirror = createMirror<Discovery>({
    store,
    prefix: discoveryPrefix,
    decode: decodeDiscovery,
    clock,
    log,
  });
  const knownMacs = createMirror<KnownMac>({
    store,
    prefix: knownMacPrefix,
    decode: decodeKnownMac,
    clock,
    log,
  });
  const records = createRecords(new Map([[discoveryPrefix, mirror]]));
  const shelf = createRuleShelf(deps);
  const mirrors = [mirror, knownMacs, shelf.mirror] as const;

  const bySerial = new Map<string, Map<string, Discovery>>();
  mirror.subscribe((changes) => {
    for (const { key, before, value } of changes) {
      if (before !== undefined) bySerial.get(serialOf(before))?.delete(key);
      if (value === undefined) continue;
      const serial = serialOf(value);
      const same = bySerial.get(serial) ?? new Map<string, Discovery>();
      bySerial.set(serial, same.set(key, value));
    }
    for (const [serial, same] of bySerial) if (same.size === 0) bySerial.delete(serial);
  });
  const cardsOf = new Map<string, Map<string, KnownMac>>();
  knownMacs.subscribe((changes) => {
    for (const { key, before, value } of changes) {
      if (before !== undefined) cardsOf.get(before.serial)?.delete(key);
      if (value === undefined) continue;
      const cards = cardsOf.get(value.serial) ?? new Map<string, KnownMac>();
      cardsOf.set(value.serial, cards.set(key, value));
    }
  });

  const find = (serial: string): Machine | undefined =>
    serial === '' ? undefined : inventory.find(serial as Serial);
  const around = {
    get ipam() {
      return inventory.ipam();
    },
    find,
    claiming: (serial: string) => [...(bySerial.get(serial)?.values() ?? [])],
    racksOfCircuit: (relay: string, circuit: string) =>
      knownMacs.entries().flatMap(([, known]) => {
        if (known.relay !== relay || known.circuit !== circuit) return [];
        return find(known.serial)?.spec.rack ?? [];
      }),
  };
  const knownMac = (mac: string) => knownMacs.get(mac.replaceAll(':', '-'));
  const lesseeOf = (address: Ipv4): MacAddress | undefined => {
    const lease = leases.find(address);
    const isCurrent = lease?.mac !== undefined && lease.expiresAt > clock.now();
    return isCurrent ? (lease.mac as MacAddress) : undefined;
  };
  const notebook = createNotebook({
    world: deps.world,
    transact,
    stored: (id) => mirror.get(id),
    all: () => mirror.entries().map(([, discovery]) => discovery),
  });
  const changes = createDiscoveryChanges({
    world: deps.world,
    transact,
    inventory,
    stored: (id) => mirror.get(id),
    around,
  });
  const shown = async <T extends Awaited<ReturnType<DiscoveryChanges['edit']>>>(
    outcome: Promise<T>,
    dryRun: boolean | undefined,
  ): Promise<T> => {
    const done = await outcome;
    if (done.ok && dryRun !== true) await mirror.reached(done.value.revision, ownWriteTimeoutMs);
    return done;
  };

  const ruleFor = (discovery: Discovery): DiscoveryRule | undefined => {
    const { claims, place, mac } = discovery;
    const { manufacturer, product, vendorClass } = claims;
    return firstMatch(shelf.rules(), {
      ...{ serial: serialOf(discovery), mac, manufacturer, product, vendorClass },
      network: place.network,
      rack: guessRack(discovery, around)?.rack,
    });
  };

  /** Ids at which a rule is at work, or until when it failed and why. */
  const considered = new Map<string, { readonly untilMs: number; readonly text: string }>();
  const consider = (discovery: Discovery): string | undefined => {
    const { id } = discovery;
    const before = considered.get(id);
    if (before !== undefined && clock.monotonicMs() < before.untilMs) return before.text;
    const rule = ruleFor(discovery);
    if (rule === undefined) return 'No rule matches it: a person has to decide.';
    const text = `Rule ${rule.name} is deciding.`;
    considered.set(id, { untilMs: clock.monotonicMs() + ruleAgainMs, text });
    void decide(discovery, rule).then((failed) => {
      if (failed === undefined) considered.delete(id);
      else {
        const untilMs = clock.monotonicMs() + ruleAgainMs;
        considered.set(id, { untilMs, text: `Rule ${rule.name} could not: ${failed}` });
      }
    });
    return text;
  };

  /** @returns why it could not. */
  const decide = async (discovery: Discovery, rule: DiscoveryRule): Promise<string | undefined> => {
    const actor: Actor = { user: `rule ${rule.name}`, ip: '', host: deps.serverName };
    const { verdict } = rule;
    const { id, wish } = discovery;
    const fields = { id, rule: rule.name };
    const done =
      verdict.kind === 'reject'
        ? await shown(
            changes.reject(id, { reason: verdict.reason, rule: rule.name }, {}, actor),
            false,
          )
        : await shown(
            changes.approve(id, { ...approvalOf(verdict), ...wish, rule: rule.name }, {}, actor),
            false,
          );
    if (done.ok) {
      log.info('a rule decided about a discovered machine', { ...fields, verdict: verdict.kind });
      return undefined;
    }
    log.warn('a rule could not decide about a discovered machine', {
      ...fields,
      text: done.error.text,
    });
    return done.error.text;
  };

  const reception = createReception({
    now: clock.now,
    bootUrl,
    settings,
    networkOf,
    lesseeOf,
    find,
    ipam: inventory.ipam,
    knownMac,
    knownMacsOf: (serial) => [...(cardsOf.get(serial)?.values() ?? [])],
    stored: (id) => mirror.get(id),
    uuidOf: (id) => notebook.noted(id)?.claims.uuid ?? mirror.get(id)?.claims.uuid,
    conflictOf: (discovery) => conflictOf(discovery, around),
    note: notebook.note,
    learn: (learned) => {
      if (learned.replaces !== undefined) {
        log.info('a registered machine has a new network card', { text: learned.replaces });
      }
      notebook.learn(learned);
    },
    consider,
  });

  let queue: { readonly sighting: Sighting; readonly network: string }[] = [];
  let sightingsDropped = 0;
  let cancelLook: (() => void) | undefined;
  const look = (): void => {
    cancelLook = undefined;
    const taken = queue;
    queue = [];
    for (const { sighting, network } of taken) {
      if (sighting.by === 'dhcp') {
        const known = knownMac(sighting.mac);
        if (known !== undefined && find(known.serial) !== undefined) continue;
        notebook.note(noteOfDhcp(sighting, network));
      } else if (sighting.by === 'tftp') {
        const address = parseIpv4(sighting.client.address);
        const mac = address.ok ? lesseeOf(address.value) : undefined;
        if (mac === undefined || knownMac(mac) !== undefined) continue;
        const place = { network, address: sighting.client.address };
        notebook.note({ mac, at: sighting.at, signs: ['tftp'], claims: {}, macs: [], place });
      }
    }
  };
  const networkAt = (sighting: Sighting): DiscoveryNetwork | undefined => {
    if (sighting.by === 'dhcp') {
      const address = sighting.relay?.address ?? sighting.address;
      return address === undefined ? undefined : networkOf(address);
    }
    if (sighting.by === 'http') return undefined;
    const address = parseIpv4(sighting.client.address);
    return address.ok ? networkOf(address.value) : undefined;
  };

  const factsSeen = new Map<string, number>();
  let stopListening = (): void => {};

  return {
    start: async () => {
      for (const one of mirrors) {
        const started = await one.start();
        if (!started.ok) return started;
      }
      // A machine that is removed takes its network cards with it.
      stopListening = inventory.subscribe((all, how) => {
        if (how === 'listed') return;
        for (const { serial, after } of all) {
          if (after !== undefined) continue;
          notebook.unlearn([...(cardsOf.get(serial)?.values() ?? [])].map(({ mac }) => mac));
        }
      });
      return ok(undefined);
    },
    stop: () => {
      stopListening();
      cancelLook?.();
      notebook.stop();
      for (const one of mirrors) one.stop();
    },
    freshness: () => mirror.freshness(),
    broken: () =>
      new Map([
        ...[...mirror.broken()].map(([key, why]) => [discoveryPrefix + key, why] as const),
        ...[...knownMacs.broken()].map(([key, why]) => [knownMacPrefix + key, why] as const),
        ...[...shelf.mirror.broken()].map(
          ([key, why]) => [discoveryRulePrefix + key, why] as const,
        ),
      ]),
    records,
    find: (id) => mirror.get(id),
    view: (discovery) => {
      const conflict = conflictOf(discovery, around);
      const isOpen = conflict === undefined && discovery.state === 'waiting';
      return {
        guess: guessRack(discovery, around),
        conflict,
        rule: isOpen ? ruleFor(discovery)?.name : undefined,
      };
    },
    rules: shelf,
    edit: (id, patch, terms, actor) => shown(changes.edit(id, patch, terms, actor), terms.dryRun),
    approve: (id, asked, terms, actor) =>
      shown(changes.approve(id, asked, terms, actor), terms.dryRun),
    reject: (id, asked, terms, actor) =>
      shown(changes.reject(id, asked, terms, actor), terms.dryRun),
    forget: (id, terms, actor) => shown(changes.forget(id, terms, actor), terms.dryRun),
    note: (sighting) => {
      const network = networkAt(sighting);
      if (network === undefined || network.discovery === 'off') return;
      if (queue.length >= sightingsMax) {
        sightingsDropped += 1;
        return;
      }
      queue.push({ sighting, network: network.name });
      cancelLook ??= clock.after(lookMs, look);
    },
    script: reception.script,
    knock: reception.knock,
    facts: (remoteAddress, bytes) => {
      const who = reception.whoIs(remoteAddress);
      if (who === undefined || mirror.get(discoveryId(who.mac)) === undefined) {
        const text = `${remoteAddress} is not the leased address of a machine that was discovered`;
        return fail({ status: 403, text });
      }
      if (bytes.length > factsBytesMax) {
        return fail({ status: 413, text: `facts are at most ${factsBytesMax} octets of JSON` });
      }
      const nowMs = clock.monotonicMs();
      const last = factsSeen.get(who.mac);
      if (last !== undefined && nowMs - last < factsEveryMs) {
        return fail({
          status: 429,
          text: `facts are taken once in ${factsEveryMs / 1_000} seconds`,
        });
      }
      const facts = jsonObject(bytes);
      if (facts === undefined) return fail({ status: 400, text: 'facts are one JSON object' });
      factsSeen.delete(who.mac);
      factsSeen.set(who.mac, nowMs);
      const [oldest] = factsSeen.keys();
      if (factsSeen.size > factsSeenMax && oldest !== undefined) factsSeen.delete(oldest);
      const place = { address: remoteAddress, network: who.network.name, proof: 'lease' };
      const at = clock.now();
      notebook.note({ mac: who.mac, at, signs: ['facts'], claims: {}, macs: [], place, facts });
      return ok(undefined);
    },
    stateOf: (remoteAddress) => {
      const who = reception.whoIs(remoteAddress);
      if (who === undefined) return 'unknown';
      const known = knownMac(who.mac);
      if (known !== undefined && find(known.serial) !== undefined) return 'approved';
      const discovery = mirror.get(discoveryId(who.mac));
      return discovery?.state ?? 'unknown';
    },
    counters: () => ({ ...notebook.counters(), sightingsDropped }),
  };
}

const ownWriteTimeoutMs = 2_000;

function approvalOf(verdict: Extract<DiscoveryRule['verdict'], { readonly kind: 'approve' }>) {
  const { kind: _, labels, ...wish } = verdict;
  return labels.size === 0 ? wish : { ...wish, labels };
}

function jsonObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    const isObject = typeof json === 'object' && json !== null && !Array.isArray(json);
    return isObject ? (json as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
