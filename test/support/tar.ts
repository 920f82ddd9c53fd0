/** Tar files for uploads, made by hand so that they can also be made wrong (ustar: 512-byte headers, padded content). */

const blockBytes = 512;
const encoder = new TextEncoder();

export type TarMember = readonly [name: string, content: Uint8Array, type?: string];

/** `type`: `0` a file, `2` a symbolic link, `5` a folder … */
export function tarOf(members: readonly TarMember[]): Uint8Array {
  const parts = members.flatMap(([name, content, type = '0']) => {
    const padding = (blockBytes - (content.length % blockBytes)) % blockBytes;
    return [headerOf(name, content.length, type), content, new Uint8Array(padding)];
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

/** In pieces, as sockets bring it. */
export async function* pieces(bytes: Uint8Array, size = 100): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

function headerOf(name: string, size: number, type: string): Uint8Array {
  const header = new Uint8Array(blockBytes);
  const put = (at: number, text: string) => header.set(encoder.encode(text), at);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  put(0, name);
  put(100, octal(0o644, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(size, 11));
  put(136, octal(0, 11));
  put(148, ' '.repeat(8));
  put(156, type);
  put(257, 'ustar\x0000');
  put(
    148,
    octal(
      header.reduce((sum, octet) => sum + octet, 0),
      6,
    ),
  );
  return header;
}
