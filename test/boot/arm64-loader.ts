/**
 * A program for arm64 UEFI that says it runs, and stays. Debian has no iPXE for arm64, so this shows how far a machine
 * of that kind comes with our server: it is given the right loader, by TFTP or HTTP, and runs it.
 */

import { writeFileSync } from 'node:fs';

/** Its name among the loaders. */
export const arm64Loader = 'loader-arm64.efi';
/** What the program writes on the console. */
export const arm64Marker = 'TETSUKAN-ARM64-LOADER-RUNS';

/**
 * entry(handle, system): ConOut is at 64 of the system table, OutputString at 8 of ConOut (UEFI 2.10 sections 4.3, 12.4).
 */
const code = [
  0xf9402020, // ldr x0, [x1, #64]
  0xf9400402, // ldr x2, [x0, #8]
  0x10000081, // adr x1, text (16 bytes on)
  0xd63f0040, // blr x2
  0xd503207f, // wfi
  0x17ffffff, // b to the wfi
];

const headBytes = 0x200;
const codeAt = 0x1000;
const bodyBytes = 0x200;

/** Writes the program: PE32+ with one section (Microsoft PE Format). */
export function writeArm64Loader(file: string): void {
  const image = Buffer.alloc(headBytes + bodyBytes);
  const at = { pe: 0x40, optional: 0x58, section: 0x58 + 0xf0 };
  image.write('MZ', 0);
  image.writeUInt32LE(at.pe, 0x3c);
  image.write('PE\0\0', at.pe, 'latin1');
  image.writeUInt16LE(0xaa64, at.pe + 4); // machine: arm64
  image.writeUInt16LE(1, at.pe + 6); // sections
  image.writeUInt16LE(0xf0, at.pe + 20); // bytes of the optional header
  image.writeUInt16LE(0x0206, at.pe + 22); // executable, no debug, no line numbers
  const field = (offset: number, value: number) =>
    void image.writeUInt32LE(value, at.optional + offset);
  image.writeUInt16LE(0x20b, at.optional); // PE32+
  field(4, bodyBytes); // code
  field(16, codeAt); // entry
  field(20, codeAt); // base of code
  field(32, 0x1000); // section alignment
  field(36, 0x200); // file alignment
  field(56, codeAt + 0x1000); // size of the image
  field(60, headBytes);
  image.writeUInt16LE(10, at.optional + 68); // subsystem: EFI application
  field(108, 16); // data directories, all empty
  image.write('.text', at.section, 'latin1');
  image.writeUInt32LE(bodyBytes, at.section + 8);
  image.writeUInt32LE(codeAt, at.section + 12);
  image.writeUInt32LE(bodyBytes, at.section + 16);
  image.writeUInt32LE(headBytes, at.section + 20);
  image.writeUInt32LE(0x60000020, at.section + 36); // code, executable, readable
  code.forEach((word, index) => {
    image.writeUInt32LE(word, headBytes + 4 * index);
  });
  image.write(`\r\n${arm64Marker}\r\n\0`, headBytes + 4 * code.length, 'utf16le');
  writeFileSync(file, image);
}
