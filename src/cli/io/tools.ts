/** The tools of a real terminal. */

import { type Command, Option } from 'commander';
import { exitCodes, Failure } from '../failure.ts';
import type { Tools } from '../grammar/tools.ts';
import { defaultServer, getJson, sendJson } from './api.ts';
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
    return (method, path, body) => sendJson(server, method, path, body);
  },
  files: sourceFiles,
  print: (text) => process.stdout.write(`${text}\n`),
  exitWith: (code) => {
    process.exitCode = code;
  },
};

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
