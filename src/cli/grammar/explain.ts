/** The arguments of `tetsu explain`. */

import type { Command } from 'commander';
import { explainMachine } from '../commands/explain.ts';
import { explainConfig } from '../commands/explain-config.ts';
import { machineNoun } from '../nouns/machine.ts';
import type { Tools } from './tools.ts';

export function addExplainCommand(program: Command, tools: Tools): void {
  const explain = program.command('explain').description('say why something is as it is');
  tools
    .client(explain.command('machine <serial>'))
    .description('why a machine has its state, its addresses and its place')
    .action(async (serial: string, _: unknown, self: Command) =>
      tools.print(await explainMachine(tools.getterOf(self), machineNoun, serial)),
    );

  explain
    .command('config [member]')
    .description('what a server’s configuration file may hold; asks no server')
    .action(async (member: string | undefined) => {
      // Loaded here, so that the small commands stay quick.
      const { configMembers } = await import('../../sabakan/config-reference.ts');
      tools.print(explainConfig(configMembers(), member));
    });
}
