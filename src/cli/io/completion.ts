/** `tetsu __complete`: candidates for a shell, in time or not at all. */

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { listAll } from '../commands/list.ts';
import { complete } from '../completion/complete.ts';
import type { CliNoun } from '../nouns/noun.ts';
import { sendJson } from './api.ts';
import { connectionOf } from './connection.ts';

/** Somebody waits with a finger on the key. */
const listMsMax = 1_000;
/** While somebody types one command; a machine registered meanwhile appears soon enough. */
const cachedMs = 10_000;

export async function printCandidates(program: Command, words: readonly string[]): Promise<void> {
  // Nothing is said of a server that is away: the shell is in the middle of a line.
  const candidates = await complete(program, words, (command, noun) =>
    liveNames(command, noun).catch(() => []),
  );
  process.stdout.write(candidates.map((one) => `${one}\n`).join(''), () => process.exit(0));
}

async function liveNames(command: Command, noun: CliNoun): Promise<readonly string[]> {
  readEnvironment(command);
  const connection = await connectionOf(command);
  // Names seen with one token are not shown with another.
  const asked = JSON.stringify([connection.servers, connection.token, noun.names[0]]);
  const key = createHash('sha256').update(asked).digest('hex').slice(0, 32);
  const { XDG_CACHE_HOME = '' } = process.env;
  const base = XDG_CACHE_HOME === '' ? join(homedir(), '.cache') : XDG_CACHE_HOME;
  const folder = join(base, 'tetsu');
  const file = join(folder, key);
  const kept = cached(file);
  if (kept !== undefined) return kept;
  const listed = listAll((path) => sendJson(connection, 'GET', path), noun).then(({ objects }) =>
    objects.map((object) => noun.nameOf(object)),
  );
  const late = new Promise<undefined>((go) => setTimeout(go, listMsMax, undefined));
  const names = await Promise.race([listed, late]);
  if (names === undefined) return [];
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.${process.pid}`, names.join('\n'), { mode: 0o600 });
  renameSync(`${file}.${process.pid}`, file);
  return names;
}

/** Commander does it when it parses, which a line that is still being typed is not. */
function readEnvironment(command: Command): void {
  for (const option of command.options) {
    const { envVar } = option;
    const value = envVar === undefined ? undefined : process.env[envVar];
    const name = option.attributeName();
    if (value === undefined || command.getOptionValueSource(name) !== undefined) continue;
    command.setOptionValueWithSource(name, value, 'env');
  }
}

function cached(file: string): readonly string[] | undefined {
  try {
    if (Date.now() - statSync(file).mtimeMs > cachedMs) return undefined;
    const text = readFileSync(file, 'utf8');
    return text === '' ? [] : text.split('\n');
  } catch {
    return undefined;
  }
}
