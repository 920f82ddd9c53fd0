/** Options that mean the same at every command. */

import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Output, outputNames, parseOutput, type Shown } from '../output.ts';

/** `-o`, `--no-headers`, `--columns`; read them by `shownOf`. */
export function withOutput(command: Command, usual = 'table'): Command {
  return command
    .addOption(
      new Option('-o, --output <format>', `how to print it: ${outputNames.join(', ')}`)
        .argParser((text: string): Output => {
          const output = parseOutput(text);
          if (output.ok) return output.value;
          throw new InvalidArgumentError(output.error);
        })
        .default({ kind: usual }, usual),
    )
    .option('--no-headers', 'tables and CSV without their first line')
    .option('--columns <titles>', 'these columns and no others, also paths as .spec.bmc.ipv4');
}

export type OutputOptions = {
  readonly output: Output;
  readonly headers: boolean;
  readonly columns?: string;
};

export function shownOf({ output, headers, columns }: OutputOptions): Shown {
  const titles = columns?.split(',').map((title) => title.trim());
  return { output, headers, ...(titles === undefined ? {} : { columns: titles }) };
}

const documentForms = ['text', 'json', 'yaml'] as const;

/** `-o` of a command that shows one document: text for people, or the document itself for programs. */
export function withDocument(command: Command): Command {
  return command.addOption(
    new Option('-o, --output <format>', 'how to print it').choices(documentForms).default('text'),
  );
}

export type DocumentOptions = { readonly output: (typeof documentForms)[number] };

export async function documentText<T>(
  output: DocumentOptions['output'],
  document: T,
  textOf: (document: T) => string,
): Promise<string> {
  if (output === 'text') return textOf(document);
  if (output === 'json') return JSON.stringify(document, null, 2);
  // Loaded here: the other forms stay quick.
  const { stringify } = await import('yaml');
  return stringify(document).trimEnd();
}

/** `-l` and `--field-selector`, as everywhere that takes several things. */
export function withSelectors(command: Command, hasLabels: boolean): Command {
  if (hasLabels) {
    command.option('-l, --selector <labels>', 'by labels, as in product=R650,!broken');
  }
  return command.option(
    '--field-selector <columns>',
    'by columns, as in state!=retired,rack in (1,2)',
  );
}

/** `--dry-run` and `--yes` of a command that changes something. */
export function withWriting(command: Command): Command {
  return command
    .option('--dry-run', 'have the server decide and answer, but change nothing')
    .option('-y, --yes', 'do not ask; for scripts');
}
