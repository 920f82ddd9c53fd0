/** What every command is given: how to ask the server it was told to, and where its text goes. */

import type { Command } from 'commander';
import type { Get, Send } from '../answer.ts';
import type { Editor } from '../commands/edit.ts';
import type { Contexts } from '../contexts.ts';
import type { SourceFiles } from '../ignition-assembly.ts';
import type { Progress } from '../many.ts';
import type { CliNoun } from '../nouns/noun.ts';
import type { Shown } from '../output.ts';
import type { NodeRange } from '../ranges.ts';
import type { Paint } from '../style.ts';
import type { Uploader } from '../upload.ts';
import type { Following } from '../watch/follow.ts';

export type Tools = {
  /** Adds the options of a command that asks a server. */
  readonly client: (command: Command) => Command;
  readonly getterOf: (command: Command) => Get;
  readonly senderOf: (command: Command) => Send;
  readonly uploaderOf: (command: Command) => Uploader;
  /** What a watch needs; the signal ends it. */
  readonly followingOf: (command: Command, signal?: AbortSignal) => Following;
  /** Never resolves once the signal has come. */
  readonly pause: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly files: SourceFiles;
  /** A file's bytes; `-` is standard input. */
  readonly readInput: (name: string) => Promise<Uint8Array>;
  /** A new or replaced file; `-` is standard output. */
  readonly saveFile: (name: string, octets: Uint8Array) => Promise<void>;
  /** Colours on a terminal, the text as it is elsewhere. */
  readonly paint: Paint;
  /** A line, or several, to standard output. */
  readonly print: (text: string) => void;
  /** Text to standard output as it is. */
  readonly write: (text: string) => void;
  /** A line to standard error: what is no result. */
  readonly warn: (text: string) => void;
  /** Prints objects as `withOutput` options say; on an empty table a line on standard error says so. */
  readonly show: (
    noun: CliNoun,
    objects: readonly unknown[],
    shown: Shown,
    isOne?: boolean,
  ) => Promise<void>;
  /**
   * The range that arguments name, with the files behind `@file` and `-` read.
   * @throws Failure with every mistake, exit code 2
   */
  readonly readRange: (args: readonly string[]) => Promise<NodeRange>;
  /**
   * Has the count typed, where somebody can; scripts say `--yes`.
   * @param question such as `retire 12 machines: A, B, …`
   * @throws Failure when it is not confirmed
   */
  readonly confirm: (question: string, count: number, yes: boolean | undefined) => Promise<void>;
  /** A counter on standard error, on a terminal alone; nothing where there is only one to do. */
  readonly progress: (label: string, total: number) => Progress;
  /** Who runs this command, as the host knows; empty where it does not. */
  readonly userName: () => string;
  /** A text as somebody leaves it in their editor. */
  readonly edit: Editor;
  /** Since 1970, by this host's clock. */
  readonly nowMs: () => number;
  /** The file with contexts. */
  readonly contexts: {
    readonly read: () => Promise<Contexts>;
    readonly write: (contexts: Contexts) => Promise<void>;
    readonly absolute: (path: string) => string;
  };
  readonly exitWith: (code: number) => void;
};
