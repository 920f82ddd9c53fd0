/**
 * The boots of all machines, as all servers saw them: takes note of what this server sees, writes it once a second,
 * and shows what everybody wrote, with what each boot waits for.
 */

import type { Ipv4, MacAddress } from '../base/addresses.ts';
import type { Fence } from '../base/fence.ts';
import type { Freshness } from '../base/mirror.ts';
import type { Result } from '../base/result.ts';
import type { Revision, StoreProblem, Write } from '../base/store.ts';
import type { Rfc3339 } from '../base/time.ts';
import type { World } from '../base/world.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { keys } from '../inventory/keys.ts';
import type { Machine, Serial } from '../inventory/machine.ts';
import type { Boot, BootStepName, Diagnosis } from './boot.ts';
import { diagnose } from './boots/diagnose.ts';
import { createLiveBoots, type LiveBoot } from './boots/live.ts';
import { isOfBoot, type Note, noteOf, stepOf } from './boots/note.ts';
import { createPlaces, type TwoPlaces } from './boots/places.ts';
import { encodeRecord, recordKey } from './boots/record.ts';
import { createRelays, directly } from './boots/relays.ts';
import { type BootNews, createBootShelf } from './boots/shelf.ts';
import type { Surroundings } from './boots/suspicion.ts';
import { staleKeys, storedBytesMax } from './boots/sweep.ts';
import { createVigil } from './boots/vigil.ts';
import type { DhcpSighting, Sighting, Sightings } from './sightings.ts';
import type { Who } from './who.ts';

export type BootCounters = {
  /** Sightings that came faster than they could be noted. */
  readonly sightingsDropped: number;
  /** Boots of unknown machines that were not noted, since too many of them boot. */
  readonly strangersUntold: number;
  /** Beyond the steps that one boot has room for. */
  readonly stepsUntold: number;
  /** Boots that went to make room for others before they were stored. */
  readonly bootsUnstored: number;
  readonly recordsWritten: number;
  readonly recordsSwept: number;
  readonly writesFailed: number;
  /** Defects of ours in what watches network boot; logged. */
  readonly faults: number;
};

export type BootBook = {
  readonly start: () => Promise<Result<void, StoreProblem>>;
  readonly stop: () => void;
  readonly freshness: () => Freshness;
  readonly broken: () => ReadonlyMap<string, string>;
  readonly changed: () => Revision;
  readonly completeTo: () => Revision;
  /** In order of machines, oldest first; the same array while nothing changes. */
  readonly boots: () => readonly Boot[];
  /** By id; the last one of a machine by its hardware address or serial number. */
  readonly find: (name: string) => Boot | undefined;
  readonly ofSerial: (serial: string) => Boot | undefined;
  readonly diagnosisOf: (boot: Boot) => Diagnosis;
  /** From where a hardware address asks this server, when that is two places by turns. */
  readonly twoPlaces: (mac: MacAddress) => TwoPlaces | undefined;
  /** How many boots wait in vain now, by the step they wait for; without strangers that no server answers. */
  readonly stuck: () => ReadonlyMap<BootStepName, number>;
  readonly subscribe: (listener: (news: BootNews) => void) => () => void;
  readonly counters: () => BootCounters;
  /** What is stored, and how much may be. */
  readonly stored: () => {
    readonly bytes: number;
    readonly bytesMax: number;
    readonly boots: number;
  };
};

/** Noted later; the DHCP path must not wait for it. */
const queueMax = 20_000;
/** Short: what waits is held with all that was read of its message, which then outlives the youngest garbage. */
const noteEveryMs = 10;
const writeEveryMs = 1_000;
const sweepEveryMs = 30_000;
/** Of one commit: a fraction of what etcd takes in one request. */
const recordsPerCommitMax = 400;
const bytesPerCommitMax = 512 * 1024;

