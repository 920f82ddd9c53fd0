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
