/**
 * C functions that Node has none for, by koffi. It is a compiled library: a copy of the command may lie where there is
 * none for it, so it is loaded when it is first needed, and what then does not work is told.
 */

import { createRequire } from 'node:module';
import type { alloc, errno, load, node, os, view } from 'koffi';
import { fail, ok, type Result } from '../result.ts';

export type Native = {
  readonly load: typeof load;
  readonly errno: typeof errno;
  readonly os: typeof os;
  readonly alloc: typeof alloc;
  readonly view: typeof view;
  readonly node: Pick<typeof node, 'poll'>;
};

/** Beside the one file of `npm run build`, which copies the library there; else the package. */
const places = [`./koffi-${process.platform}-${process.arch}.node`, 'koffi'];

let loaded: Result<Native, string> | undefined;

/** @returns or a sentence that says where a library was looked for */
export function loadNative(): Result<Native, string> {
  loaded ??= firstOf(createRequire(import.meta.url));
  return loaded;
}

/** @param signature in C, of a function of libc that returns a number. */
export function libcFunction(
  signature: string,
): Result<(...given: readonly unknown[]) => number, string> {
  const native = loadNative();
  return native.ok ? ok(native.value.load('libc.so.6').func(signature)) : native;
}

/** As ENODEV. */
export function errnoName({ os }: Native, errno: number): string {
  const names = os.errno as Readonly<Record<string, number>>;
  return Object.keys(names).find((name) => names[name] === errno) ?? `errno ${errno}`;
}

function firstOf(take: (place: string) => unknown): Result<Native, string> {
  for (const place of places) {
    try {
      return ok(take(place) as Native);
    } catch {
      // The next one.
    }
  }
  return fail(
    `there is no native library: neither ${places.join(' beside the program nor the package ')}`,
  );
}
