/** The arguments of `tetsu edit`. */

import type { Command } from 'commander';
import { editConfig, editMachine } from '../commands/edit.ts';
import { configNoun } from '../nouns/config.ts';
import { machineNoun } from '../nouns/machine.ts';
import type { Tools } from './tools.ts';

export function addEditCommand(program: Command, tools: Tools): void {
  const edit = program.command('edit').description('change one thing in your editor');
  tools
    .client(edit.command('machine <serial>'))
    .description(
      'rack, role, BMC type, labels, retire date, hold and state of a machine as YAML in $VISUAL or $EDITOR',
    )
    .option('--dry-run', 'have the server decide and answer, but change nothing')
    .action(async (serial: string, options: { readonly dryRun?: true }, self: Command) => {
      const { dryRun = false } = options;
      const send = tools.senderOf(self);
      tools.print(await editMachine(send, tools.edit, machineNoun, serial, dryRun));
    });

  tools
    .client(edit.command('config <name>'))
    .description('the network plan (ipam) or what DHCP tells (dhcp) as YAML in your editor')
    .option('--dry-run', 'have the server decide and answer, but change nothing')
    .action(async (name: string, options: { readonly dryRun?: true }, self: Command) => {
      const { dryRun = false } = options;
      const send = tools.senderOf(self);
      tools.print(await editConfig(send, tools.edit, configNoun, name, dryRun));
    });
}
