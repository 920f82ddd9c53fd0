import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ProgramFile } from '../../src/pxe/cryptsetup.ts';
import { createProgramFile } from '../../src/pxe/io/program-file.ts';

let folder: string;
let path: string;
let file: ProgramFile;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tetsukan-program-'));
  path = join(folder, 'sabakan-cryptsetup');
  file = createProgramFile(path);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function contentOf() {
  const content = await file.content();
  if (!content.ok) throw new Error(content.error.text);
  return content.value;
}

async function read(): Promise<Buffer> {
  const content = await contentOf();
  const opened = await content.open();
  if (!opened.ok || opened.value.kind !== 'file') throw new Error('it does not open');
  const chunks: Uint8Array[] = [];
  for await (const chunk of opened.value.read(0, content.sizeBytes)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

it('a program may come, be replaced and go while the server runs', async () => {
  expect(await file.content()).toMatchObject({ error: { missing: true } });
  for (const bytes of [randomBytes(3_000_000), randomBytes(3_000_000), randomBytes(10)]) {
    await writeFile(join(folder, 'new'), bytes);
    await rename(join(folder, 'new'), path);
    expect((await read()).equals(bytes)).toBe(true);
    expect(await contentOf()).toMatchObject({ sizeBytes: bytes.length, sha256: sha256(bytes) });
  }
  await rm(path);
  expect(await file.content()).toMatchObject({ error: { missing: true } });
});

it('one that is replaced between its head and its body is an error, not a mixture', async () => {
  await writeFile(path, 'old');
  const content = await contentOf();
  await writeFile(join(folder, 'new'), 'new');
  await rename(join(folder, 'new'), path);
  expect(await content.open()).toMatchObject({ ok: false });
});

it('what is no plain file is said, and never waited for', async () => {
  await promisify(execFile)('mkfifo', [path]);
  expect(await file.content()).toMatchObject({
    error: { missing: false, text: expect.stringContaining('not a plain file') },
  });
  file = createProgramFile(folder);
  expect(await file.content()).toMatchObject({ error: { missing: false } });
});
