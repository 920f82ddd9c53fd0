import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createMemoryAssetShelf } from '../../src/pxe/assets/memory-shelf.ts';
import type { AssetShelf, StoredAsset } from '../../src/pxe/assets/shelf.ts';
import { createAssetFileShelf } from '../../src/pxe/io/asset-file-shelf.ts';
import { manualClock } from '../support/clock.ts';
import { sha256Hex } from '../support/digest.ts';
import { pieces, utf8 } from '../support/tar.ts';

const folders: string[] = [];
const bytesMax = 10_000_000;

function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tetsukan-assets-'));
  folders.push(folder);
  return folder;
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

async function put(shelf: AssetShelf, id: string, content: string) {
  const staged = await shelf.stage(pieces(utf8(content), 4_096), bytesMax);
  if (!staged.ok) return staged.error.kind;
  const published = await staged.value.publish(id);
  await staged.value.discard();
  return published.ok ? staged.value.sha256 : published.error.text;
}

/** What a reader of `[start, end)` gets, from memory or from an open file. */
async function read(stored: StoredAsset | undefined, start = 0, end?: number): Promise<string> {
  if (stored === undefined) return 'nothing';
  const opened = await stored.open();
  if (!opened.ok) return opened.error.text;
  const to = end ?? stored.sizeBytes;
  if (opened.value.kind === 'bytes') {
    return new TextDecoder().decode(opened.value.bytes.subarray(start, to));
  }
  let text = '';
  for await (const chunk of opened.value.read(start, to)) text += new TextDecoder().decode(chunk);
  return text;
}

const shelves: readonly (readonly [name: string, make: () => AssetShelf])[] = [
  ['in memory', () => createMemoryAssetShelf(manualClock(), sha256Hex)],
  ['on disk', () => createAssetFileShelf(aFolder())],
];

describe.each(shelves)('an asset shelf %s', (_, make) => {
  const started = async () => {
    const shelf = make();
    expect((await shelf.start()).ok).toBe(true);
    return shelf;
  };

  it('gives back what was put, whole and in part, with its size and SHA-256', async () => {
    const shelf = await started();
    const content = 'content '.repeat(300_000);
    expect(await put(shelf, '1', content)).toBe(sha256Hex(content));
    expect(await put(shelf, '2', '')).toBe(sha256Hex(''));
    expect([...shelf.ids()].sort()).toEqual(['1', '2']);
    expect(shelf.get('1')).toMatchObject({ sizeBytes: 2_400_000, sha256: sha256Hex(content) });
    expect(await read(shelf.get('1'))).toBe(content);
    expect(await read(await shelf.look('1'), 8, 15)).toBe('content');
    expect(await read(shelf.get('2'))).toBe('');
  });

  it('names nothing before it is published, and nothing that was discarded', async () => {
    const shelf = await started();
    const staged = await shelf.stage(pieces(utf8('a')), bytesMax);
    expect(shelf.ids()).toEqual([]);
    if (staged.ok) await staged.value.discard();
    expect(shelf.get('1')).toBeUndefined();
  });

  it('puts a new blob in the place of one with the same id', async () => {
    const shelf = await started();
    await put(shelf, '1', 'old one');
    await put(shelf, '1', 'new');
    expect(await read(shelf.get('1'))).toBe('new');
    expect(shelf.get('1')?.sha256).toBe(sha256Hex('new'));
  });

  it('lets a download that runs go on when its asset is removed', async () => {
    const shelf = await started();
    await put(shelf, '1', 'still here');
    const opened = await shelf.get('1')?.open();
    expect((await shelf.remove('1')).ok).toBe(true);
    expect((await shelf.remove('1')).ok).toBe(true);
    expect([shelf.ids(), await shelf.look('1')]).toEqual([[], undefined]);
    if (opened?.ok !== true) throw new Error('not open');
    let text = '';
    if (opened.value.kind === 'bytes') text = new TextDecoder().decode(opened.value.bytes);
    else
      for await (const chunk of opened.value.read(0, 10)) text += new TextDecoder().decode(chunk);
    expect(text).toBe('still here');
  });

  it('refuses more bytes than announced, and a source that breaks off', async () => {
    const shelf = await started();
    async function* broken() {
      yield utf8('half');
      throw new Error('connection reset');
    }
    const kinds = [];
    for (const [source, max] of [
      [pieces(utf8('abc'), 1), 2],
      [broken(), bytesMax],
    ] as const) {
      const staged = await shelf.stage(source, max);
      kinds.push(staged.ok ? 'ok' : staged.error.kind);
    }
    expect(kinds).toEqual(['upload-broken', 'upload-broken']);
    expect(shelf.ids()).toEqual([]);
  });
});

