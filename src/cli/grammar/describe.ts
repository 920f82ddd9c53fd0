/** The arguments of `tetsu describe`. */

import type { Command } from 'commander';
import { askDescribed, describedText } from '../commands/describe.ts';
import { oneOf } from '../nouns/noun.ts';
import { nouns } from '../nouns.ts';
import { type DocumentOptions, documentText, withDocument } from './shared-options.ts';
import type { Tools } from './tools.ts';

export function addDescribeCommand(program: Command, tools: Tools): void {
  const describe = program.command('describe').description('show one thing in full');
  for (const noun of nouns) {
    const one = oneOf(noun);
    withDocument(tools.client(describe.command(`${one} <name>`)))
      .aliases(noun.names.filter((name) => name !== one))
      .description(`one of the ${noun.describes}`)
      .action(async (name: string, { output }: DocumentOptions, command: Command) => {
        const object = await askDescribed(tools.getterOf(command), noun, name);
        tools.print(await documentText(output, object, (one) => describedText(noun, one)));
      });
  }
}
