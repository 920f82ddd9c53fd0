/** The arguments of `tetsu explain`. */

import { type Command, Option } from 'commander';
import type { LeaseV2 } from '../../sabakan/contract/lease.ts';
import { askDescribed } from '../commands/describe.ts';
import { askExplanation, explanationText } from '../commands/explain.ts';
import { askBootExplanation, bootExplanationText } from '../commands/explain-boot.ts';
import { explainConfig } from '../commands/explain-config.ts';
import { leaseNoun, leasePage } from '../nouns/lease.ts';
import { machineNoun } from '../nouns/machine.ts';
import { type DocumentOptions, documentText, withDocument } from './shared-options.ts';
import type { Tools } from './tools.ts';

type BootOptions = DocumentOptions & { readonly arch?: string; readonly firmware?: string };

export function addExplainCommand(program: Command, tools: Tools): void {
  const explain = program.command('explain').description('say why something is as it is');
  withDocument(tools.client(explain.command('machine <serial>')))
    .description('why a machine has its state, its addresses and its place')
    .action(async (serial: string, { output }: DocumentOptions, self: Command) => {
      const explained = await askExplanation(tools.getterOf(self), machineNoun, serial);
      tools.print(await documentText(output, explained, explanationText));
    });

  withDocument(tools.client(explain.command('boot <machine>')))
    .description('what a machine would boot, by serial or hardware address, and what decides it')
    .option('--arch <name>', 'firmware of this architecture: x64, arm64, or a number of option 93')
    .addOption(
      new Option('--firmware <kind>', 'firmware of this kind').choices([
        'bios',
        'uefi',
        'uefi-http',
      ]),
    )
    .action(async (machine: string, options: BootOptions, self: Command) => {
      const { output, arch, firmware } = options;
      const asked = {
        ...(arch === undefined ? {} : { arch }),
        ...(firmware === undefined ? {} : { firmware }),
      };
      const explained = await askBootExplanation(tools.getterOf(self), machine, asked);
      tools.print(await documentText(output, explained, bootExplanationText));
    });

  withDocument(tools.client(explain.command('lease <address>')))
    .description('whose a lease is, until when, where, and whether others may have the address')
    .action(async (address: string, { output }: DocumentOptions, self: Command) => {
      const lease = await askDescribed(tools.getterOf(self), leaseNoun, address);
      tools.print(await documentText(output, lease, (one) => leasePage(one as LeaseV2)));
    });

  explain
    .command('config [member]')
    .description('what a server’s configuration file may hold; asks no server')
    .action(async (member: string | undefined) => {
      // Loaded here, so that the small commands stay quick.
      const { configMembers } = await import('../../sabakan/config-reference.ts');
      tools.print(explainConfig(configMembers(), member));
    });
}
