/** The tools of a real terminal. */

import { resolve } from 'node:path';
import { styleText } from 'node:util';
import { type Command, Option } from 'commander';
import type { Tools } from '../grammar/tools.ts';
import { oneOf } from '../nouns/noun.ts';
import { formatObjects } from '../output.ts';
import type { Style } from '../style.ts';
import { openEvents, sendJson, userName } from './api.ts';
import { type Connection, connectionOf, defaultServer } from './connection.ts';
import { readContexts, writeContexts } from './context-file.ts';
import { progress } from './progress.ts';
import { sourceFiles } from './source-files.ts';

export const terminalTools: Tools = {
  client: (command) =>
    command
      .addOption(
        new Option('--server <url>', `the server to ask (default: ${defaultServer})`).env(
          'TETSU_SERVER',
        ),
      )
      .addOption(
        new Option('--context <name>', 'a context of tetsu context list').env('TETSU_CONTEXT'),
      )
      .addOption(
        new Option('--token-file <file>', 'that holds a token (or TETSU_TOKEN)').env(
          'TETSU_TOKEN_FILE',
        ),
      ),
  getterOf: (command) => {
    const connection = connecting(command);
    return async (path) => sendJson(await connection(), 'GET', path);
  },
  senderOf: (command) => {
    const connection = connecting(command);
    return async (method, path, body, terms) =>
      sendJson(await connection(), method, path, body, terms);
  },
  uploaderOf: (command) => {
    const connection = connecting(command);
    return async (wanted) => (await import('./upload.ts')).upload(await connection(), wanted);
  },
  followingOf: (command, signal) => {
    const connection = connecting(command);
    return {
      get: async (path) => sendJson(await connection(), 'GET', path),
      open: async function* (path, lastEventId) {
        yield* openEvents(await connection(), path, lastEventId, signal);
      },
      pause: (ms) => pause(ms, signal),
      warn: (text) => {
        if (signal?.aborted !== true) process.stderr.write(`tetsu: ${text}\n`);
      },
    };
  },
  pause,
  files: sourceFiles,
  saveFile: async (name, octets) => (await import('./terminal.ts')).saveFile(name, octets),
  readInput: async (name) => (await import('./terminal.ts')).readInput(name),
  paint,
  print: (text) => process.stdout.write(`${text}\n`),
  write: (text) => process.stdout.write(text),
  warn: (text) => process.stderr.write(`${text}\n`),
  show: async (noun, objects, shown, isOne) => {
    const isTable = shown.output.kind === 'table' || shown.output.kind === 'wide';
    if (objects.length === 0 && isTable) {
      process.stderr.write(`no ${oneOf(noun)} matches\n`);
    } else process.stdout.write(await formatObjects(noun, objects, shown, isOne, paint));
  },
  // Loaded when it is needed: most commands ask nobody.
  readRange: async (args) => (await import('./terminal.ts')).readRange(args),
  confirm: async (...asked) => (await import('./terminal.ts')).confirm(...asked),
  progress,
  userName,
  edit: async (text) => (await import('./editor.ts')).editText(text),
  nowMs: () => Date.now(),
  contexts: { read: readContexts, write: writeContexts, absolute: (path) => resolve(path) },
  exitWith: (code) => {
    process.exitCode = code;
  },
};

const formats = {
  good: 'green',
  bad: 'red',
  odd: 'yellow',
  faint: 'dim',
  added: 'green',
  changed: 'yellow',
  removed: 'red',
} as const satisfies Record<Style, string>;

/** On a terminal, unless NO_COLOR; anywhere with FORCE_COLOR: Node reads these of the stream. */
function paint(style: Style, text: string): string {
  return styleText(formats[style], text, { stream: process.stdout });
}

/** Settled at the first request, once. */
function connecting(command: Command): () => Promise<Connection> {
  let connection: Promise<Connection> | undefined;
  return () => {
    connection ??= connectionOf(command);
    return connection;
  };
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return;
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => clearTimeout(timer));
  });
}
