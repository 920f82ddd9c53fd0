/** What can be wrong with an image or its upload, in words. */

import type { PreconditionFailed } from '../../base/put-terms.ts';
import type { UploadsBusy } from '../blobs/problem.ts';
import type { StillNamed } from '../choice/named.ts';
import { deletionsMax, imageKeys, imagesMax } from './image-json.ts';
import type { StageProblem } from './shelf.ts';

export type ImageProblem =
  | StageProblem
  /** Not in the index, or not (yet) on this server. */
  | { readonly kind: 'image-unknown'; readonly text: string }
  | { readonly kind: 'image-deleted-lately'; readonly text: string }
  | { readonly kind: 'image-differs'; readonly text: string }
  | { readonly kind: 'images-pinned'; readonly text: string }
  | StillNamed
  | { readonly kind: 'record-broken'; readonly key: string; readonly text: string }
  | PreconditionFailed
  | UploadsBusy;

export function invalidId(id: string): ImageProblem {
  const shown = JSON.stringify(id.slice(0, 100));
  return {
    kind: 'image-invalid',
    text: `${shown} is no image id: letters, digits, dots and hyphens, such as 3975.2.1`,
  };
}

export function unknown(id: string): ImageProblem {
  return { kind: 'image-unknown', text: `there is no image ${id}` };
}

export function brokenIndex(why: string): ImageProblem {
  const key = imageKeys.index;
  return { kind: 'record-broken', key, text: `the record ${key} cannot be read: ${why}` };
}

export function deletedLately(id: string): ImageProblem {
  return {
    kind: 'image-deleted-lately',
    text: `${id} is among the ${deletionsMax} ids removed last; use a new id`,
  };
}

export function differs(id: string): ImageProblem {
  return {
    kind: 'image-differs',
    text: `different content: image ${id} exists; images never change, use a new id`,
  };
}

export function allPinned(ids: readonly string[]): ImageProblem {
  return {
    kind: 'images-pinned',
    text: `${imagesMax} images are kept, and rules or channels name all that are there (${ids.join(', ')}): let one of them go first`,
  };
}
