import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFileSink } from '../../src/cke-bridge/io/file-sink.ts';

describe('the file sink', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'file-sink-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('reads back what it wrote and leaves nothing beside it', async () => {
    const sink = createFileSink(join(folder, 'cluster.yml'));
    expect(await sink.read()).toEqual({ ok: true, value: undefined });
    expect(await sink.write('one\n')).toEqual({ ok: true, value: undefined });
    const before = await stat(join(folder, 'cluster.yml'));
    await sink.write('two\n');
    expect(await sink.read()).toEqual({ ok: true, value: 'two\n' });
    // Another inode: a reader that holds the old one open goes on reading the old text.
    expect((await stat(join(folder, 'cluster.yml'))).ino).not.toBe(before.ino);
    expect(await readdir(folder)).toEqual(['cluster.yml']);
  });

  test('says why it cannot write or read', async () => {
    const text = async (path: string): Promise<unknown> => {
      const written = await createFileSink(path).write('x');
      return written.ok ? 'written' : written.error.text;
    };
    expect(await text(join(folder, 'nowhere', 'cluster.yml'))).toBe('its folder does not exist');
    await mkdir(join(folder, 'cluster.yml'));
    expect(await text(join(folder, 'cluster.yml'))).toBe('it is a folder');
    expect(await readdir(folder)).toEqual(['cluster.yml']);
    const read = await createFileSink(join(folder, 'cluster.yml')).read();
    expect(read).toMatchObject({ ok: false, error: { text: 'it is no regular file' } });
  });
});
