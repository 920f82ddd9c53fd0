/** The arguments of `tetsu retire`. */

import { type Command, InvalidArgumentError, Option } from 'commander';
import type { MachineV2 } from '../../sabakan/contract/machine.ts';
import { counted, namesText, summary } from '../commands/change-machines.ts';
import { beginRetirement, finishRetirement, whatFollows } from '../commands/retire.ts';
import { TimeIsOver, waitFor } from '../commands/wait.ts';
import { parsePatience } from '../duration.ts';
import { mustAllBeDone } from '../many.ts';
import { machineNoun } from '../nouns/machine.ts';
import { selectForWriting } from '../selection.ts';
import { follow } from '../watch/follow.ts';
import { withSelectors, withWriting } from './shared-options.ts';
import type { Tools } from './tools.ts';

type RetireOptions = {
  readonly date?: string;
  readonly reason: string;
  readonly allTheWay?: true;
  readonly wait?: true;
  readonly timeout: number;
  readonly selector?: string;
  readonly fieldSelector?: string;
  readonly dryRun?: true;
  readonly yes?: true;
};

const anHour = 3_600_000;

export function addRetireCommand(program: Command, tools: Tools): void {
  const command = tools
    .client(program.command('retire [names...]'))
    .description('take machines out of service for good: they become retiring')
    .requiredOption('--reason <text>', 'why, in a sentence')
    .option('--date <time>', 'set their retire date, too, as in 2031-04-01T00:00:00Z')
    .addOption(
      new Option('--all-the-way', 'destroy their disk keys, retire and remove them').conflicts(
        'wait',
      ),
    )
    .option('--wait', 'wait until they are retired')
    .addOption(
      new Option('--timeout <duration>', 'how long to wait, as in 90s, 10m')
        .argParser((text: string): number => {
          const ms = parsePatience(text);
          if (ms.ok) return ms.value;
          throw new InvalidArgumentError(ms.error);
        })
        .default(anHour, '1h'),
    )
    .addHelpText('after', `\n${whatFollows.charAt(0).toUpperCase()}${whatFollows.slice(1)}.`);
  withWriting(withSelectors(command, true)).action(
    async (args: readonly string[], options: RetireOptions, self: Command) => {
      const { selector: labelSelector, fieldSelector, date, reason, dryRun = false } = options;
      const range = await tools.readRange(args);
      const wanted = { range, labelSelector, fieldSelector };
      const found = await selectForWriting(tools.getterOf(self), machineNoun, wanted);
      const names = found.map((machine) => machineNoun.nameOf(machine));
      const all = options.allTheWay === true;
      if (!dryRun) {
        const what = all ? 'retire and REMOVE, with their disk keys,' : 'retire';
        const question = `${what} ${counted(names.length, 'machine')}: ${namesText(names)}`;
        await tools.confirm(question, names.length, options.yes);
      }
      const send = tools.senderOf(self);
      const terms = { date, reason, dryRun };
      const outcomes = await beginRetirement(send, found as readonly MachineV2[], terms);
      tools.print(summary(outcomes, 'set to retiring', dryRun));
      mustAllBeDone(outcomes, 'machine', 'set to retiring');
      if (dryRun) return;
      if (all) {
        const progressOf = (label: string) => tools.progress(label, names.length);
        await finishRetirement(send, names, reason, progressOf, tools.print);
      } else if (options.wait === true) await waitUntilRetired(tools, self, names, options.timeout);
      else tools.warn(whatFollows);
    },
  );
}

async function waitUntilRetired(
  tools: Tools,
  command: Command,
  names: readonly string[],
  timeout: number,
): Promise<void> {
  const range = { names, racks: [], without: { names: [], racks: [] }, isOne: false };
  const ending = new AbortController();
  const changes = follow(tools.followingOf(command, ending.signal), machineNoun, {});
  const over = tools.pause(timeout, ending.signal).then((): never => {
    throw new TimeIsOver(`${timeout / 1_000} seconds`);
  });
  const retired = { kind: 'column', title: 'STATE', values: ['retired'] } as const;
  try {
    const count = await waitFor(machineNoun, range, retired, changes, over);
    tools.print(`${counted(count, 'machine')} retired`);
  } finally {
    ending.abort();
  }
}
