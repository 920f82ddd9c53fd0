/** The arguments of `tetsu get`. */

import { type Command, Option } from 'commander';
import { checkValues, getObjects, type Output, outputs, selectorOf } from '../commands/get.ts';
import { nouns } from '../nouns.ts';
import type { Tools } from './tools.ts';

type GetOptions = Readonly<Record<string, string | undefined>>;

export function addGetCommand(program: Command, tools: Tools): void {
  const get = program.command('get').description('list things');
  for (const noun of nouns) {
    const [plural = '', ...others] = noun.names;
    const command = tools
      .client(get.command(`${plural} [names...]`))
      .aliases(others)
      .description(noun.describes);
    for (const [column, holds] of Object.entries(noun.selectable)) {
      command.option(`--${kebab(column)} <values>`, `by ${holds}; commas mean any of them`);
    }
    if (noun.hasLabels) {
      command.option('-l, --selector <labels>', 'by labels, as in product=R650,!broken');
    }
    command
      .option('--field-selector <columns>', 'by columns, as in state!=retired,rack in (1,2)')
      .option('--sort-by <columns>', 'comma-separated, a minus before one for descending')
      .addOption(
        new Option('-o, --output <format>', 'how to print it').choices(outputs).default('table'),
      )
      .action(async (names: readonly string[], options: GetOptions, self: Command) => {
        const filters = Object.keys(noun.selectable).flatMap((column) => {
          const value = options[column];
          return value === undefined ? [] : [[column, value] as const];
        });
        checkValues(noun, Object.fromEntries(filters));
        const selection = {
          names,
          fieldSelector: selectorOf(Object.fromEntries(filters), options['fieldSelector']),
          labelSelector: options['selector'],
          sort: options['sortBy'],
        };
        tools.print(
          await getObjects(tools.getterOf(self), noun, selection, options['output'] as Output),
        );
      });
  }
}

/** Commander turns it back into camel case for the options. */
function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
