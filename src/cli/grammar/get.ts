/** The arguments of `tetsu get`. */

import type { Command } from 'commander';
import type { Missing } from '../../sabakan/contract/list.ts';
import { checkValues } from '../commands/get.ts';
import { notWhole, selectorOf } from '../commands/list.ts';
import type { CliNoun } from '../nouns/noun.ts';
import { nouns } from '../nouns.ts';
import { selectForReading } from '../selection.ts';
import { type OutputOptions, shownOf, withOutput, withSelectors } from './shared-options.ts';
import type { Tools } from './tools.ts';
import { watchObjects } from './watch.ts';

type GetOptions = OutputOptions & {
  readonly selector?: string;
  readonly fieldSelector?: string;
  readonly sortBy?: string;
  readonly watch?: true;
};

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
    withOutput(withSelectors(command, noun.hasLabels))
      .option('-w, --watch', 'go on with each change as it comes, until it is interrupted')
      .option('--sort-by <columns>', 'comma-separated, a minus before one for descending')
      .action(async (names: readonly string[], options: GetOptions, self: Command) => {
        const fieldSelector = selectorOf(filtersOf(noun, self), options.fieldSelector);
        const { selector: labelSelector, sortBy: sort } = options;
        const range = await tools.readRange(names);
        const wanted = { range, fieldSelector, labelSelector, sort };
        if (options.watch === true) {
          return watchObjects(tools, self, noun, wanted, shownOf(options), true);
        }
        let missing: readonly Missing[] = [];
        const onMissing = (what: readonly Missing[]): void => {
          missing = what;
        };
        const objects = await selectForReading(tools.getterOf(self), noun, {
          ...wanted,
          onMissing,
        });
        await tools.show(noun, objects, shownOf(options), range.isOne && objects.length === 1);
        if (missing.length > 0) throw notWhole(noun, missing);
      });
  }
}

/** The filters that were given as options of their own: `--state`, `--rack`. */
function filtersOf(noun: CliNoun, command: Command): Readonly<Record<string, string>> {
  const options = command.opts<Readonly<Record<string, string | undefined>>>();
  const given = Object.keys(noun.selectable).flatMap((column) => {
    const value = options[column];
    return value === undefined ? [] : [[column, value] as const];
  });
  const filters = Object.fromEntries(given);
  checkValues(noun, filters);
  return filters;
}

/** Commander turns it back into camel case for the options. */
function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
