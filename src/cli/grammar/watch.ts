/** The arguments of `tetsu watch`, and of `tetsu get --watch`. */

import type { Command } from 'commander';
import { createChangePrinter } from '../commands/watch.ts';
import type { CliNoun } from '../nouns/noun.ts';
import { nouns } from '../nouns.ts';
import type { Shown } from '../output.ts';
import { matcherOf, type Wanted } from '../selection.ts';
import { follow } from '../watch/follow.ts';
import { type OutputOptions, shownOf, withOutput, withSelectors } from './shared-options.ts';
import type { Tools } from './tools.ts';

type WatchOptions = OutputOptions & {
  readonly selector?: string;
  readonly fieldSelector?: string;
};

export function addWatchCommand(program: Command, tools: Tools): void {
  const watch = program
    .command('watch')
    .description('show changes as they come, from now on, until it is interrupted')
    .addHelpText(
      'after',
      `
A lost connection is told on standard error and taken up again where it was: nothing is missed or shown twice.
-o json prints one event a line: {"kind": "added|modified|deleted", "name": …, "object": …}.`,
    );
  for (const noun of nouns) {
    const [plural = '', ...others] = noun.names;
    const command = tools
      .client(watch.command(`${plural} [names...]`))
      .aliases(others)
      .description(noun.describes);
    withOutput(withSelectors(command, noun.hasLabels)).action(
      async (names: readonly string[], options: WatchOptions, self: Command) => {
        const { selector: labelSelector, fieldSelector } = options;
        const wanted = { range: await tools.readRange(names), labelSelector, fieldSelector };
        await watchObjects(tools, self, noun, wanted, shownOf(options), false);
      },
    );
  }
}

/** @param withList first what is there, as `get --watch` shows it; else only what changes */
export async function watchObjects(
  tools: Tools,
  command: Command,
  noun: CliNoun,
  wanted: Wanted,
  shown: Shown,
  withList: boolean,
): Promise<never> {
  const print = createChangePrinter(noun, shown);
  const isMeant = matcherOf(noun, wanted.range);
  const changes = follow(tools.followingOf(command), noun, wanted);
  for (;;) {
    const { value } = await changes.next();
    const meant = value.filter(
      ({ object, kind }) => isMeant(object) && (withList || kind !== 'listed'),
    );
    tools.write(await print(meant));
  }
}
