/** The arguments of `tetsu plan` and `tetsu status`. */

import type { Command } from 'commander';
import { outline } from '../commands/describe.ts';
import { formatPlan } from '../commands/plan.ts';
import { type DocumentOptions, documentText, withDocument } from './shared-options.ts';
import type { Tools } from './tools.ts';

export function addPlanCommands(program: Command, tools: Tools): void {
  withDocument(tools.client(program.command('plan')))
    .description('what the bridge would have the cluster be, and why')
    .action(async ({ output }: DocumentOptions, command: Command) => {
      const { body } = await tools.getterOf(command)('/api/v2/plan');
      tools.print(await documentText(output, body, formatPlan));
    });

  withDocument(tools.client(program.command('status')))
    .description('what a server is doing: store, leadership, boot services, brakes')
    .action(async ({ output }: DocumentOptions, command: Command) => {
      const { body } = await tools.getterOf(command)('/api/v2/status');
      tools.print(await documentText(output, body, (status) => outline(status, 0)));
    });
}
