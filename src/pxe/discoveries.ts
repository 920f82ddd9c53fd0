/**
 * Machines that nobody registered: noticed by what network boot sees of them, shown to people, approved or rejected by
 * them or by rules, and kept waiting meanwhile. All servers share the records; each notes what it sees itself.
 */

import type { Ipv4, MacAddress } from '../base/addresses.ts';
import type { Fence } from '../base/fence.ts';
import { brokenUnder, createMirror, type Freshness, ownWriteTimeoutMs } from '../base/mirror.ts';
import { createRecords, type Records } from '../base/records.ts';
import { ok, type Result } from '../base/result.ts';
import type { Store, StoreProblem } from '../base/store.ts';
import type { Transact } from '../base/transact.ts';
import type { World } from '../base/world.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { Machine, Serial } from '../inventory/machine.ts';
import { type CardOwners, cardOwners, createCards } from './discovery/cards.ts';
import { createDiscoveryChanges, type DiscoveryChanges } from './discovery/changes.ts';
import { createFactsDesk, type FactsDesk } from './discovery/facts-desk.ts';
import { createIntake } from './discovery/intake.ts';
import {
  type Conflict,
  conflictOf,
  guessRack,
  type RackGuess,
  type Surroundings,
} from './discovery/judge.ts';
import { decodeKnownMac, type KnownMac, knownMacPrefix } from './discovery/known-macs.ts';
import { createNotebook, type NotebookCounters } from './discovery/notebook.ts';
import { createReception, type DiscoveryNetwork, type Visitor } from './discovery/reception.ts';
import { createRuleShelf, type RuleShelf } from './discovery/rule-shelf.ts';
import { createVerdicts } from './discovery/verdicts.ts';
import {
  type Discovery,
  type DiscoveryState,
  decodeDiscovery,
  discoveryId,
  discoveryPrefix,
  serialOf,
} from './discovery.ts';
import { type DiscoveryRule, firstMatch } from './discovery-rules.ts';
import type { DiscoverySettings } from './discovery-settings.ts';
import type { LeaseBook } from './lease-book.ts';
import type { Sighting } from './sightings.ts';

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
  readonly cards: CardOwners;
  readonly rules: Pick<RuleShelf, 'records' | 'put' | 'remove'>;
  /** A listener of sightings: takes note, works later. */
  readonly note: (sighting: Sighting) => void;
  /** For `coreos/ipxe/<serial>`; undefined: whatever anybody gets. */
  readonly script: (visitor: Visitor) => string | undefined;
  /** A turn of the loop in which machines wait. */
  readonly knock: (visitor: Visitor) => string | undefined;
  /** What a discovery image found, from the machine's leased address. */
  readonly facts: FactsDesk['take'];
  /** What becomes of the machine at this address: `waiting`, `approved`, `rejected` or `unknown`. */
  readonly stateOf: (remoteAddress: string) => string;
  /** How many there are of each state. */
  readonly states: () => Readonly<Record<DiscoveryState, number>>;
  readonly counters: () => Readonly<NotebookCounters & { readonly sightingsDropped: number }>;
};

export function createDiscoveries(deps: {
  readonly fence: Fence;
  readonly store: Store;
  readonly transact: Transact;
  readonly world: Pick<World, 'clock' | 'chance' | 'log'>;
  readonly inventory: Pick<Inventory, 'find' | 'ipam' | 'register' | 'subscribe'>;
  readonly leases: Pick<LeaseBook, 'find'>;
  readonly networkOf: (address: Ipv4) => DiscoveryNetwork | undefined;
  /** Absent: nobody looks from where machines ask. */
  readonly twoPlaces?: Surroundings['twoPlaces'];
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
  const cards = createCards(knownMacs);

  const find = (serial: string): Machine | undefined =>
    serial === '' ? undefined : inventory.find(serial as Serial);
  const around = {
    get ipam() {
      return inventory.ipam();
    },
    find,
    twoPlaces: deps.twoPlaces,
    claiming: (serial: string) => [...(bySerial.get(serial)?.values() ?? [])],
    racksOfCircuit: (relay: string, circuit: string) =>
      cards.all().flatMap((known) => {
        if (known.relay !== relay || known.circuit !== circuit) return [];
        return find(known.serial)?.spec.rack ?? [];
      }),
  };
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

  const verdicts = createVerdicts({
    world: deps.world,
    serverName: deps.serverName,
    ruleFor,
    approve: (id, asked, actor) => shown(changes.approve(id, asked, {}, actor), false),
    reject: (id, asked, actor) => shown(changes.reject(id, asked, {}, actor), false),
  });

  const reception = createReception({
    now: clock.now,
    bootUrl,
    settings,
    networkOf,
    lesseeOf,
    find,
    ipam: inventory.ipam,
    knownMac: cards.of,
    knownMacsOf: cards.ofSerial,
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
    consider: verdicts.consider,
  });

  const intake = createIntake({
    clock,
    fence: deps.fence,
    networkOf,
    lesseeOf,
    isRegistered: (mac) => {
      const known = cards.of(mac);
      return known !== undefined && find(known.serial) !== undefined;
    },
    note: notebook.note,
  });
  const facts = createFactsDesk({
    clock,
    whoIs: reception.whoIs,
    isDiscovered: (id) => mirror.get(id) !== undefined,
    note: notebook.note,
  });
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
          notebook.unlearn(cards.ofSerial(serial).map(({ mac }) => mac));
        }
      });
      return ok(undefined);
    },
    stop: () => {
      stopListening();
      intake.stop();
      notebook.stop();
      for (const one of mirrors) one.stop();
    },
    freshness: () => mirror.freshness(),
    broken: () =>
      new Map([...records.broken(), ...brokenUnder(knownMacPrefix, knownMacs), ...shelf.broken()]),
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
    cards: cardOwners(cards, (serial) => find(serial) !== undefined),
    rules: shelf,
    edit: (id, patch, terms, actor) => shown(changes.edit(id, patch, terms, actor), terms.dryRun),
    approve: (id, asked, terms, actor) =>
      shown(changes.approve(id, asked, terms, actor), terms.dryRun),
    reject: (id, asked, terms, actor) =>
      shown(changes.reject(id, asked, terms, actor), terms.dryRun),
    forget: (id, terms, actor) => shown(changes.forget(id, terms, actor), terms.dryRun),
    note: intake.note,
    script: reception.script,
    knock: reception.knock,
    facts: facts.take,
    stateOf: (remoteAddress) => {
      const who = reception.whoIs(remoteAddress);
      if (who === undefined) return 'unknown';
      const known = cards.of(who.mac);
      if (known !== undefined && find(known.serial) !== undefined) return 'approved';
      const discovery = mirror.get(discoveryId(who.mac));
      return discovery?.state ?? 'unknown';
    },
    counters: () => ({ ...notebook.counters(), sightingsDropped: intake.dropped() }),
    states: () => {
      const count = (state: DiscoveryState) =>
        mirror.entries().filter(([, one]) => one.state === state).length;
      return {
        waiting: count('waiting'),
        approved: count('approved'),
        rejected: count('rejected'),
      };
    },
  };
}
