/** The arguments of `tetsu wait`. */

import { type Command, InvalidArgumentError, Option } from 'commander';
import { TimeIsOver, waitFor } from '../commands/wait.ts';
import { parsePatience } from '../duration.ts';
import { exitCodes, Failure } from '../failure.ts';
import { type CliNoun, oneOf } from '../nouns/noun.ts';
import { nouns } from '../nouns.ts';
import { isEmptyRange, type NodeRange } from '../ranges.ts';
import { selectForReading } from '../selection.ts';
import { parseCondition } from '../watch/condition.ts';
import { follow } from '../watch/follow.ts';
import { withSelectors } from './shared-options.ts';
import type { Tools } from './tools.ts';

type WaitOptions = {
  readonly for: string;
  readonly timeout: number;
  readonly selector?: string;
  readonly fieldSelector?: string;
};

const tenMinutes = 600_000;

export function addWaitCommand(program: Command, tools: Tools): void {
  const wait = program
    .command('wait')
    .description('wait until something is so of all that are named')
    .addHelpText(
      'after',
      `
Examples:
  tetsu wait machine ABC123 --for state=healthy --timeout 10m
  tetsu wait machines rack3 --for state=healthy,unhealthy
  tetsu wait boot ABC123 --for state=healthy
  tetsu wait machine ABC123 --for delete
  tetsu wait machine ABC123 --for jsonpath='{.spec.labels.product}'=R650

Exit codes: 0 it is so of all, 3 there is none of that name, 7 the time is over`,
    );
  for (const noun of nouns) {
    const [plural = '', ...others] = noun.names;
    const command = tools
      .client(wait.command(`${plural} [names...]`))
      .aliases(others)
      .description(noun.describes)
      .requiredOption('--for <condition>', 'COLUMN=VALUE, delete, create or jsonpath={.path}=VALUE')
      .addOption(
        new Option('--timeout <duration>', 'as in 90s, 10m, 1h30m')
          .argParser((text: string): number => {
            const ms = parsePatience(text);
            if (ms.ok) return ms.value;
            throw new InvalidArgumentError(ms.error);
          })
          .default(tenMinutes, '10m'),
      );
    withSelectors(command, noun.hasLabels).action(
      async (names: readonly string[], options: WaitOptions, self: Command) => {
        const { selector: labelSelector, fieldSelector, timeout } = options;
        const condition = parseCondition(noun, options.for);
        if (!condition.ok) throw new Failure(`--for ${condition.error}`, '', exitCodes.usage);
        const range = await tools.readRange(names);
        const bySelector = labelSelector !== undefined || fieldSelector !== undefined;
        if (isEmptyRange(range) && !bySelector) {
          const text = `no ${oneOf(noun)} is named`;
          throw new Failure(text, 'name one, or a range, or a selector', exitCodes.usage);
        }
        // What is waited for may move out of the selection, so it is made once.
        const wanted = { range, labelSelector, fieldSelector };
        const meant = bySelector
          ? rangeOfNames(await selectForReading(tools.getterOf(self), noun, wanted), noun)
          : range;
        const ending = new AbortController();
        const changes = follow(tools.followingOf(self, ending.signal), noun, {});
        const over = tools.pause(timeout, ending.signal).then((): never => {
          throw new TimeIsOver(`${timeout / 1_000} seconds`);
        });
        try {
          const count = await waitFor(noun, meant, condition.value, changes, over);
          tools.print(`${options.for}: ${count} ${count === 1 ? oneOf(noun) : plural}`);
        } finally {
          ending.abort();
        }
      },
    );
  }
}

function rangeOfNames(objects: readonly unknown[], noun: CliNoun): NodeRange {
  const names = objects.map((object) => noun.nameOf(object));
  return { names, racks: [], without: { names: [], racks: [] }, isOne: false };
}
