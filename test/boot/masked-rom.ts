/**
 * A legacy PXE ROM that does not say that it is iPXE, made from Debian's ROM, since Debian has no other.
 *
 * Only what its DHCP says of itself is changed: no user class (77), iPXE's own option (175) renumbered to 224 (private
 * use, RFC 3942), 175 and 203 asked for no longer. So a server takes it for any vendor's ROM of architecture 0 and
 * hands it `undionly.kpxe` by TFTP; the code that asks and loads is still iPXE's.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

const rom = '/usr/lib/ipxe/qemu/pxe-virtio.rom';
/** As iPXE's linker (`zbin`) packs a section: length of what follows, LZMA of x86 code, CRC-32 without its last inversion. */
const packing = ['--format=raw', '--x86', '--lzma1=preset=9e,lc=2,lp=0,pb=0'];

/** Writes the ROM into `folder` and gives its file name. Throws where Debian's ROM is not as it was. */
export function maskedRom(folder: string): string {
  const image = readFileSync(rom);
  const section = mainSectionOf(image);
  const code = Buffer.from(xz(['--decompress', '--stdout', ...packing], section.packed));
  mask(code);
  const packed = xz(['--compress', '--stdout', ...packing], code);
  if (section.start + packed.length + checkBytes > image.length) {
    throw new Error(`${rom}: the masked code does not fit: ${packed.length} bytes`);
  }
  image.fill(0xff, section.start);
  packed.copy(image, section.start);
  image.writeUInt32LE(packed.length + checkBytes, section.start - lengthBytes);
  image.writeUInt32LE(checkOf(packed), section.start + packed.length);
  // A BIOS takes a ROM whose bytes add up to 0 (PCI Firmware 3.0 section 5.2.1.5).
  const last = image.length - 1;
  image[last] = 0;
  image[last] = -image.reduce((sum, byte) => sum + byte, 0) & 0xff;
  const file = join(folder, 'masked.rom');
  writeFileSync(file, image);
  return file;
}

const lengthBytes = 4;
const checkBytes = 4;

/** The longest packed section; its own check tells it from chance. */
function mainSectionOf(image: Buffer): { readonly start: number; readonly packed: Buffer } {
  const found = Array.from({ length: image.length - lengthBytes }, (_, at) => at)
    .map((at) => ({ start: at + lengthBytes, length: image.readUInt32LE(at) - checkBytes }))
    .filter(({ start, length }) => length > 1024 && start + length + checkBytes <= image.length)
    .map(({ start, length }) => ({ start, packed: image.subarray(start, start + length) }))
    .filter(({ start, packed }) => image.readUInt32LE(start + packed.length) === checkOf(packed))
    .toSorted((a, b) => b.packed.length - a.packed.length)[0];
  if (found === undefined) throw new Error(`${rom} holds no packed section`);
  return found;
}

function checkOf(packed: Uint8Array): number {
  return (crc32(packed) ^ 0xffffffff) >>> 0;
}

/** Changes the options of a request in place. */
function mask(code: Buffer): void {
  const userClass = only(code, Buffer.from('\x4d\x04iPXE', 'latin1'));
  const list = userClass + 6;
  const end = code.indexOf(0xff, list);
  const wanted = [...code.subarray(list + 2, end)];
  if (code[list] !== 55 || code[list + 1] !== wanted.length) {
    throw new Error(`${rom}: the list of options asked for is not behind the user class`);
  }
  const asked = wanted.filter((option) => option !== 175 && option !== 203);
  // What is behind the end mark (255) is not sent.
  code.fill(0xff, userClass, end + 1);
  code.set([55, asked.length, ...asked], userClass);
  // mov edx, 175 (its features) and mov edx, 175.177 (bus and device).
  code[only(code, Buffer.from([0xba, 0xaf, 0, 0, 0])) + 1] = privateOption;
  code[only(code, Buffer.from([0xba, 0xb1, 0xaf, 0, 0])) + 2] = privateOption;
}

const privateOption = 224;

function only(code: Buffer, pattern: Buffer): number {
  const at = code.indexOf(pattern);
  if (at === -1 || code.indexOf(pattern, at + 1) !== -1) {
    throw new Error(`${rom}: ${pattern.toString('hex')} is not there exactly once`);
  }
  return at;
}

function xz(options: readonly string[], input: Buffer): Buffer {
  return execFileSync('xz', options, { input, maxBuffer: 16 * 1024 * 1024 });
}
