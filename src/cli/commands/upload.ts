/** `tetsu upload image` and `tetsu upload asset`. */

import type { AssetV2 } from '../../sabakan/contract/asset.ts';
import type { ImageV2 } from '../../sabakan/contract/image.ts';
import { formatBytes } from '../byte-size.ts';
import { exitCodes, Failure } from '../failure.ts';
import { printable } from '../table.ts';
import type { Uploader } from '../upload.ts';

/** @param files kernel and initrd, or one tar that holds both. */
export async function uploadImage(
  upload: Uploader,
  os: string,
  id: string,
  files: readonly string[],
): Promise<string> {
  const [kernel, initrd] = files;
  if (kernel === undefined || files.length > 2) {
    throw new Failure(
      `an image is two files, kernel and initrd, or one tar with both; ${files.length} are named`,
      'tetsu upload image coreos 3975.2.1 KERNEL INITRD',
      exitCodes.usage,
    );
  }
  refuseUnlessWord('image id', id, 'letters, digits, dots and hyphens, such as 3975.2.1');
  const { status, body } = await upload({
    path: `/api/v2/images/${encodeURIComponent(os)}/${encodeURIComponent(id)}`,
    body:
      initrd === undefined
        ? { kind: 'file', file: kernel }
        : {
            kind: 'tar',
            members: [
              ['kernel', kernel],
              ['initrd.gz', initrd],
            ],
          },
    headers: { 'content-type': 'application/x-tar' },
    label: `image ${os}/${id}`,
  });
  const { name, sizeBytes, sha256 } = body as ImageV2;
  const how = status === 201 ? 'is stored' : 'was there already, with this content';
  const hashes = sha256 && `\nkernel    ${sha256.kernel}\ninitrd.gz ${sha256['initrd.gz']}`;
  return `image ${printable(name)} ${how}: ${formatBytes(sizeBytes)}${hashes ?? ''}`;
}

export async function uploadAsset(
  upload: Uploader,
  name: string,
  file: string,
  terms: { readonly type: string; readonly replace: boolean },
): Promise<string> {
  refuseUnlessWord('asset name', name, 'a name has no /');
  const { status, body } = await upload({
    path: `/api/v2/assets/${encodeURIComponent(name)}`,
    body: { kind: 'file', file },
    headers: { 'content-type': terms.type, ...(terms.replace ? { 'if-match': '*' } : {}) },
    label: `asset ${name}`,
  });
  const { id, sizeBytes, sha256 } = body as AssetV2;
  const how = status === 201 ? 'is stored' : 'is replaced';
  return `asset ${printable(name)} ${how}: version ${id}, ${formatBytes(sizeBytes ?? 0)}, SHA-256 ${sha256}`;
}

/** What would be another path: the server never gets to judge it by its own rules. */
function refuseUnlessWord(what: string, text: string, right: string): void {
  if (text !== '' && text !== '.' && text !== '..' && !text.includes('/')) return;
  const article = /^[aeiou]/.test(what) ? 'an' : 'a';
  const shown = JSON.stringify(text.slice(0, 100));
  throw new Failure(`${shown} cannot be ${article} ${what}: ${right}`, '', exitCodes.usage);
}
