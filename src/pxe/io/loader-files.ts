/** Reads iPXE's programs from a folder (Debian's package `ipxe` has them in `/usr/lib/ipxe`), once. */

import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ok } from '../../base/result.ts';
import { instant } from '../../base/time.ts';
import { type Loader, type Loaders, loaderNames } from '../loaders.ts';

/** iPXE is a megabyte, a kernel with its initrd in one file a hundred; and a mistaken path does not fill the memory. */
const loaderBytesMax = 128 * 1024 * 1024;

/** @param settings `ipxeEfiPath` is Sabakan's way to name another `ipxe.efi`. */
export async function readLoaders(settings: {
  readonly folder: string;
  readonly ipxeEfiPath?: string;
  /** Files beside the usual ones. */
  readonly others?: readonly string[];
}): Promise<{ readonly loaders: Loaders; readonly problems: readonly string[] }> {
  const loaders = new Map<string, Loader>();
  const problems: string[] = [];
  for (const name of new Set([...loaderNames, ...(settings.others ?? [])])) {
    const own = name === 'ipxe.efi' ? settings.ipxeEfiPath : undefined;
    const path = own ?? join(settings.folder, name);
    try {
      const facts = await stat(path);
      if (!facts.isFile()) throw new Error('it is not a plain file');
      if (facts.size > loaderBytesMax) throw new Error(`it is larger than ${loaderBytesMax} bytes`);
      const bytes = await readFile(path);
      loaders.set(name, {
        bytes,
        sizeBytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
        modifiedAt: instant(Math.floor(facts.mtimeMs)),
        open: async () => ok({ kind: 'bytes', bytes }),
      });
    } catch (error) {
      problems.push(`${path} cannot be served: ${(error as Error).message}`);
    }
  }
  return { loaders, problems };
}
