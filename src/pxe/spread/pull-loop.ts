/**
 * Brings this server's shelf in line with the index: fetches what it lacks from the servers that have it, and clears
 * away what the index does not name any more.
 */

import { createControlLoop } from '../../base/control-loop.ts';
import type { World } from '../../base/world.ts';
import { createDistrust } from './distrust.ts';
import { orderOfAsking, otherServers } from './peer-order.ts';
import { createPeerSource, type PeerSource } from './peer-source.ts';
import { isWrongContent, type PeerDownload, type Spreadable, type Wanted } from './spreadable.ts';

export type PullLoop = {
  readonly start: () => void;
  readonly stop: () => Promise<void>;
  /** Blobs that are missing here, and how far they are or why as far as it was tried. */
  readonly missing: () => ReadonlyMap<string, string>;
  /** Blobs that are on their way here, by id: how much of the tar or file has come, and from which server. */
  readonly underWay: () => ReadonlyMap<string, Pull>;
  /** URLs whose content was not what it should be, and why. */
  readonly distrusted: () => ReadonlyMap<string, string>;
  readonly counters: Readonly<PullCounters>;
};

export type Pull = {
  readonly receivedBytes: number;
  /** Undefined while none has answered. */
  readonly from: string | undefined;
};

export type PullCounters = {
  fetched: number;
  failed: number;
  /** Connections that broke in the middle of a blob. */
  brokenOff: number;
  /** Blobs that came whole and were not what they should be. */
  wrongContent: number;
};

export const noPulls: Readonly<PullCounters> = {
  fetched: 0,
  failed: 0,
  brokenOff: 0,
  wrongContent: 0,
};

export type PullSettings = {
  /** How long a blob stays that the index names no more: boots that began with it may still ask for its second file. */
  readonly strayGraceMs: number;
};

const strayGraceDefaultMs = 60_000;

/** At the same time: one that is stuck does not hold up the others, and uploads keep half of the catalog's slots. */
const pullsMax = 2;
/** Several servers hear of an upload at once; they do not all ask its one holder in the same instant. */
const spreadMs = 5_000;
const retryMinMs = 2_000;
const retryMaxMs = 60_000;

/** The servers that sent it, none when it lay here already; or why it is still missing. */
type Pulled = { readonly from: readonly string[] } | { readonly why: string };

/** What is known of one missing blob. */
type Trial = {
  /** At which servers, as the index named them. */
  readonly urls: string;
  readonly failures: number;
  readonly notBeforeMs: number;
  readonly why: string;
};

