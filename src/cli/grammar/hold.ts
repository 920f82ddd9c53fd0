/** The arguments of `tetsu hold`: automation keeps its hands off machines, or takes them up again. */

import type { Command } from 'commander';
import { formatInstant, instant, parseRfc3339 } from '../../base/time.ts';
import { durationForm, noTime, parseDuration } from '../duration.ts';
import { exitCodes, Failure } from '../failure.ts';
import { eachOf, mustAllBeDone } from '../many.ts';
import { machineNoun } from '../nouns/machine.ts';
import { selectForWriting } from '../selection.ts';
import { withSelectors, withWriting } from './shared-options.ts';
import type { Tools } from './tools.ts';

type HoldOptions = {
  readonly reason?: string;
  readonly until?: string;
  readonly release?: true;
  readonly selector?: string;
  readonly fieldSelector?: string;
  readonly dryRun?: true;
  readonly yes?: true;
};

export function addHoldCommand(program: Command, tools: Tools): void {
  const hold = program
    .command('hold')
    .description('keep automation off machines: their state stays, no cluster takes or swaps them');
  const command = tools
    .client(hold.command('machines <names...>'))
    .alias('machine')
    .description('they are still asked how they are, and you may do with them what you like')
    .option('--reason <text>', 'for those who come after you')
    .option('--until <when>', `it ends by itself: ${durationForm}, or an RFC 3339 time`)
    .option('--release', 'automation may take them up again')
    .addHelpText(
      'after',
      `
Examples:
  tetsu hold machine ABC123 --reason 'fan 3 is being replaced' --until 2h
  tetsu hold machines rack3 --release --yes`,
    );
  withWriting(withSelectors(command, true)).action(
    async (args: readonly string[], options: HoldOptions, self: Command) => {
      const { selector: labelSelector, fieldSelector, dryRun = false, yes } = options;
      const wish = wishOf(options);
      const hold = wish === null ? null : { reason: wish.reason, ...untilOf(wish.until) };
      const range = await tools.readRange(args);
      const wanted = { range, labelSelector, fieldSelector };
      const found = await selectForWriting(tools.getterOf(self), machineNoun, wanted);
      const names = found.map((machine) => machineNoun.nameOf(machine));
      const [first = ''] = names;
      const what = names.length === 1 ? first : `${names.length} machines`;
      const done = wish === null ? 'released' : 'held';
      if (names.length > 1 && !dryRun) {
        const verb = wish === null ? 'release' : 'hold';
        await tools.confirm(`${verb} ${what}`, names.length, yes);
      }
      const send = tools.senderOf(self);
      const query = dryRun ? '?dryRun=true' : '';
      const progress = tools.progress(done, names.length);
      const outcomes = await eachOf(names, progress, (name) => {
        const path = `/api/v2/machines/${encodeURIComponent(name)}${query}`;
        return send('PATCH', path, { spec: { hold } }, { ifMatch: '*' });
      });
      mustAllBeDone(outcomes, 'machine', done);
      tools.print(`${what} ${dryRun ? 'would be ' : ''}${done}`);
    },
  );

  function untilOf(text: string | undefined): { readonly until?: string } {
    if (text === undefined) return {};
    const seconds = parseDuration(text);
    if (seconds === undefined) {
      if (!parseRfc3339(text).ok) throw noTime('--until', text);
      return { until: text };
    }
    return { until: formatInstant(instant(tools.nowMs() + seconds * 1000)) };
  }
}

function wishOf({ reason, until, release }: HoldOptions) {
  if (release === true && (reason !== undefined || until !== undefined)) {
    throw new Failure(
      '--release goes without --reason and --until',
      'one releases, the others hold',
      exitCodes.usage,
    );
  }
  if (release === true) return null;
  if (reason !== undefined) return { reason, until };
  throw new Failure(
    '--reason is missing',
    "as in --reason 'fan 3 is being replaced'; --release lets go",
    exitCodes.usage,
  );
}
