/** The arguments of `tetsu brake`: stop automation, let it go on, pass over one of its own brakes. */

import { type Command, InvalidArgumentError, Option } from 'commander';
import type { BrakeV2 } from '../../sabakan/contract/brake.ts';
import { durationForm, parseDuration } from '../duration.ts';
import { exitCodes, Failure } from '../failure.ts';
import type { Tools } from './tools.ts';

type On = {
  readonly reason: string;
  readonly holds: string;
  readonly for?: number;
  readonly dryRun?: boolean;
};
type Lift = { readonly reason: string; readonly for: number; readonly dryRun?: boolean };

const path = '/api/v2/brakes';
const liftSeconds = 3_600;

export function addBrakeCommands(program: Command, tools: Tools): void {
  const brake = program
    .command('brake')
    .description('stop automation, let it go on, or pass over one of its own brakes');

  tools
    .client(brake.command('on'))
    .description('stop automation: no state changes by health, no machine swapped')
    .requiredOption('--reason <text>', 'for those who come after you')
    .addOption(
      new Option('--holds <what>', 'what is stopped')
        .choices(['health', 'cluster', 'everything'])
        .default('everything'),
    )
    .addOption(duration('--for <duration>', 'it comes off by itself after this; default: never'))
    .option('--dry-run', 'have the server decide and answer, but change nothing')
    .action(async (options: On, command: Command) => {
      const { reason, holds, for: seconds, dryRun } = options;
      const body = { reason, holds, ...(seconds === undefined ? {} : { seconds }) };
      const answer = await tools.senderOf(command)('PUT', `${path}/manual${query(dryRun)}`, body);
      const on = answer.body as BrakeV2;
      const until = on.expires === null ? 'until it is taken off' : `until ${on.expires}`;
      tools.print(`the brake is ${dryRun === true ? 'as it would be' : 'on'} ${until}: ${reason}`);
    });

  tools
    .client(brake.command('off'))
    .description('let automation go on')
    .option('--dry-run', 'have the server decide and answer, but change nothing')
    .action(async ({ dryRun }: { readonly dryRun?: boolean }, command: Command) => {
      const { status } = await tools.senderOf(command)('DELETE', `${path}/manual${query(dryRun)}`);
      tools.print(
        status === 404
          ? 'the brake was not on'
          : `the brake ${dryRun === true ? 'would be' : 'is'} off`,
      );
    });

  tools
    .client(brake.command('lift <name>'))
    .description("pass over one of automation's own brakes for a while, having looked")
    .requiredOption('--reason <text>', 'for those who come after you')
    .addOption(duration('--for <duration>', 'for how long at most').default(liftSeconds, 'an hour'))
    .option('--dry-run', 'have the server decide and answer, but change nothing')
    .action(async (name: string, options: Lift, command: Command) => {
      const { reason, for: seconds, dryRun } = options;
      const place = `${path}/${encodeURIComponent(name)}/lift${query(dryRun)}`;
      const { status, body } = await tools.senderOf(command)('POST', place, { reason, seconds });
      if (status === 404) throw unknownBrake(name);
      const { lift } = body as BrakeV2;
      tools.print(`${name} ${dryRun === true ? 'would be' : 'is'} lifted until ${lift?.expires}`);
    });
}

function duration(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text: string): number => {
    const seconds = parseDuration(text);
    if (seconds === undefined) throw new InvalidArgumentError(`it must be ${durationForm}`);
    return seconds;
  });
}

function query(dryRun: boolean | undefined): string {
  return dryRun === true ? '?dryRun=true' : '';
}

function unknownBrake(name: string): Failure {
  return new Failure(
    `no brake ${JSON.stringify(name)} stands now`,
    'tetsu get brakes lists those that do; it may have fallen by itself',
    exitCodes.notFound,
  );
}
