/** A program that operators put beside the server or replace under it: looked at anew for every download. */

import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { fail, ok } from '../../base/result.ts';
import { instant } from '../../base/time.ts';
import type { ProgramFile } from '../cryptsetup.ts';
import type { Content } from '../http/artefact.ts';
import { chunksOf } from './chunks.ts';

const nobodysFile = new Set(['ENOENT', 'ENOTDIR']);

export function createProgramFile(path: string): ProgramFile {
  /** Of the file as it was seen last: hashing takes longer than sending. */
  let known: { readonly identity: string; readonly sha256: Promise<string> } | undefined;

  const hashOf = (facts: Stats): Promise<string> => {
    const identity = identityOf(facts);
    if (known?.identity !== identity) {
      const sha256 = hashFile(path, identity);
      known = { identity, sha256 };
      sha256.catch(() => {
        if (known?.sha256 === sha256) known = undefined;
      });
    }
    return known.sha256;
  };

  const content = async (): Promise<Content> => {
    const facts = await factsOf(path);
    return {
      sizeBytes: facts.size,
      sha256: await hashOf(facts),
      modifiedAt: instant(Math.floor(facts.mtimeMs)),
      open: async () => {
        try {
          const handle = await openAs(path, identityOf(facts));
          return ok({
            kind: 'file',
            read: (start, end) => chunksOf(handle, start, end),
            close: () => void handle.close(),
          });
        } catch (error) {
          return fail({ text: `${path}: ${(error as Error).message}` });
        }
      },
    };
  };

  return {
    content: async () => {
      try {
        return ok(await content());
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        const missing = nobodysFile.has(code ?? '');
        return fail({ text: missing ? `there is no ${path}` : `${path}: ${message}`, missing });
      }
    },
  };
}

async function factsOf(path: string): Promise<Stats> {
  // Before it is opened: that would wait for ever on a pipe.
  const facts = await stat(path);
  if (!facts.isFile()) throw new Error('it is not a plain file');
  return facts;
}

/** One that was replaced since would not be what its validators say. */
async function openAs(path: string, identity: string): Promise<FileHandle> {
  const handle = await open(path, 'r');
  if (identityOf(await handle.stat()) === identity) return handle;
  await handle.close();
  throw new Error('the file was replaced just now');
}

async function hashFile(path: string, identity: string): Promise<string> {
  const handle = await openAs(path, identity);
  const { size } = await handle.stat();
  const hash = createHash('sha256');
  for await (const chunk of chunksOf(handle, 0, size)) hash.update(chunk);
  return hash.digest('hex');
}

function identityOf({ dev, ino, size, mtimeMs }: Stats): string {
  return `${dev}/${ino}/${size}/${mtimeMs}`;
}
