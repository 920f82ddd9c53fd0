import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Content } from '../../src/pxe/http/artefact.ts';
import { createMemoryShelf } from '../../src/pxe/images/memory-shelf.ts';
import type { ImageShelf } from '../../src/pxe/images/shelf.ts';
import { createFileShelf } from '../../src/pxe/io/file-shelf.ts';
import { manualClock } from '../support/clock.ts';
import { pieces, tarOf, utf8 } from '../support/tar.ts';

const folders: string[] = [];

function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'shelf-'));
  folders.push(folder);
  return folder;
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

const bytesMax = 10_000_000;

function imageTar(kernel: string, initrd: string): Uint8Array {
  return tarOf([
    ['kernel', utf8(kernel)],
    ['initrd.gz', utf8(initrd)],
  ]);
}

async function put(shelf: ImageShelf, id: string, kernel: string, initrd = 'initrd') {
  const staged = await shelf.stage(pieces(imageTar(kernel, initrd), 4_096), bytesMax);
  if (!staged.ok) return staged.error.kind;
  const published = await staged.value.publish(id);
  await staged.value.discard();
  return published.ok ? 'done' : published.error.text;
}

/** What a reader of `[start, end)` gets, from memory or from an open file. */
async function read(content: Content | undefined, start = 0, end?: number): Promise<string> {
  if (content === undefined) return 'nothing';
  const opened = await content.open();
  if (!opened.ok) return opened.error.text;
  const to = end ?? content.sizeBytes;
  if (opened.value.kind === 'bytes') {
    return new TextDecoder().decode(opened.value.bytes.subarray(start, to));
  }
  let text = '';
  for await (const chunk of opened.value.read(start, to)) text += new TextDecoder().decode(chunk);
  return text;
}

const shelves: readonly (readonly [name: string, make: () => ImageShelf])[] = [
  ['in memory', () => createMemoryShelf(manualClock())],
  ['on disk', () => createFileShelf({ dataDir: aFolder(), memoryBytesMax: 0 })],
  ['on disk, read into memory', () => createFileShelf({ dataDir: aFolder(), memoryBytesMax: 1e8 })],
];

describe.each(shelves)('an image shelf %s', (_, make) => {
  const started = async () => {
    const shelf = make();
    expect((await shelf.start()).ok).toBe(true);
    return shelf;
  };

  it('gives back what was put, whole and in part', async () => {
    const shelf = await started();
    const kernel = 'kernel '.repeat(300_000);
    expect(await put(shelf, '1', kernel, '')).toBe('done');
    expect(shelf.ids()).toEqual(['1']);
    expect(await read(shelf.get('1')?.files.kernel)).toBe(kernel);
    expect(await read(shelf.get('1')?.files.kernel, 7, 13)).toBe('kernel');
    expect(await read(shelf.get('1')?.files['initrd.gz'])).toBe('');
  });

  it('has the same hash for the same content, another for other content', async () => {
    const shelf = await started();
    for (const [id, kernel] of [
      ['1', 'a'],
      ['2', 'a'],
      ['3', 'b'],
    ] as const) {
      await put(shelf, id, kernel);
    }
    const [one, two, three] = ['1', '2', '3'].map((id) => shelf.get(id)?.files.kernel.sha256);
    expect(one).toBe(two);
    expect(one).not.toBe(three);
    expect(one).toMatch(/^[0-9a-f]{64}$/);
  });

  it('names nothing before it is published, and nothing that was discarded', async () => {
    const shelf = await started();
    const staged = await shelf.stage(pieces(imageTar('k', 'i')), bytesMax);
    expect(shelf.ids()).toEqual([]);
    if (staged.ok) await staged.value.discard();
    expect(shelf.get('1')).toBeUndefined();
  });

  it('puts a new image in the place of one with the same name', async () => {
    const shelf = await started();
    await put(shelf, '1', 'old');
    expect(await put(shelf, '1', 'new')).toBe('done');
    expect(await read(shelf.get('1')?.files.kernel)).toBe('new');
  });

  it('lets a download that runs go on when its image is removed', async () => {
    const shelf = await started();
    await put(shelf, '1', 'still here');
    const opened = await shelf.get('1')?.files.kernel.open();
    expect((await shelf.remove('1')).ok).toBe(true);
    expect(shelf.ids()).toEqual([]);
    if (opened?.ok !== true) throw new Error('not open');
    let text = '';
    if (opened.value.kind === 'bytes') text = new TextDecoder().decode(opened.value.bytes);
    else
      for await (const chunk of opened.value.read(0, 10)) text += new TextDecoder().decode(chunk);
    expect(text).toBe('still here');
  });

  it('refuses a tar that is cut short, too large or of something else', async () => {
    const shelf = await started();
    const whole = imageTar('k'.repeat(5_000), 'i');
    const kinds = [];
    for (const [tar, max] of [
      [whole.subarray(0, 2_000), bytesMax],
      [whole, 4_000],
      [tarOf([['etc/passwd', utf8('x')]]), bytesMax],
    ] as const) {
      const staged = await shelf.stage(pieces(tar), max);
      kinds.push(staged.ok ? 'ok' : staged.error.kind);
    }
    expect(kinds).toEqual(['upload-broken', 'image-too-large', 'image-invalid']);
    expect(shelf.ids()).toEqual([]);
  });

  it('reports a source that breaks off', async () => {
    const shelf = await started();
    async function* broken() {
      yield imageTar('k'.repeat(5_000), 'i').subarray(0, 2_000);
      throw new Error('connection reset');
    }
    const staged = await shelf.stage(broken(), bytesMax);
    expect(!staged.ok && staged.error.kind).toBe('upload-broken');
  });
});

