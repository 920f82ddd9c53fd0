/** The arguments of `tetsu state`. */

import type { Command } from 'commander';
import { nearestName } from '../../base/nearest-name.ts';
import { machineStates } from '../../inventory/machine.ts';
import { changeMachines, counted, namesText, summary } from '../commands/change-machines.ts';
import { exitCodes, Failure } from '../failure.ts';
import { mustAllBeDone } from '../many.ts';
import { machineNoun } from '../nouns/machine.ts';
import { selectForWriting } from '../selection.ts';
import { withSelectors, withWriting } from './shared-options.ts';
import type { Tools } from './tools.ts';

type StateOptions = {
  readonly reason?: string;
  readonly selector?: string;
  readonly fieldSelector?: string;
  readonly dryRun?: true;
  readonly yes?: true;
};

export function addStateCommand(program: Command, tools: Tools): void {
  const state = program.command('state').description('set the state of machines by hand');
  const command = tools
    .client(state.command('machines <names-and-state...>'))
    .alias('machine')
    .description(`the state comes last: ${machineStates.join(', ')}`)
    .option('--reason <text>', 'why, in a sentence; it stands beside the state until the next one')
    .addHelpText(
      'after',
      `
Examples:
  tetsu state machine ABC123 unhealthy --reason 'fan 3 stands still, ticket 4711'
  tetsu state machines rack3 updating --yes`,
    );
  withWriting(withSelectors(command, true)).action(
    async (args: readonly string[], options: StateOptions, self: Command) => {
      const { selector: labelSelector, fieldSelector, reason, dryRun = false, yes } = options;
      const to = checkState(args.at(-1) ?? '');
      const range = await tools.readRange(args.slice(0, -1));
      const wanted = { range, labelSelector, fieldSelector };
      const found = await selectForWriting(tools.getterOf(self), machineNoun, wanted);
      const names = found.map((machine) => machineNoun.nameOf(machine));
      if (names.length > 1 && !dryRun) {
        const question = `set ${counted(names.length, 'machine')} to ${to}: ${namesText(names)}`;
        await tools.confirm(question, names.length, yes);
      }
      const why = reason === undefined ? {} : { reason: { text: reason } };
      const patch = { status: { state: to, ...why } };
      const outcomes = await changeMachines(tools.senderOf(self), names, { patch }, dryRun);
      tools.print(summary(outcomes, `set to ${to}`, dryRun));
      mustAllBeDone(outcomes, 'machine', `set to ${to}`);
    },
  );
}

function checkState(text: string): string {
  if (machineStates.some((state) => state === text)) return text;
  const meant = nearestName(text, machineStates);
  throw new Failure(
    `there is no state ${JSON.stringify(text)}${meant === undefined ? '' : `; did you mean ${meant}?`}`,
    `the state comes last, one of ${machineStates.join(', ')}`,
    exitCodes.usage,
  );
}
