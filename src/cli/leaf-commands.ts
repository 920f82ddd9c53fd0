/** The commands that do something, as their own definitions tell of them: what manual page and reference are made of. */

import type { Argument, Command, Option } from 'commander';

export type LeafCommand = {
  readonly command: Command;
  /** `tetsu get machines [names...]`. */
  readonly usage: string;
};

/** In the order of their definition; hidden ones are left out. */
export function leafCommands(
  command: Command,
  before: readonly string[] = [],
): readonly LeafCommand[] {
  const path = [...before, command.name()];
  const below = command
    .createHelp()
    .visibleCommands(command)
    .filter((one) => one.name() !== 'help');
  if (below.length > 0) return below.flatMap((one) => leafCommands(one, path));
  const words = [...path, ...command.registeredArguments.map(argumentText)];
  return [{ command, usage: words.join(' ') }];
}

/** All but `--help`, which each has. */
export function optionsOf(command: Command): readonly Option[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .filter(({ long }) => long !== '--help');
}

/** What it means, what it may be, and what it is when it is not given. */
export function optionText({ description, argChoices, defaultValueDescription }: Option): string {
  const notes = [
    ...(argChoices === undefined ? [] : [argChoices.join(', ')]),
    ...(defaultValueDescription === undefined ? [] : [`default: ${defaultValueDescription}`]),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join('; ')})`;
}

function argumentText(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? name : `[${name}]`;
}