export function createBootBook(deps: {
  readonly world: Pick<World, 'clock' | 'log' | 'store'>;
  readonly sightings: Sightings;
  readonly fence: Fence;
  readonly serverName: string;
  readonly inventory: Pick<Inventory, 'find' | 'ownerOf' | 'freshness' | 'broken'>;
  readonly who: Who;
  readonly advertiseUrl: string;
  /** Some server of the fleet judges health. */
  readonly isProbed: boolean;
  /** When the machine last answered a probe, where that is known: on the leader. */
  readonly answeredAt: (serial: Serial) => Rfc3339 | undefined;
}): BootBook {
  const { world, serverName, inventory, who, fence } = deps;
  const { clock, store } = world;
  const shelf = createBootShelf(world);
  const live = createLiveBoots();
  const relays = createRelays();
  const places = createPlaces();
  const around: Surroundings = {
    httpPlace: new URL(deps.advertiseUrl).host,
    isProbed: deps.isProbed,
    relay: relays.of,
    twoPlaces: (mac) => places.of(mac, world.clock.now()),
  };
  const counters = { sightingsDropped: 0, recordsWritten: 0, recordsSwept: 0, writesFailed: 0 };
  let queue: Sighting[] = [];
  let noting = false;
  let sweepable: string[] = [];
  let sweptAtMs = clock.monotonicMs();
  let unsubscribe = (): void => {};
  let cancel = (): void => {};
  let stopped = false;

  const machineOf = (serial: string | undefined): Machine | undefined =>
    serial === undefined ? undefined : inventory.find(serial as Serial);

  const onSighting = (sighting: Sighting): void => {
    if (sighting.by === 'dhcp') {
      relays.heard(sighting.relay?.address ?? directly, sighting.at);
      if (sighting.message === 'discover') places.asked(sighting);
      if (!isOfBoot(sighting)) return;
      // Nearly all that an operating system asks is of no boot.
      if (stepOf(sighting) === 'os-dhcp' && !isUnderWay(sighting.mac)) return;
      if (isRepetition(sighting) || isUntold(sighting)) return;
    }
    if (queue.length >= queueMax) {
      counters.sightingsDropped += 1;
      return;
    }
    queue.push(sighting);
    if (noting) return;
    noting = true;
    clock.after(noteEveryMs, takeAll);
  };

  /** It says nothing new; a machine that may have been registered meanwhile is looked at. */
  const isRepetition = (sighting: DhcpSighting): boolean => {
    const boot = live.of(sighting.mac);
    if (boot === undefined) return false;
    if (!boot.registered && who.serialOf(sighting.mac) !== undefined) return false;
    return live.again(boot, sighting);
  };

  const takeAll = (): void => {
    noting = false;
    const told = queue;
    queue = [];
    for (const sighting of told) {
      try {
        const note = noteOf(sighting);
        if (note !== undefined) take(note);
      } catch (error) {
        fence.caught(error);
      }
    }
  };

  /** In a flood of invented machines nearly all are this; working out what each says would cost the DHCP path its time. */
  const isUntold = ({ mac, at }: DhcpSighting): boolean => {
    if (!live.isFull(at)) return false;
    if (live.of(mac) !== undefined || machineOf(who.serialOf(mac)) !== undefined) return false;
    live.counters.strangersUntold += 1;
    return true;
  };

  const take = (note: Note): void => {
    who.learn(note);
    const mac = who.macOf(note);
    const serial = note.serial ?? (mac && who.serialOf(mac)) ?? ownerOf(note.from);
    const subject = mac ?? nameless(note, serial);
    if (subject === undefined) return;
    if (!note.isBeginning && !isUnderWay(subject)) return;
    if (!live.take(subject, note, serverName, machineOf(serial) !== undefined)) return;
    const boot = live.of(subject);
    if (boot === undefined) return;
    boot.mac = mac ?? boot.mac;
    boot.serial = serial ?? boot.serial;
    boot.uuid = note.uuid ?? (mac && who.uuidOf(mac)) ?? boot.uuid;
  };

  const isUnderWay = (subject: string): boolean =>
    live.of(subject) !== undefined || vigil.has(subject);

  const ownerOf = (address: Ipv4 | undefined) =>
    address === undefined ? undefined : inventory.ownerOf(address)?.spec.serial;

  /** Of a machine whose hardware address nobody saw: who else lends addresses here does not tell us. */
  const nameless = ({ step }: Note, serial: string | undefined): string | undefined => {
    const { client } = step.facts;
    const guest = client === undefined || step.name === 'other' ? undefined : `address.${client}`;
    const known = guest === undefined ? undefined : live.of(guest);
    // What it asked for before it said its serial number is of the same boot; several machines behind one address are not.
    if (known !== undefined && (serial === undefined || (known.serial ?? serial) === serial)) {
      return guest;
    }
    return serial === undefined ? guest : `serial.${serial}`;
  };

  const vigil = createVigil({
    world,
    shelf,
    live,
    around,
    machineOf,
    answeredAt: deps.answeredAt,
    take,
  });

  const write = async (): Promise<void> => {
    const dirty: { readonly boot: LiveBoot; readonly write: Write }[] = [];
    let bytes = 0;
    for (const boot of live.all()) {
      if (!boot.isDirty) continue;
      if (dirty.length >= recordsPerCommitMax || bytes >= bytesPerCommitMax) break;
      const { mac, serial, uuid, registered, stuckAt, steps, subject, beganAt } = boot;
      const record = { server: serverName, mac, serial, uuid, registered, stuckAt, steps };
      const value = encodeRecord(record);
      bytes += value.length;
      const key = recordKey(subject, beganAt, serverName);
      dirty.push({ boot, write: { kind: 'put', key, value } });
      boot.isDirty = false;
    }
    const puts = new Set(dirty.map((one) => one.write.kind === 'put' && one.write.key));
    const swept = sweepable
      .splice(0, recordsPerCommitMax - dirty.length)
      .filter((key) => !puts.has(key));
    if (dirty.length + swept.length === 0) return;
    const deletes = swept.map((key): Write => ({ kind: 'delete', key }));
    const done = await store.commit([], [...dirty.map((one) => one.write), ...deletes]);
    if (done.ok) {
      counters.recordsWritten += dirty.length;
      counters.recordsSwept += deletes.length;
      return;
    }
    // The same once more says the same, so it may be repeated whatever became of it.
    counters.writesFailed += 1;
    for (const { boot } of dirty) boot.isDirty = true;
  };

  const sweep = (): void => {
    if (clock.monotonicMs() - sweptAtMs < sweepEveryMs || sweepable.length > 0) return;
    sweptAtMs = clock.monotonicMs();
    if (inventory.freshness().kind !== 'live' || shelf.mirror.freshness().kind !== 'live') return;
    const piles = new Map(
      Array.from(shelf.subjects(), (subject) => [
        subject,
        { entries: shelf.entries(subject), boots: shelf.boots(subject) },
      ]),
    );
    sweepable = [
      ...staleKeys(piles, (serial, wasRegistered) => {
        if (machineOf(serial) !== undefined) return 'registered';
        const isUnread = serial !== undefined && inventory.broken().has(keys.machine(serial));
        if (isUnread) return 'registered';
        return wasRegistered && serial !== undefined ? 'gone' : 'stranger';
      }),
    ];
  };

  const tick = async (): Promise<void> => {
    takeAll();
    fence.run(vigil.look);
    fence.run(sweep);
    try {
      await write();
    } catch (error) {
      fence.caught(error);
    }
    fence.run(() => live.forgetOld(clock.now()));
    if (!stopped) cancel = clock.after(writeEveryMs, () => void tick());
  };

  shelf.subscribe((_, subjects) => {
    for (const subject of subjects) {
      const boots = shelf.boots(subject);
      const last = boots.at(-1);
      if (last === undefined) continue;
      vigil.heard(last);
      const { mac, serial } = last;
      if (mac !== undefined && serial !== undefined && who.serialOf(mac) !== serial) {
        who.learn({ mac, serial });
      }
    }
  });

  const newest = (boots: readonly Boot[]): Boot | undefined =>
    boots.reduce<Boot | undefined>(
      (best, boot) => (best === undefined || boot.beganAt > best.beganAt ? boot : best),
      undefined,
    );

  const ofSerial = (serial: string): Boot | undefined =>
    newest(shelf.all().filter((boot) => boot.serial === serial));

  return {
    start: async () => {
      const started = await shelf.mirror.start();
      if (!started.ok) return started;
      stopped = false;
      unsubscribe = deps.sightings.subscribe(onSighting);
      cancel = clock.after(writeEveryMs, () => void tick());
      return started;
    },
    stop: () => {
      stopped = true;
      cancel();
      unsubscribe();
      shelf.mirror.stop();
    },
    freshness: shelf.records.freshness,
    broken: shelf.records.broken,
    changed: shelf.records.changed,
    completeTo: shelf.records.completeTo,
    boots: shelf.all,
    find: (name) => shelf.find(name) ?? shelf.boots(name.toLowerCase()).at(-1) ?? ofSerial(name),
    ofSerial,
    twoPlaces: around.twoPlaces,
    diagnosisOf: (boot) => diagnose(boot, around, clock.now()),
    stuck: vigil.stuck,
    subscribe: (listener) => shelf.subscribe((news) => listener(news)),
    counters: () => ({ ...counters, ...live.counters, faults: fence.faults() }),
    stored: () => ({
      bytes: shelf.bytes(),
      bytesMax: storedBytesMax,
      boots: shelf.all().length,
    }),
  };
}
