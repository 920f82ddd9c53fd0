/** What can be wrong with an asset or its upload, in words. */

import type { PreconditionFailed } from '../../base/put-terms.ts';
import type { BrokenUpload, ShelfProblem, UploadsBusy } from '../blobs/problem.ts';
import { assetBytesMax } from './asset.ts';

export type AssetProblem =
  | ShelfProblem
  | BrokenUpload
  | UploadsBusy
  | PreconditionFailed
  /** A name that new assets cannot have. */
  | { readonly kind: 'asset-invalid'; readonly text: string }
  | { readonly kind: 'asset-unknown'; readonly text: string }
  /** Another upload of the same name was faster. */
  | { readonly kind: 'asset-raced'; readonly text: string }
  /** The content is not what its SHA-256 says. */
  | { readonly kind: 'asset-differs'; readonly text: string }
  | { readonly kind: 'asset-too-large'; readonly text: string }
  /** In the index, but neither here nor on a server that could be named. */
  | { readonly kind: 'asset-nowhere'; readonly text: string }
  | { readonly kind: 'record-broken'; readonly key: string; readonly text: string };

export function unknownAsset(name: string): AssetProblem {
  return { kind: 'asset-unknown', text: `there is no asset ${shown(name)}` };
}

export function racedAsset(name: string): AssetProblem {
  return {
    kind: 'asset-raced',
    text: `another upload of ${shown(name)} was faster; look, then try again`,
  };
}

/** The text begins as Sabakan's. */
export function differingAsset(id: string, expected: string, actual: string): AssetProblem {
  const text = `checksum mismatch for id ${id}: expected ${expected.slice(0, 100)}, got ${actual}`;
  return { kind: 'asset-differs', text };
}

export function tooLargeAsset(bytes: number): AssetProblem {
  return { kind: 'asset-too-large', text: `${bytes} bytes are more than ${assetBytesMax}` };
}

export function assetNowhere(name: string): AssetProblem {
  const text = `no server has a copy of ${shown(name)} now; if this lasts, upload it again`;
  return { kind: 'asset-nowhere', text };
}

export function brokenRecord(key: string, why: string): AssetProblem {
  return { kind: 'record-broken', key, text: `${key} cannot be read: ${why}` };
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 100));
}
