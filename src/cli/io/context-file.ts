/** Where contexts and tokens lie on the disk, and that nobody else reads them. */

import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Contexts, contextsToYaml, noContexts, parseContexts } from '../contexts.ts';
import { exitCodes, Failure } from '../failure.ts';

/** Of group and others. */
const notOwner = 0o077;

/** XDG Base Directory Specification; `TETSU_CONFIG` names another file. */
export function contextFile(): string {
  const { TETSU_CONFIG = '', XDG_CONFIG_HOME = '' } = process.env;
  if (TETSU_CONFIG !== '') return TETSU_CONFIG;
  const base = XDG_CONFIG_HOME === '' ? join(homedir(), '.config') : XDG_CONFIG_HOME;
  return join(base, 'tetsu', 'config.yml');
}

export async function readContexts(): Promise<Contexts> {
  const file = contextFile();
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (problem) {
    if ((problem as NodeJS.ErrnoException).code === 'ENOENT') return noContexts;
    throw unreadable(file, problem);
  }
  // Loaded here: most hosts have no such file.
  const { parse } = await import('yaml');
  let value: unknown;
  try {
    value = parse(text);
  } catch (problem) {
    throw new Failure(`${file}: no YAML: ${String(problem)}`, '', exitCodes.usage);
  }
  const contexts = parseContexts(value);
  if (!contexts.ok) {
    throw new Failure(`${file}:\n  ${contexts.error.join('\n  ')}`, '', exitCodes.usage);
  }
  const holdsToken = [...contexts.value.contexts.values()].some(({ token }) => token !== undefined);
  if (holdsToken) mustBePrivate(file);
  return contexts.value;
}

/** Whole or not at all, readable by its owner alone. */
export async function writeContexts(contexts: Contexts): Promise<void> {
  const { stringify } = await import('yaml');
  const file = contextFile();
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const beside = `${file}.${process.pid}`;
  writeFileSync(beside, stringify(contextsToYaml(contexts)), { mode: 0o600 });
  chmodSync(beside, 0o600);
  renameSync(beside, file);
}

export function readToken(file: string): string {
  let token: string;
  try {
    token = readFileSync(file, 'utf8').trim();
  } catch (problem) {
    throw unreadable(file, problem);
  }
  mustBePrivate(file);
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new Failure(`${file}: holds no token`, 'one line, as tetsu token create prints it', 2);
}

function mustBePrivate(file: string): void {
  const { mode } = statSync(file);
  if ((mode & notOwner) === 0) return;
  throw new Failure(
    `${file} holds a token and can be read by others (mode ${(mode & 0o777).toString(8)})`,
    `chmod 600 ${file}`,
    exitCodes.usage,
  );
}

function unreadable(file: string, problem: unknown): Failure {
  const code = (problem as NodeJS.ErrnoException).code ?? String(problem);
  const why = { ENOENT: 'there is no such file', EACCES: 'it may not be read' }[code] ?? code;
  return new Failure(`${file}: ${why}`, '', exitCodes.usage);
}
