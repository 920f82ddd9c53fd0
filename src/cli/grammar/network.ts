/** The arguments of `tetsu network`. */

import { type Command, Option } from 'commander';
import { networkValues } from '../../sabakan/contract/columns.ts';
import { setNetwork } from '../commands/network.ts';
import type { Tools } from './tools.ts';

type SetOptions = {
  readonly cidr?: string;
  readonly mode?: string;
  readonly discovery?: string;
  readonly note?: string;
  readonly dryRun?: boolean;
};

export function addNetworkCommands(program: Command, tools: Tools): void {
  const { client, senderOf, print } = tools;
  const network = program
    .command('network')
    .description('where machines that boot are answered, and how');

  client(network.command('set <name>'))
    .description('say how a network is answered; what is not said stays as it is')
    .addHelpText(
      'after',
      `
  tetsu network set racks --cidr 10.69.0.0/20 --mode server
  tetsu network set office --cidr 192.168.1.0/24 --mode off --note 'the LAN of the office'

  Of networks one within the other the narrower counts. tetsu get networks lists them; tetsu delete network takes one
  away.`,
    )
    .option('--cidr <cidr>', 'its addresses, as in 10.69.0.0/20')
    .addOption(
      new Option(
        '--mode <mode>',
        'lend addresses; name boot files beside a DHCP server of others; answer nothing',
      ).choices(networkValues.mode),
    )
    .addOption(
      new Option('--discovery <policy>', 'what becomes of machines nobody registered').choices(
        networkValues.discovery,
      ),
    )
    .option('--note <text>', 'for people')
    .option('--dry-run', 'have the server decide and answer, but change nothing')
    .action(async (name: string, { dryRun, ...wish }: SetOptions, command: Command) => {
      print(await setNetwork(senderOf(command), name, wish, dryRun === true));
    });
}
