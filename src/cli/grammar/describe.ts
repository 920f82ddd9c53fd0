/** The arguments of `tetsu describe`. */

import type { Command } from 'commander';
import { describeMachine } from '../commands/describe.ts';
import type { Tools } from './tools.ts';

export function addDescribeCommand(program: Command, tools: Tools): void {
  const describe = program.command('describe').description('show one thing in full');
  tools
    .client(describe.command('machine <serial>'))
    .description(
      'a machine with the reasons for its state, its probes and what the cluster makes of it',
    )
    .action(async (serial: string, _: unknown, command: Command) =>
      tools.print(await describeMachine(tools.getterOf(command), serial)),
    );
}
