/** The tools of a real terminal. */

import { type Command, Option } from 'commander';
import { exitCodes, Failure } from '../failure.ts';
import type { Tools } from '../grammar/tools.ts';
import { oneOf } from '../nouns/noun.ts';
import { formatObjects } from '../output.ts';
import { defaultServer, getJson, openEvents, sendJson, userName } from './api.ts';
import { progress } from './progress.ts';
import { sourceFiles } from './source-files.ts';

export const terminalTools: Tools = {
  client: (command) =>
    command.addOption(
      new Option('--server <url>', 'the server to ask').env('TETSU_SERVER').default(defaultServer),
    ),
  getterOf: (command) => {
    const server = serverOf(command);
    return (path) => getJson(server, path);
  },
  senderOf: (command) => {
    const server = serverOf(command);
    return (method, path, body, terms) => sendJson(server, method, path, body, terms);
  },
  uploaderOf: (command) => {
    const server = serverOf(command);
    return async (wanted) => (await import('./upload.ts')).upload(server, wanted);
  },
  followingOf: (command, signal) => {
    const server = serverOf(command);
    return {
      get: (path) => getJson(server, path),
      open: (path, lastEventId) => openEvents(server, path, lastEventId, signal),
      pause: (ms) => pause(ms, signal),
      warn: (text) => {
        if (signal?.aborted !== true) process.stderr.write(`tetsu: ${text}\n`);
      },
    };
  },
  pause,
  files: sourceFiles,
  readInput: async (name) => (await import('./terminal.ts')).readInput(name),
  paint,
  print: (text) => process.stdout.write(`${text}\n`),
  write: (text) => process.stdout.write(text),
  warn: (text) => process.stderr.write(`${text}\n`),
  show: async (noun, objects, shown, isOne) => {
    const isTable = shown.output.kind === 'table' || shown.output.kind === 'wide';
    if (objects.length === 0 && isTable) {
      process.stderr.write(`no ${oneOf(noun)} matches\n`);
    } else process.stdout.write(await formatObjects(noun, objects, shown, isOne));
  },
  // Loaded when it is needed: most commands ask nobody.
  readRange: async (args) => (await import('./terminal.ts')).readRange(args),
  confirm: async (...asked) => (await import('./terminal.ts')).confirm(...asked),
  progress,
  userName,
  edit: async (text) => (await import('./editor.ts')).editText(text),
  nowMs: () => Date.now(),
  exitWith: (code) => {
    process.exitCode = code;
  },
};

const colours = { added: 32, changed: 33, removed: 31 } as const;

function paint(style: keyof typeof colours, text: string): string {
  // https://no-color.org
  const isPlain = !process.stdout.isTTY || (process.env['NO_COLOR'] ?? '') !== '';
  return isPlain ? text : `\u001B[${colours[style]}m${text}\u001B[0m`;
}

function serverOf(command: Command): string {
  const { server } = command.opts<{ readonly server: string }>();
  if (!/^https?:$/.test(URL.parse(server)?.protocol ?? '')) {
    throw new Failure(
      `"${server}" is no http:// or https:// URL`,
      `such as ${defaultServer}`,
      exitCodes.usage,
    );
  }
  return server;
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return;
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => clearTimeout(timer));
  });
}
