/** The arguments of `tetsu events`. */

import { type Command, InvalidArgumentError, Option } from 'commander';
import { formatInstant, instant, parseRfc3339 } from '../../base/time.ts';
import type { EventV2 } from '../../sabakan/contract/event.ts';
import { eventLine, followEvents, latestEvents } from '../commands/events.ts';
import { durationForm, noTime, parseDuration } from '../duration.ts';
import type { Tools } from './tools.ts';

type EventsOptions = Readonly<
  Record<'machine' | 'category' | 'instance' | 'user' | 'action', string | undefined>
> & {
  readonly since?: string;
  readonly until?: string;
  readonly limit: number;
  readonly follow?: true;
  readonly output: string;
};

const limitDefault = 100;
const limitMax = 100_000;

export function addEventsCommand(program: Command, tools: Tools): void {
  tools
    .client(program.command('events'))
    .description('who changed what, the newest last')
    .option('-f, --follow', 'go on as it happens; a lost connection is taken up where it was')
    .option('--machine <serial>', 'what was done to this machine and its disk keys')
    .option('--since <when>', `not before: an RFC 3339 time, or ${durationForm} ago`)
    .option('--until <when>', 'before: the same')
    .option('--category <name>', 'machines, ipam, dhcp, image, assets, ignition, brakes, tokens, …')
    .option('--instance <name>', 'what was changed: a serial, a name')
    .option('--user <name>', 'who changed it')
    .option('--action <name>', 'as in set-state')
    .addOption(
      new Option('-n, --limit <count>', 'the newest so many')
        .argParser((text: string): number => {
          const count = Number(text);
          if (Number.isInteger(count) && count >= 1 && count <= limitMax) return count;
          throw new InvalidArgumentError(`it must be 1 to ${limitMax}`);
        })
        .default(limitDefault),
    )
    .addOption(
      new Option('-o, --output <format>', 'lines for people, or one JSON object a line')
        .choices(['text', 'json'])
        .default('text'),
    )
    .action(async (options: EventsOptions, command: Command) => {
      const { machine, category, instance: name, user, action, limit, output } = options;
      const since = timeOf('--since', options.since, tools.nowMs());
      const until = timeOf('--until', options.until, tools.nowMs());
      const given = { machine, category, instance: name, user, action, since, until };
      const query = Object.fromEntries(
        Object.entries(given).flatMap(([key, value]) =>
          value === undefined ? [] : [[key, value] as const],
        ),
      );
      const print = (event: EventV2) =>
        tools.print(output === 'json' ? JSON.stringify(event) : eventLine(event));
      const { events, revision } = await latestEvents(tools.getterOf(command), query, limit);
      for (const event of events) print(event);
      if (options.follow !== true) return;
      for await (const event of followEvents(tools.followingOf(command), query, revision)) {
        print(event);
      }
    });
}

/** @throws Failure where it is neither a time nor a duration. */
function timeOf(option: string, text: string | undefined, nowMs: number): string | undefined {
  if (text === undefined || parseRfc3339(text).ok) return text;
  const seconds = parseDuration(text);
  if (seconds === undefined) throw noTime(option, text);
  return formatInstant(instant(nowMs - seconds * 1000));
}