function openFilesUnder(folder: string): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const file = readlinkSync(`/proc/self/fd/${fd}`);
      return file.startsWith(folder) ? [file] : [];
    } catch {
      return [];
    }
  });
}

describe('images on disk', () => {
  it("are laid out as Sabakan's, and found again after a restart, hashes included", async () => {
    const dataDir = aFolder();
    const first = createFileShelf({ dataDir, memoryBytesMax: 0 });
    await first.start();
    await put(first, '1.2.3', 'kernel');
    expect(readdirSync(join(dataDir, 'images/coreos/1.2.3')).sort()).toEqual([
      'initrd.gz',
      'kernel',
    ]);
    const second = createFileShelf({ dataDir, memoryBytesMax: 0 });
    await second.start();
    expect(second.get('1.2.3')?.files.kernel.sha256).toBe(first.get('1.2.3')?.files.kernel.sha256);
    expect(await read(second.get('1.2.3')?.files.kernel)).toBe('kernel');
  });

  it('of another program are taken over, and hashed', async () => {
    const dataDir = aFolder();
    const folder = join(dataDir, 'images/coreos/9');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'kernel'), 'abc');
    writeFileSync(join(folder, 'initrd.gz'), '');
    const shelf = createFileShelf({ dataDir, memoryBytesMax: 0 });
    await shelf.start();
    expect(shelf.get('9')?.files.kernel.sha256).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
    writeFileSync(join(folder, 'kernel'), 'abcd');
    await shelf.start();
    expect(shelf.get('9')?.files.kernel.sha256).not.toMatch(/^ba7816/);
  });

  it('what a crash left half done is cleared away and never shown', async () => {
    const dataDir = aFolder();
    const folder = join(dataDir, 'images/coreos');
    mkdirSync(join(folder, '.upload-77-1'), { recursive: true });
    writeFileSync(join(folder, '.upload-77-1/kernel'), 'half');
    mkdirSync(join(folder, 'half'));
    writeFileSync(join(folder, 'half/kernel'), 'x');
    const shelf = createFileShelf({ dataDir, memoryBytesMax: 0 });
    await shelf.start();
    expect(shelf.ids()).toEqual([]);
    expect(readdirSync(folder)).toEqual(['half']);
  });

  it('a file that is not read to its end is closed', async () => {
    const dataDir = aFolder();
    const shelf = createFileShelf({ dataDir, memoryBytesMax: 0 });
    await shelf.start();
    await put(shelf, '1', 'k'.repeat(3_000_000));
    for (const start of [true, false]) {
      const opened = await shelf.get('1')?.files.kernel.open();
      if (opened?.ok !== true || opened.value.kind !== 'file') throw new Error('not a file');
      const iterator = opened.value.read(0, 3_000_000)[Symbol.asyncIterator]();
      if (start) await iterator.next();
      await iterator.return?.();
    }
    expect(openFilesUnder(dataDir)).toEqual([]);
  });
});
