/** DHCP messages as real programs sent them (test/wire/*.hex). */

import { readdirSync, readFileSync } from 'node:fs';

export type Capture = {
  /** `uefi-http-r1-ovmf-discover`. */
  readonly name: string;
  /** Which program sent it, and what is special about it. */
  readonly note: string;
  readonly bytes: Uint8Array;
  /** What its sender is to be told to load. */
  readonly next: NextLoad;
};

export type NextLoad =
  | { readonly kind: 'script' }
  | { readonly kind: 'loader'; readonly by: 'tftp' | 'http'; readonly file: string }
  /** Firmware that boots, for which there is no loader. */
  | { readonly kind: 'no-loader' }
  | { readonly kind: 'boots-not' };

/** By what is in the name. A new kind of firmware is a row here. */
const nextLoads: readonly (readonly [name: RegExp, next: NextLoad])[] = [
  [/-ipxe-(discover|request)$/, { kind: 'script' }],
  [/^bios-pxe-plain-.*-rom-/, { kind: 'loader', by: 'tftp', file: 'undionly.kpxe' }],
  [/^uefi-pxe-.*-ovmf-/, { kind: 'loader', by: 'tftp', file: 'snponly.efi' }],
  [/^uefi-http-.*-ovmf-/, { kind: 'loader', by: 'http', file: 'ipxe.efi' }],
  [/^arm64-.*-aavmf-/, { kind: 'no-loader' }],
  [/-os-/, { kind: 'boots-not' }],
];

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

/** The boot file that says so, for a server that is reached under `advertiseUrl` (without a slash at its end). */
export function bootFileFor(next: NextLoad, advertiseUrl: string): string | undefined {
  if (next.kind === 'script') return `${advertiseUrl}/api/v1/boot/coreos/ipxe`;
  if (next.kind !== 'loader') return undefined;
  return next.by === 'http' ? `${advertiseUrl}/api/v1/boot/${next.file}` : next.file;
}

export function bytesOfHex(hex: string): Uint8Array {
  const pairs = hex.replace(/\s/g, '').match(/../g) ?? [];
  return Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16));
}

function readCapture(file: string): Capture {
  const lines = readFileSync(new URL(file, folder), 'utf8').split('\n');
  const isNote = (line: string): boolean => line.startsWith('#');
  const name = file.replace(/\.hex$/, '');
  const next = nextLoads.find(([pattern]) => pattern.test(name))?.[1];
  if (next === undefined) throw new Error(`no row says what ${name} is to load`);
  return {
    name,
    note: lines
      .filter(isNote)
      .map((line) => line.slice(1).trim())
      .join(' '),
    bytes: bytesOfHex(lines.filter((line) => !isNote(line)).join('')),
    next,
  };
}
