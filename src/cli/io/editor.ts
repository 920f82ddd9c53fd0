/** The editor somebody has chosen: `VISUAL`, else `EDITOR`, else vi. */

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../failure.ts';

export async function editText(text: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tetsu-edit-'));
  const file = join(directory, 'edit.yml');
  try {
    await writeFile(file, text, { mode: 0o600 });
    const { VISUAL, EDITOR } = process.env;
    const editor = VISUAL || EDITOR || 'vi';
    // By a shell, as git does it: the variable may hold arguments.
    const child = spawn('/bin/sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('exit', resolve);
      child.on('error', reject);
    });
    if (code === 0) return await readFile(file, 'utf8');
    throw new Failure(
      `the editor (${editor}) ended with ${code ?? 'a signal'}; nothing was changed`,
      'EDITOR names another one, as in EDITOR=nano',
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
