/** What every command is given: how to ask the server it was told to, and where its text goes. */

import type { Command } from 'commander';
import type { Get } from '../answer.ts';
import type { Send } from '../commands/ignition.ts';
import type { SourceFiles } from '../ignition-source.ts';

export type Tools = {
  /** Adds the options of a command that asks a server. */
  readonly client: (command: Command) => Command;
  readonly getterOf: (command: Command) => Get;
  readonly senderOf: (command: Command) => Send;
  readonly files: SourceFiles;
  /** A line, or several, to standard output. */
  readonly print: (text: string) => void;
  readonly exitWith: (code: number) => void;
};
