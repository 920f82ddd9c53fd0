import { describe, expect, it } from 'vitest';
import { fail, ok } from '../../../src/base/result.ts';
import { instant } from '../../../src/base/time.ts';
import type { Content } from '../../../src/pxe/http/artefact.ts';
import { imageTar, tarOverheadBytesMax } from '../../../src/pxe/images/image-tar.ts';
import { readImageTar } from '../../../src/pxe/images/tar.ts';
import { octetsOf } from '../../support/octets.ts';
import { pieces, utf8 } from '../../support/tar.ts';

const date = instant(Date.UTC(2026, 10, 21, 6));

/** A file that counts how often it is open. */
function fileOf(text: string, open: { now: number }, modifiedMs = 0): Content {
  const bytes = utf8(text);
  return {
    sizeBytes: bytes.length,
    sha256: `hash-of-${text.slice(0, 5)}`,
    modifiedAt: instant(modifiedMs),
    open: async () => {
      open.now += 1;
      const close = () => {
        open.now -= 1;
      };
      const read = (start: number, end: number): AsyncIterable<Uint8Array> => {
        let at = start;
        const next = async () => {
          if (at >= end) return { done: true as const, value: undefined };
          at += 7;
          return { done: false as const, value: bytes.subarray(at - 7, Math.min(at, end)) };
        };
        let isOpen = true;
        const finish = async () => {
          if (isOpen) close();
          isOpen = false;
          return { done: true as const, value: undefined };
        };
        const whole = async () => {
          const step = await next();
          return step.done ? finish() : step;
        };
        return { [Symbol.asyncIterator]: () => ({ next: whole, return: finish }) };
      };
      return ok({ kind: 'file', read, close });
    },
  };
}

function anImage(modifiedMs = 0) {
  const open = { now: 0 };
  const kernel = fileOf('K'.repeat(700), open, modifiedMs);
  const initrd = fileOf('I'.repeat(1_024), open, modifiedMs);
  return { image: { id: '1', files: { kernel, 'initrd.gz': initrd } }, open };
}

describe("an image's tar", () => {
  it('is the same on two servers that got their files at different times', async () => {
    const one = imageTar(anImage(1).image, date);
    const two = imageTar(anImage(1e12).image, date);
    expect(await octetsOf(one)).toEqual(await octetsOf(two));
    expect([one.tag, one.sizeBytes, one.modifiedAt]).toEqual([
      two.tag,
      two.sizeBytes,
      two.modifiedAt,
    ]);
  });

  it('has another tag for other content and for another upload', () => {
    const { image } = anImage();
    const kernel = { ...image.files.kernel, sha256: 'other' };
    const tags = [
      imageTar(image, date).tag,
      imageTar({ ...image, files: { ...image.files, kernel } }, date).tag,
      imageTar(image, instant(date + 1_000)).tag,
    ];
    expect(new Set(tags).size).toBe(3);
  });

  it('is read back as both files', async () => {
    const seen: string[] = [];
    const tar = imageTar(anImage().image, date);
    const read = await readImageTar(pieces(await octetsOf(tar)), 10_000, async (name) => {
      let bytes = 0;
      return {
        write: async (chunk) => {
          bytes += chunk.length;
        },
        end: async () => void seen.push(`${name} ${bytes}`),
      };
    });
    expect([read.ok, seen]).toEqual([true, ['initrd.gz 1024', 'kernel 700']]);
    expect(tar.sizeBytes - 1_724).toBeLessThanOrEqual(tarOverheadBytesMax);
  });

  it('in part is that part, wherever it begins and ends, and every file is closed', async () => {
    const { image, open } = anImage();
    const tar = imageTar(image, date);
    const whole = await octetsOf(tar);
    for (const start of [0, 1, 511, 512, 1_535, 1_536, 2_047, 2_048, 2_748, 3_000, 4_095]) {
      for (const end of [start + 1, start + 513, tar.sizeBytes].filter(
        (at) => at <= whole.length,
      )) {
        expect(await octetsOf(tar, start, end)).toEqual(whole.subarray(start, end));
        expect(open.now).toBe(0);
      }
    }
  });

  it('closes both files when nobody reads it, or reads only a little', async () => {
    const { image, open } = anImage();
    const { open: openTar } = imageTar(image, date);
    const first = await openTar();
    if (first.ok && first.value.kind === 'file') first.value.close();
    const second = await openTar();
    if (!second.ok || second.value.kind !== 'file') throw new Error('it opens');
    const iterator = second.value.read(0, 4_096)[Symbol.asyncIterator]();
    await iterator.next();
    expect(open.now).toBe(2);
    await iterator.return?.();
    expect(open.now).toBe(0);
  });

  it('is not begun when one of its files cannot be opened', async () => {
    const { image, open } = anImage();
    const kernel = { ...image.files.kernel, open: async () => fail({ text: 'gone' }) };
    const opened = await imageTar({ ...image, files: { ...image.files, kernel } }, date).open();
    expect([opened.ok, open.now]).toEqual([false, 0]);
  });
});