describe('assets on disk', () => {
  const shelfOn = async (dataDir: string) => {
    const shelf = createAssetFileShelf(dataDir);
    expect((await shelf.start()).ok).toBe(true);
    return shelf;
  };
  const checked = (shelf: AssetShelf) =>
    new Promise<void>((done) => {
      const stop = shelf.subscribe(() => {
        stop();
        done();
      });
    });

  it("are laid out as Sabakan's, and found again after a restart", async () => {
    const dataDir = aFolder();
    const first = await shelfOn(dataDir);
    await put(first, '12', 'content');
    expect(readdirSync(join(dataDir, 'assets'))).toEqual(['12']);
    expect(readFileSync(join(dataDir, 'assets/12'), 'utf8')).toBe('content');
    const second = await shelfOn(dataDir);
    await checked(second);
    expect(await read(second.get('12'))).toBe('content');
    expect(second.get('12')?.sha256).toBe(sha256Hex('content'));
  });

  it('taken over from Sabakan are served at once, and read once in the background', async () => {
    const dataDir = aFolder();
    mkdirSync(join(dataDir, 'assets'));
    writeFileSync(join(dataDir, 'lastrev'), '12345');
    writeFileSync(join(dataDir, 'assets/3'), 'of sabakan');
    writeFileSync(join(dataDir, 'assets/.tmp123'), 'half an upload of sabakan');
    writeFileSync(join(dataDir, 'assets/.upload-77-1'), 'half an upload of ours');
    writeFileSync(join(dataDir, 'assets/notes.txt'), 'of an operator');
    const shelf = await shelfOn(dataDir);
    expect(shelf.ids()).toEqual(['3']);
    expect(shelf.get('3')?.sha256).toBeUndefined();
    expect(await read(shelf.get('3'))).toBe('of sabakan');
    await checked(shelf);
    expect(shelf.get('3')?.sha256).toBe(sha256Hex('of sabakan'));
    expect(readdirSync(join(dataDir, 'assets')).sort()).toEqual(['3', 'notes.txt']);
  });

  it('that were removed or changed behind our back are noticed by a look', async () => {
    const dataDir = aFolder();
    const shelf = await shelfOn(dataDir);
    await put(shelf, '1', 'one');
    await put(shelf, '2', 'two');
    rmSync(join(dataDir, 'assets/1'));
    const gone = checked(shelf);
    expect(await shelf.look('1')).toBeUndefined();
    await gone;
    expect(shelf.ids()).toEqual(['2']);
    truncateSync(join(dataDir, 'assets/2'), 1);
    const changed = checked(shelf);
    expect(await shelf.look('2')).toMatchObject({ sizeBytes: 1, sha256: undefined });
    await changed;
    expect(shelf.get('2')?.sha256).toBe(sha256Hex('t'));
  });

  it('leave no file of an upload that failed', async () => {
    const dataDir = aFolder();
    const shelf = await shelfOn(dataDir);
    await shelf.stage(pieces(utf8('abc'), 1), 2);
    const kept = await shelf.stage(pieces(utf8('abc')), 3);
    if (kept.ok) await kept.value.discard();
    expect(readdirSync(join(dataDir, 'assets'))).toEqual([]);
  });

  it('say what is wrong with the disk, without our paths', async () => {
    const dataDir = aFolder();
    const shelf = await shelfOn(dataDir);
    rmSync(join(dataDir, 'assets'), { recursive: true });
    const staged = await shelf.stage(pieces(utf8('abc')), 3);
    expect(!staged.ok && staged.error).toEqual({
      kind: 'shelf-failed',
      text: 'the data directory has trouble (ENOENT)',
    });
    expect(existsSync(join(dataDir, 'assets'))).toBe(false);
  });

  it('stop reading in the background when the server stops', async () => {
    const dataDir = aFolder();
    mkdirSync(join(dataDir, 'assets'));
    writeFileSync(join(dataDir, 'assets/1'), '');
    truncateSync(join(dataDir, 'assets/1'), 4 * 1024 ** 3);
    const shelf = await shelfOn(dataDir);
    await shelf.stop();
    expect(shelf.get('1')?.sha256).toBeUndefined();
  });
});