export function createPullLoop(deps: {
  readonly world: Pick<World, 'clock' | 'chance' | 'log'>;
  readonly blobs: Spreadable;
  readonly download: PeerDownload;
  /** Our own `<advertise-url>/`: never asked. */
  readonly ownUrl: string;
  readonly settings?: PullSettings | undefined;
}): PullLoop {
  const { blobs, download, ownUrl } = deps;
  const strayGraceMs = deps.settings?.strayGraceMs ?? strayGraceDefaultMs;
  const { clock, chance } = deps.world;
  const log = deps.world.log.with({ blob: blobs.noun });
  const trials = new Map<string, Trial>();
  const underWay = new Map<string, PeerSource | undefined>();
  const distrust = createDistrust();
  const counters: PullCounters = { ...noPulls };
  const strays = new Map<string, number>();
  const stops: (() => void)[] = [];
  let isStopping = false;

  const isWanted = (id: string) => blobs.missing().some((blob) => blob.id === id);

  const pull = async ({ id, urls, bytesMax }: Wanted): Promise<Pulled> => {
    const whys: string[] = [];
    const distrusted = distrust.at(clock.monotonicMs());
    let peers = orderOfAsking(otherServers(urls, ownUrl), (url) => distrusted.has(url), chance);
    for (;;) {
      const { accepts } = blobs;
      const source = createPeerSource({
        clock,
        download,
        peers,
        isOwn: (url) => url.startsWith(ownUrl),
        bytesMax,
        accepts: accepts && ((headers) => accepts(id, headers)),
      });
      underWay.set(id, source);
      const adopted = await blobs.adopt(id, source.chunks);
      // Who stopped reading early left a connection open.
      source.abort();
      const senders = source.senders();
      counters.brokenOff += source.breaks();
      if (adopted.ok) {
        for (const url of senders) distrust.clear(url);
        return { from: senders };
      }
      const { text } = adopted.error;
      whys.push(source.failure() ?? [...senders, text].join(': '));
      if (source.failure() === undefined) {
        if (!isWrongContent(adopted.error)) break;
        counters.wrongContent += 1;
        for (const url of senders) {
          distrust.add(url, text, clock.monotonicMs());
          log.warn('another server has wrong content', { id, url, text });
        }
      }
      // Begun anew at those who had no part in it.
      peers = peers.filter((url) => !senders.includes(url));
      if (senders.length === 0 || peers.length === 0 || isStopping || !isWanted(id)) break;
    }
    return { why: whys.join('; ') };
  };

  /** Also when it was tried before: a server that gave us one blob may have come back, and a new holder may help. */
  const trialOf = ({ id, urls }: Wanted): Trial => {
    const known = trials.get(id);
    const named = urls.join(' ');
    if (known?.urls === named) return known;
    const nowMs = clock.monotonicMs();
    const waitMs = known === undefined ? chance.next() * spreadMs : 0;
    const trial: Trial = {
      urls: named,
      failures: known?.failures ?? 0,
      notBeforeMs: nowMs + waitMs,
      why: known?.why ?? 'not asked for yet',
    };
    trials.set(id, trial);
    return trial;
  };

  /** One pull; afterwards, or when none is due, says when to look again. */
  const pullNext = async (): Promise<{ againInMs?: number }> => {
    const wanted = blobs.missing();
    forgetOthers(wanted);
    const idle = wanted.filter(({ id }) => !underWay.has(id));
    const nowMs = clock.monotonicMs();
    const due = idle.find((blob) => trialOf(blob).notBeforeMs <= nowMs);
    if (due === undefined || isStopping) {
      const nextMs = Math.min(...idle.map((blob) => trialOf(blob).notBeforeMs));
      return Number.isFinite(nextMs) ? { againInMs: Math.max(1, nextMs - nowMs) } : {};
    }
    underWay.set(due.id, undefined);
    try {
      settle(due, await pull(due));
    } finally {
      underWay.delete(due.id);
    }
    return { againInMs: 0 };
  };

  const settle = (blob: Wanted, pulled: Pulled) => {
    const { id } = blob;
    if ('from' in pulled) {
      const { from } = pulled;
      trials.delete(id);
      if (from.length === 0) {
        // A data directory of Sabakan's, or a copy whose offer was lost: nobody had to send anything.
        log.info('a blob that lies here already is offered to the other servers', { id });
        return;
      }
      counters.fetched += 1;
      log.info('a blob was fetched from another server', { id, from: from.join(' ') });
      hurry(blob.urls);
      return;
    }
    const { why } = pulled;
    if (isStopping || !isWanted(id)) return;
    counters.failed += 1;
    const trial = trialOf(blob);
    const failures = trial.failures + 1;
    const pauseMs = Math.min(retryMaxMs, retryMinMs * 2 ** Math.min(failures - 1, 16));
    const waitMs = pauseMs * (0.5 + chance.next());
    trials.set(id, { ...trial, failures, why, notBeforeMs: clock.monotonicMs() + waitMs });
    const tell = why === trial.why ? log.debug : log.warn;
    tell('a blob could not be fetched from another server', { id, why, againInMs: waitMs });
  };

  /** A server that has just served us is back, if it was away: what else it has is asked for at once. */
  const hurry = (urls: readonly string[]) => {
    const origins = new Set(urls.map((url) => URL.parse(url)?.origin));
    for (const blob of blobs.missing()) {
      const trial = trials.get(blob.id);
      const isThere = blob.urls.some((url) => origins.has(URL.parse(url)?.origin));
      if (trial !== undefined && isThere) trials.set(blob.id, { ...trial, notBeforeMs: 0 });
    }
  };

  /** What is wanted no more is neither remembered nor read to its end. */
  const forgetOthers = (wanted: readonly Wanted[]) => {
    const ids = new Set(wanted.map(({ id }) => id));
    for (const id of trials.keys()) if (!ids.has(id)) trials.delete(id);
    for (const [id, source] of underWay) if (!ids.has(id)) source?.abort();
  };

  const clear = async (): Promise<{ againInMs?: number }> => {
    const nowMs = clock.monotonicMs();
    const ids = blobs.strays();
    for (const id of strays.keys()) if (!ids.includes(id)) strays.delete(id);
    for (const id of ids) {
      const sinceMs = strays.get(id) ?? nowMs;
      strays.set(id, sinceMs);
      if (nowMs - sinceMs < strayGraceMs) continue;
      await blobs.discardStray(id);
      strays.delete(id);
      log.info('a blob that is gone from the index was removed', { id });
    }
    if (strays.size === 0) return {};
    return { againInMs: Math.max(1, Math.min(...strays.values()) + strayGraceMs - nowMs) };
  };

  const slots = Array.from({ length: pullsMax }, (_, at) => `pull ${at + 1}`);
  const loop = createControlLoop({
    clock,
    log,
    work: (key) => (key === 'clear' ? clear() : pullNext()),
    retryMinMs,
    retryMaxMs,
  });
  const wake = () => {
    loop.wake('clear');
    // A pull that is under way would not hear of it otherwise.
    forgetOthers(blobs.missing());
    for (const slot of slots) loop.wake(slot);
  };

  return {
    counters,
    distrusted: () => distrust.at(clock.monotonicMs()),
    missing: () =>
      new Map(
        blobs.missing().map(({ id }) => {
          const source = underWay.get(id);
          const why = trials.get(id)?.why ?? 'not asked for yet';
          if (source === undefined) return [id, why];
          const from = source.senders().at(-1) ?? 'other servers';
          return [id, `being fetched: ${source.receivedBytes()} bytes from ${from} so far`];
        }),
      ),
    underWay: () =>
      new Map(
        [...underWay].map(([id, source]) => [
          id,
          { receivedBytes: source?.receivedBytes() ?? 0, from: source?.senders().at(-1) },
        ]),
      ),
    start: () => {
      isStopping = false;
      stops.push(blobs.subscribe(wake));
      loop.start();
      wake();
    },
    stop: () => {
      isStopping = true;
      for (const stop of stops.splice(0)) stop();
      // A blob of gigabytes is not waited for.
      for (const source of underWay.values()) source?.abort();
      return loop.stop();
    },
  };
}
