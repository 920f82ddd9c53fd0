/**
 * Brings this server's shelf in line with the index: fetches what it lacks from the servers that have it, and clears
 * away what the index does not name any more.
 */

import { type ControlLoop, createControlLoop } from '../../base/control-loop.ts';
import type { Result } from '../../base/result.ts';
import type { World } from '../../base/world.ts';
import type { ImageCatalog } from './catalog.ts';
import type { Image } from './image-json.ts';

/** An edge: opens a download from another server. Whoever gets one calls `close` when done with it. */
export type PeerDownload = (url: string) => Promise<
  Result<
    {
      readonly status: number;
      readonly chunks: AsyncIterable<Uint8Array>;
      readonly close: () => void;
    },
    string
  >
>;

export type PullLoop = {
  readonly start: () => void;
  readonly stop: () => Promise<void>;
  /** Images that are missing here, and why as far as it was tried. */
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
  readonly catalog: ImageCatalog;
  readonly download: PeerDownload;
  /** Our own `<advertise-url>/`: never asked. */
  readonly ownUrl: string;
}): PullLoop {
  const { catalog, download, ownUrl } = deps;
  const { clock, chance, log } = deps.world;
  const missing = new Map<string, string>();
  const strays = new Map<string, number>();
  const stops: (() => void)[] = [];

  const pull = async ({ id, urls }: Image): Promise<string | undefined> => {
    const others = shuffled(
      urls.filter((url) => !url.startsWith(ownUrl)),
      chance,
    );
    let why = 'no server offers it';
    for (const url of others) {
      const opened = await download(url);
      if (!opened.ok) {
        why = `${url}: ${opened.error}`;
        continue;
      }
      const { status, chunks, close } = opened.value;
      // An error page is no tar.
      const adopted = status === 200 ? await catalog.adopt(id, chunks) : undefined;
      close();
      if (adopted?.ok === true) return undefined;
      why = `${url}: ${adopted === undefined ? `HTTP ${status}` : adopted.error.text}`;
      log.warn('an image could not be fetched from another server', { id, why });
    }
    return why;
  };

  const pullMissing = async (): Promise<{ againInMs?: number }> => {
    const wanted = catalog.list().filter((image) => !image.exists);
    for (const id of missing.keys()) {
      if (!wanted.some((image) => image.id === id)) missing.delete(id);
    }
    // The newest first: it is the one that boots.
    for (const image of wanted.toReversed()) {
      const why = await pull(image);
      if (why === undefined) missing.delete(image.id);
      else missing.set(image.id, why);
    }
    if (missing.size === 0) return {};
    throw new Error(`missing: ${[...missing].map((pair) => pair.join(': ')).join('; ')}`);
  };

  const clear = async (): Promise<{ againInMs?: number }> => {
    const nowMs = clock.monotonicMs();
    const ids = catalog.strays();
    for (const id of strays.keys()) if (!ids.includes(id)) strays.delete(id);
    for (const id of ids) {
      const sinceMs = strays.get(id) ?? nowMs;
      strays.set(id, sinceMs);
      if (nowMs - sinceMs < strayGraceMs) continue;
      await catalog.discardStray(id);
      log.info('an image that is gone from the index was removed', { id });
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
    missing: () => missing,
    start: () => {
      let cancel = () => {};
      const wake = () => {
        loop.wake('clear');
        cancel();
        cancel = clock.after(chance.next() * spreadMs, () => loop.wake('pull'));
      };
      stops.push(catalog.subscribe(wake), () => cancel());
      loop.start();
      wake();
    },
    stop: () => {
      for (const stop of stops.splice(0)) stop();
      return loop.stop();
    },
  };
}

function shuffled(urls: readonly string[], chance: World['chance']): readonly string[] {
  return urls
    .map((url) => ({ url, order: chance.next() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ url }) => url);
}
