/** An asset as an HTTP answer: its content from here, or the way to a server that has it. */

import { fail, ok, type Result } from '../../base/result.ts';
import { instantOf, parseRfc3339 } from '../../base/time.ts';
import type { Chance } from '../../base/world.ts';
import { artefactResponse, type Content } from '../http/artefact.ts';
import { type BootRequest, type BootResponse, redirect } from '../http/message.ts';
import type { Asset } from './asset.ts';
import { assetNowhere } from './asset-problem.ts';
import type { AssetCatalog } from './catalog.ts';
import type { AssetFailure } from './records.ts';
import type { StoredAsset } from './shelf.ts';

/** The answer to GET or HEAD (Sabakan 3.1.9; ETag is ours). */
export async function assetResponse(
  deps: {
    readonly catalog: Pick<AssetCatalog, 'find'>;
    readonly chance: Chance;
    /** Our own `<advertise-url>/`: nobody is sent back to us. */
    readonly ownUrl: string;
  },
  request: BootRequest,
  name: string,
): Promise<Result<BootResponse, AssetFailure>> {
  const found = await deps.catalog.find(name);
  if (!found.ok) return found;
  const { asset, stored } = found.value;
  if (stored === undefined) {
    const peers = asset.urls.filter((url) => isSafeUrl(url) && !url.startsWith(deps.ownUrl));
    const peer = peers[Math.floor(deps.chance.next() * peers.length)];
    return peer === undefined ? fail(assetNowhere(name)) : ok(redirect(peer));
  }
  const answer = await artefactResponse(request, contentOf(asset, stored), typeOf(asset));
  return ok({
    ...answer,
    headers: new Map([
      ...answer.headers,
      ['x-sabakan-asset-id', asset.id],
      ['x-sabakan-asset-sha256', asset.sha256],
    ]),
  });
}

/** The date is the upload's, the same on all servers: their files are of different times. */
function contentOf(asset: Asset, stored: StoredAsset): Content {
  const date = parseRfc3339(asset.date);
  return {
    sizeBytes: stored.sizeBytes,
    sha256: asset.sha256,
    modifiedAt: date.ok ? instantOf(date.value) : stored.modifiedAt,
    open: stored.open,
  };
}

/** What the client said when it uploaded, unless no header may carry it. */
function typeOf({ contentType }: Asset): string {
  const isPlain = /^[\t\x20-\x7e\xa0-\xff]+$/.test(contentType);
  return isPlain ? contentType : 'application/octet-stream';
}

/** URLs come from the store, where another program may have put them. */
function isSafeUrl(url: string): boolean {
  return /^https?:\/\/[\x21-\x7e]+$/.test(url) && URL.canParse(url);
}
