/** What the pull loop must know of one kind of blob (images, assets), and how it reaches other servers. */

import type { Result } from '../../base/result.ts';

export type Wanted = {
  readonly id: string;
  readonly urls: readonly string[];
  /** Of the blob as it travels; whoever sends more sends something else. */
  readonly bytesMax: number;
};

export type AdoptProblem = { readonly kind: string; readonly text: string };

export type Spreadable = {
  readonly noun: 'image' | 'asset';
  /** What the index names and this server lacks, most wanted first. */
  readonly missing: () => readonly Wanted[];
  /**
   * Why another server's answer, by its headers (names in lower case), is not the wanted blob; undefined: it is, to the
   * last octet. Absent: headers do not tell, and only an ETag can prove that two answers are of the same content.
   */
  readonly accepts?: (id: string, headers: ReadonlyMap<string, string>) => string | undefined;
  /**
   * Takes a copy from another server onto the shelf, verified, and offers it under our own URL. `source` yields the
   * whole blob from byte 0, over several servers and connections if need be; none is opened before it is read.
   */
  readonly adopt: (
    id: string,
    source: AsyncIterable<Uint8Array>,
  ) => Promise<Result<void, AdoptProblem>>;
  /** On the shelf, but named by no index entry and no upload. */
  readonly strays: () => readonly string[];
  readonly discardStray: (id: string) => Promise<void>;
  readonly subscribe: (listener: () => void) => () => void;
};

/** Kinds of problems that say: what came, whole, is not what was asked for. All others are troubles of our own. */
const wrongContent: ReadonlySet<string> = new Set([
  'image-differs',
  'image-invalid',
  'image-too-large',
  'asset-differs',
  'upload-broken',
]);

export function isWrongContent({ kind }: AdoptProblem): boolean {
  return wrongContent.has(kind);
}

/** An edge: opens a download from another server, redirects not followed. Whoever gets one calls `close` when done. */
export type PeerDownload = (url: string, wish: DownloadWish) => Promise<Result<PeerAnswer, string>>;

export type DownloadWish = {
  /** From this byte on, if the other server can (206); otherwise it sends all (200). */
  readonly fromByte: number;
  /** A strong ETag with its quotes: the part is wanted only if it is of this content (RFC 9110 section 13.1.5). */
  readonly ifRange: string | undefined;
};

export type PeerAnswer = {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly close: () => void;
};
