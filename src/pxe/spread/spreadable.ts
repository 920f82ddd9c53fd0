/** What the pull loop must know of one kind of blob (images, assets), and how it reaches other servers. */

import type { Result } from '../../base/result.ts';

export type Wanted = { readonly id: string; readonly urls: readonly string[] };

export type Spreadable = {
  readonly noun: 'image' | 'asset';
  /** What the index names and this server lacks, most wanted first. */
  readonly missing: () => readonly Wanted[];
  /** Why another server's answer, by its headers (names in lower case), is not the wanted blob; undefined: it is. */
  readonly accepts?: (id: string, headers: ReadonlyMap<string, string>) => string | undefined;
  /**
   * Takes a copy from another server onto the shelf, verified, and offers it under our own URL. `source` yields the
   * whole blob from byte 0, over several servers and connections if need be; none is opened before it is read.
   */
  readonly adopt: (
    id: string,
    source: AsyncIterable<Uint8Array>,
  ) => Promise<Result<void, { readonly text: string }>>;
  /** On the shelf, but named by no index entry and no upload. */
  readonly strays: () => readonly string[];
  readonly discardStray: (id: string) => Promise<void>;
  readonly subscribe: (listener: () => void) => () => void;
};

/** An edge: opens a download from another server, redirects not followed. Whoever gets one calls `close` when done. */
export type PeerDownload = (
  url: string,
  /** From this byte on, if the other server can (206); otherwise it sends all (200). */
  fromByte: number,
) => Promise<Result<PeerAnswer, string>>;

export type PeerAnswer = {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly close: () => void;
};
