/** The files a template's source names, from the disk. */

import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Failure } from '../failure.ts';
import type { SourceFiles } from '../ignition-assembly.ts';

/** Permission bits of a mode. */
const permissions = 0o777;

export const sourceFiles: SourceFiles = {
  open: (directory, name) =>
    readable(resolve(directory, name), async (path) => ({
      text: await readFile(path, 'utf8'),
      directory: await realpath(dirname(path)),
    })),
  read: (directory, ...names) =>
    readable(join(directory, ...names), async (path) => ({
      bytes: await readFile(path),
      mode: (await stat(path)).mode & permissions,
    })),
};

async function readable<T>(path: string, read: (path: string) => Promise<T>): Promise<T> {
  try {
    return await read(path);
  } catch (problem) {
    const code = (problem as NodeJS.ErrnoException).code ?? String(problem);
    const why = { ENOENT: 'there is no such file', EACCES: 'it may not be read' }[code] ?? code;
    throw new Failure(
      `${path}: ${why}`,
      'names are relative to the directory of the file they stand in',
    );
  }
}
