/**
 * A boot image as the tar in which it travels: the same octets on every server that has it, so that a download which
 * broke off at one server goes on at another.
 */

import { ok } from '../../base/result.ts';
import type { Instant } from '../../base/time.ts';
import type { Artefact, OpenContent } from '../http/artefact.ts';
import { imageFileNames, type StoredImage } from './shelf.ts';

/** In order of names, as Sabakan answers. */
const memberNames = imageFileNames.toSorted();
const blockBytes = 512;
const trailerBytes = 2 * blockBytes;

/** What a tar takes beside its content: ours 3 KiB, one of a program with long headers and wide padding this much. */
export const tarOverheadBytesMax = 64 * 1024;

/** @param date of the upload, from the index: the files themselves have another time on each server. */
export function imageTar(image: StoredImage, date: Instant): Artefact {
  const seconds = Math.max(0, Math.floor(date / 1_000));
  const contents = memberNames.map((name) => image.files[name]);
  const sizeBytes = contents.reduce(
    (sum, content) => sum + blockBytes + content.sizeBytes + paddingOf(content.sizeBytes),
    trailerBytes,
  );
  return {
    sizeBytes,
    tag: [...contents.map(({ sha256 }) => sha256), seconds.toString(16)].join('-'),
    modifiedAt: date,
    open: async () => {
      // Both at once: an image that is removed meanwhile still goes out whole.
      const files: OpenContent[] = [];
      for (const { open } of contents) {
        const opened = await open();
        if (!opened.ok) {
          for (const file of files) close(file);
          return opened;
        }
        files.push(opened.value);
      }
      const pieces = memberNames.flatMap((name, at) => {
        const bytes = contents[at]?.sizeBytes ?? 0;
        return [
          pieceOf(tarHeader(name, bytes, seconds)),
          { sizeBytes: bytes, content: files[at] as OpenContent },
          pieceOf(new Uint8Array(paddingOf(bytes))),
        ];
      });
      pieces.push(pieceOf(new Uint8Array(trailerBytes)));
      return ok({
        kind: 'file',
        read: (start, end) => joined(pieces, start, end),
        close: () => {
          for (const { content } of pieces) close(content);
        },
      });
    },
  };
}

type Piece = { readonly sizeBytes: number; readonly content: OpenContent };

function pieceOf(bytes: Uint8Array): Piece {
  return { sizeBytes: bytes.length, content: { kind: 'bytes', bytes } };
}

function close(content: OpenContent): void {
  if (content.kind === 'file') content.close();
}

/** Octets `[start, end)` of the pieces put together. Every open file is closed in the end, whatever that is. */
function joined(pieces: readonly Piece[], start: number, end: number): AsyncIterable<Uint8Array> {
  const parts: AsyncIterator<Uint8Array>[] = [];
  let at = 0;
  for (const { sizeBytes, content } of pieces) {
    const [from, to] = [Math.max(start - at, 0), Math.min(end - at, sizeBytes)];
    at += sizeBytes;
    if (from >= to) close(content);
    else if (content.kind === 'bytes') parts.push(once(content.bytes.subarray(from, to)));
    else parts.push(content.read(from, to)[Symbol.asyncIterator]());
  }
  const endAll = async (): Promise<IteratorResult<Uint8Array, undefined>> => {
    await Promise.all(parts.splice(0).map((part) => part.return?.()));
    return { done: true, value: undefined };
  };
  const iterator = {
    next: async (): Promise<IteratorResult<Uint8Array, undefined>> => {
      for (let part = parts[0]; part !== undefined; part = parts[0]) {
        try {
          const next = await part.next();
          if (next.done !== true) return next;
        } catch (error) {
          await endAll();
          throw error;
        }
        parts.shift();
      }
      return { done: true, value: undefined };
    },
    return: endAll,
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function paddingOf(sizeBytes: number): number {
  return (blockBytes - (sizeBytes % blockBytes)) % blockBytes;
}

/** Mode 0644. name(100) mode(8) uid(8) gid(8) size(12) mtime(12) checksum(8) type(1) link(100) "ustar\0" "00" … */
function tarHeader(name: string, sizeBytes: number, modifiedSeconds: number): Uint8Array {
  const header = new Uint8Array(blockBytes);
  const put = (at: number, text: string) => header.set(new TextEncoder().encode(text), at);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0');
  put(0, name);
  put(100, octal(0o644, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(sizeBytes, 11));
  put(136, octal(modifiedSeconds, 11));
  put(148, ' '.repeat(8));
  put(156, '0');
  put(257, 'ustar\0' + '00');
  const sum = header.reduce((total, octet) => total + octet, 0);
  put(148, `${octal(sum, 6)}\0 `);
  return header;
}
