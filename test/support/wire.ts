/** DHCP messages as real programs sent them (test/wire/*.hex). */

import { readdirSync, readFileSync } from 'node:fs';

export type Capture = {
  /** `uefi-http-r1-ovmf-discover`. */
  readonly name: string;
  /** Which program sent it, and what is special about it. */
  readonly note: string;
  readonly bytes: Uint8Array;
};

const folder = new URL('../wire/', import.meta.url);

export const captures: readonly Capture[] = readdirSync(folder)
  .filter((file) => file.endsWith('.hex'))
  .sort()
  .map(readCapture);

export function captured(name: string): Uint8Array {
  const found = captures.find((capture) => capture.name === name);
  if (found === undefined) throw new Error(`there is no test/wire/${name}.hex`);
  return found.bytes.slice();
}

export function bytesOfHex(hex: string): Uint8Array {
  const pairs = hex.replace(/\s/g, '').match(/../g) ?? [];
  return Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16));
}

function readCapture(file: string): Capture {
  const lines = readFileSync(new URL(file, folder), 'utf8').split('\n');
  const isNote = (line: string): boolean => line.startsWith('#');
  return {
    name: file.replace(/\.hex$/, ''),
    note: lines
      .filter(isNote)
      .map((line) => line.slice(1).trim())
      .join(' '),
    bytes: bytesOfHex(lines.filter((line) => !isNote(line)).join('')),
  };
}
