/** cluster.yml as a file: written beside it, synced, renamed over it; read back to see that it is still ours. */

import { open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fail, ok, type Result } from '../../base/result.ts';
import type { ClusterSink, SinkProblem } from '../sink.ts';

/** A cluster of 5,000 nodes is about 6 MB of YAML. */
const fileBytesMax = 33_554_432;

export function createFileSink(path: string): ClusterSink {
  const beside = join(dirname(path), `.${basename(path)}.new.${process.pid}`);
  return {
    name: `file ${path}`,
    read: async () => {
      try {
        const status = await stat(path);
        if (!status.isFile()) return failed('it is no regular file');
        const { size } = status;
        if (size > fileBytesMax) {
          return failed(`it has ${size} bytes, a cluster definition at most ${fileBytesMax}`);
        }
        return ok(await readFile(path, 'utf8'));
      } catch (error) {
        return codeOf(error) === 'ENOENT' ? ok(undefined) : failed(explain(error));
      }
    },
    write: async (text) => {
      try {
        await writeSynced(beside, text);
        await rename(beside, path);
        await syncFolder(dirname(path));
        return ok(undefined);
      } catch (error) {
        await unlink(beside).catch(() => undefined);
        return failed(explain(error));
      }
    },
  };
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o644);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Without it the rename may be lost with the power. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function failed(text: string): Result<never, SinkProblem> {
  return fail({ kind: 'sink-failed', text });
}

function codeOf(error: unknown): string | undefined {
  return (error as { readonly code?: string }).code;
}

function explain(error: unknown): string {
  switch (codeOf(error)) {
    case 'ENOENT':
      return 'its folder does not exist';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'this user may not write there';
    case 'ENOSPC':
      return 'the disk is full';
    case 'EISDIR':
      return 'it is a folder';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
