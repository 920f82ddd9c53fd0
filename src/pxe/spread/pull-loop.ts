/**
 * Brings this server's shelf in line with the index: fetches what it lacks from the servers that have it, and clears
 * away what the index does not name any more.
 */

import { type ControlLoop, createControlLoop } from '../../base/control-loop.ts';
import type { World } from '../../base/world.ts';
import { createPeerSource, type PeerSource } from './peer-source.ts';
import type { PeerDownload, Spreadable, Wanted } from './spreadable.ts';

export type PullLoop = {
  readonly start: () => void;
  readonly stop: () => Promise<void>;
  /** Blobs that are missing here, and why as far as it was tried. */
  readonly missing: () => ReadonlyMap<string, string>;
};

/** Boots that began with an image may still ask for its second file. */
const strayGraceMs = 60_000;
/** Several servers hear of an upload at once; they do not all ask its one holder in the same instant. */
const spreadMs = 5_000;
const retryMinMs = 5_000;
const retryMaxMs = 5 * 60_000;

export function createPullLoop(deps: {
  readonly world: Pick<World, 'clock' | 'chance' | 'log'>;
  readonly blobs: Spreadable;
  readonly download: PeerDownload;
  /** Our own `<advertise-url>/`: never asked. */
  readonly ownUrl: string;
}): PullLoop {
  const { blobs, download, ownUrl } = deps;
  const { clock, chance } = deps.world;
  const log = deps.world.log.with({ blob: blobs.noun });
  const whys = new Map<string, string>();
  const strays = new Map<string, number>();
  const stops: (() => void)[] = [];
  let isStopping = false;

  /** Whoever sent all it had, and it was not taken, is asked last the next time. */
  const doubted = new Map<string, string>();
  let current: PeerSource | undefined;

  /** @returns why it is still missing. */
  const pull = async ({ id, urls }: Wanted): Promise<string | undefined> => {
    const others = urls.filter((url) => !url.startsWith(ownUrl));
    const source = createPeerSource({
      download,
      peers: lastOf(shuffled(others, chance), doubted.get(id)),
      accepts: (headers) => blobs.accepts?.(id, headers),
    });
    current = source;
    const adopted = await blobs.adopt(id, source.chunks);
    current = undefined;
    // Who stopped reading early left a connection open.
    source.abort();
    doubted.delete(id);
    if (adopted.ok) return undefined;
    const from = source.from();
    if (from !== undefined) doubted.set(id, from);
    const why = from === undefined ? adopted.error.text : `${from}: ${adopted.error.text}`;
    log.warn('a blob could not be fetched from another server', { id, why });
    return why;
  };

  const pullMissing = async (): Promise<{ againInMs?: number }> => {
    const wanted = blobs.missing();
    for (const id of whys.keys()) {
      if (!wanted.some((blob) => blob.id === id)) whys.delete(id);
    }
    for (const blob of wanted) {
      if (isStopping) break;
      const why = await pull(blob);
      if (why === undefined) whys.delete(blob.id);
      else whys.set(blob.id, why);
    }
    if (whys.size === 0) return {};
    throw new Error(`missing: ${[...whys].map((pair) => pair.join(': ')).join('; ')}`);
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
      log.info('a blob that is gone from the index was removed', { id });
    }
    return strays.size === 0 ? {} : { againInMs: strayGraceMs };
  };

  const loop: ControlLoop = createControlLoop({
    clock,
    log,
    work: (key) => (key === 'pull' ? pullMissing() : clear()),
    retryMinMs,
    retryMaxMs,
  });

  return {
    missing: () =>
      new Map(blobs.missing().map(({ id }) => [id, whys.get(id) ?? 'not asked for yet'])),
    start: () => {
      isStopping = false;
      let cancel: (() => void) | undefined;
      const wake = () => {
        loop.wake('clear');
        // Not put off by more news, which may come all the time.
        cancel ??= clock.after(chance.next() * spreadMs, () => {
          cancel = undefined;
          loop.wake('pull');
        });
      };
      stops.push(blobs.subscribe(wake), () => cancel?.());
      loop.start();
      wake();
    },
    stop: () => {
      isStopping = true;
      for (const stop of stops.splice(0)) stop();
      // A blob of gigabytes is not waited for.
      current?.abort();
      return loop.stop();
    },
  };
}

function shuffled(urls: readonly string[], chance: World['chance']): string[] {
  return urls
    .map((url) => ({ url, order: chance.next() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ url }) => url);
}

function lastOf(urls: readonly string[], last: string | undefined): readonly string[] {
  if (last === undefined || !urls.includes(last)) return urls;
  return [...urls.filter((url) => url !== last), last];
}
