/** The arguments of `tetsu token`. */

import { type Command, InvalidArgumentError, Option } from 'commander';
import { tokenDaysDefault, tokenDaysMax } from '../../sabakan/contract/token-limits.ts';
import { listAll } from '../commands/list.ts';
import { aboutToken, createToken, type MadeToken, revokeToken } from '../commands/token.ts';
import { exitCodes, Failure } from '../failure.ts';
import { tokenNoun } from '../nouns/token.ts';
import { type OutputOptions, shownOf, withOutput } from './shared-options.ts';
import type { Tools } from './tools.ts';

type CreateOptions = {
  readonly role: string;
  readonly days: number;
  readonly from?: string;
  readonly config?: string;
  readonly dryRun?: boolean;
  readonly output: 'token' | 'json';
};

export function addTokenCommands(program: Command, tools: Tools): void {
  const { client, senderOf, getterOf, print, warn } = tools;
  const token = program.command('token').description('who may do what: bearer tokens');

  client(token.command('create <name>'))
    .description('make a token and print it, this once')
    .addHelpText(
      'after',
      `
  The token goes to standard output, all else to standard error:
    TETSU_TOKEN=$(tetsu token create alice --role operator)

  The first one is made on a host in allow-ips, or with --config FILE, a server's configuration: then it is written
  to etcd itself, and no server is asked.`,
    )
    .addOption(
      new Option('--role <role>', 'each may do what the ones before it may')
        .choices(['viewer', 'operator', 'admin'])
        .makeOptionMandatory(),
    )
    .option(
      '--days <count>',
      `until it ends, at most ${tokenDaysMax}`,
      wholeNumber,
      tokenDaysDefault,
    )
    .option('--from <networks>', 'comma-separated addresses and networks; default: from anywhere')
    .option('--config <file>', "a server's YAML configuration: make it in etcd, without a server")
    .option('--dry-run', 'check it and show what it would be')
    .addOption(
      new Option('-o, --output <format>', 'how to print it')
        .choices(['token', 'json'])
        .default('token'),
    )
    .action(async (name: string, options: CreateOptions, command: Command) => {
      const { role, days, from, config, dryRun = false, output } = options;
      const networks = from?.split(',').map((text) => text.trim());
      const wish = { name, role, days, ...(networks === undefined ? {} : { networks }) };
      if (config !== undefined && dryRun) {
        throw new Failure('--config and --dry-run exclude one another', '', exitCodes.usage);
      }
      const made =
        config === undefined
          ? await createToken(senderOf(command), wish, dryRun)
          : await madeInEtcd(config, wish, tools.userName());
      if (output === 'json') print(JSON.stringify(made, null, 2));
      else if (made.bearer !== null) print(made.bearer);
      warn(aboutToken(made));
    });

  withOutput(client(token.command('list')))
    .description('all tokens, also those that ended in the last 30 days; as tetsu get tokens')
    .action(async (options: OutputOptions, command: Command) => {
      const { objects } = await listAll(getterOf(command), tokenNoun);
      await tools.show(tokenNoun, objects, shownOf(options));
    });

  client(token.command('revoke <id...>'))
    .description('end tokens at once, on all servers')
    .option('--dry-run', 'check it and change nothing')
    .action(async (ids: readonly string[], options: CreateOptions, command: Command) => {
      for (const id of ids) {
        print(await revokeToken(senderOf(command), id, options.dryRun === true));
      }
    });
}

const problemCodes = { usage: exitCodes.usage, store: exitCodes.store } as const;

async function madeInEtcd(
  configFile: string,
  wish: Parameters<typeof createToken>[1],
  user: string,
): Promise<MadeToken> {
  // Loaded here, so that the small commands stay quick.
  const { makeToken } = await import('../../sabakan/make-token.ts');
  const made = await makeToken({ configFile, flags: [] }, wish, user);
  if (made.ok) return made.value as MadeToken;
  throw new Failure(made.error.text, '', problemCodes[made.error.kind]);
}

function wholeNumber(text: string): number {
  const number = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= tokenDaysMax) return number;
  throw new InvalidArgumentError(`must be a whole number from 1 to ${tokenDaysMax}.`);
}
