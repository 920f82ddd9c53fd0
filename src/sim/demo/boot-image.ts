/** A boot image to upload: a tar of `kernel` and `initrd.gz`, generated, since nothing here executes it. */

/** ustar: 512-byte header, the file, padding to 512; two empty blocks at the end. */
const blockBytes = 512;

export function bootImage(kernelBytes: number, initrdBytes: number): Uint8Array {
  return tarOf([
    ['kernel', patterned('simulated kernel\n', kernelBytes)],
    ['initrd.gz', patterned('simulated initrd\n', initrdBytes)],
  ]);
}

export function tarOf(files: readonly (readonly [name: string, bytes: Uint8Array])[]): Uint8Array {
  const parts = files.flatMap(([name, bytes]) => {
    const padding = (blockBytes - (bytes.length % blockBytes)) % blockBytes;
    return [tarHeader(name, bytes.length), bytes, new Uint8Array(padding)];
  });
  parts.push(new Uint8Array(2 * blockBytes));
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function tarHeader(name: string, size: number): Uint8Array {
  const header = new Uint8Array(blockBytes);
  const put = (at: number, text: string) => header.set(new TextEncoder().encode(text), at);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0');
  put(0, name);
  put(100, `${octal(0o644, 7)}\0`);
  put(108, `${octal(0, 7)}\0`);
  put(116, `${octal(0, 7)}\0`);
  put(124, `${octal(size, 11)}\0`);
  put(136, `${octal(0, 11)}\0`);
  put(148, ' '.repeat(8));
  put(156, '0');
  put(257, 'ustar\0' + '00');
  const sum = header.reduce((total, octet) => total + octet, 0);
  put(148, `${octal(sum, 6)}\0 `);
  return header;
}

function patterned(text: string, length: number): Uint8Array {
  const pattern = new TextEncoder().encode(text);
  return Uint8Array.from({ length }, (_, at) => pattern[at % pattern.length] ?? 0);
}
