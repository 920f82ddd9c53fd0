/** The arguments of `tetsu plan` and `tetsu status`. */

import { type Command, Option } from 'commander';
import { outline } from '../commands/describe.ts';
import { formatPlan } from '../commands/plan.ts';
import type { Tools } from './tools.ts';

export function addPlanCommands(program: Command, tools: Tools): void {
  tools
    .client(program.command('plan'))
    .description('what the bridge would have the cluster be, and why')
    .addOption(
      new Option('-o, --output <format>', 'how to print it')
        .choices(['text', 'json'])
        .default('text'),
    )
    .action(async (options: { readonly output: string }, command: Command) => {
      const { body } = await tools.getterOf(command)('/api/v2/plan');
      tools.print(options.output === 'json' ? JSON.stringify(body, null, 2) : formatPlan(body));
    });

  tools
    .client(program.command('status'))
    .description('what a server is doing: store, leadership, boot services, brakes')
    .action(async (_: unknown, command: Command) =>
      tools.print(outline((await tools.getterOf(command)('/api/v2/status')).body, 0)),
    );
}
