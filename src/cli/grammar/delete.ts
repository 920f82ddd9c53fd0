/** The arguments of `tetsu delete`. */

import type { Command } from 'commander';
import { changeMachines, counted, namesText, summary } from '../commands/change-machines.ts';
import { deleteObjects } from '../commands/delete.ts';
import { mustAllBeDone } from '../many.ts';
import { machineNoun } from '../nouns/machine.ts';
import { type CliNoun, oneOf } from '../nouns/noun.ts';
import { nouns } from '../nouns.ts';
import { selectForWriting } from '../selection.ts';
import { withSelectors, withWriting } from './shared-options.ts';
import type { Tools } from './tools.ts';

type DeleteOptions = {
  readonly selector?: string;
  readonly fieldSelector?: string;
  readonly dryRun?: true;
  readonly yes?: true;
};

export function addDeleteCommand(program: Command, tools: Tools): void {
  const remove = program.command('delete').description('delete things');
  for (const noun of nouns.filter(({ deletable }) => deletable)) {
    const [plural = '', ...others] = noun.names;
    const command = tools
      .client(remove.command(`${plural} [names...]`))
      .aliases(others)
      .description(noun === machineNoun ? 'machines that are retired' : noun.describes);
    withWriting(withSelectors(command, noun.hasLabels)).action(
      async (args: readonly string[], options: DeleteOptions, self: Command) => {
        const { selector: labelSelector, fieldSelector, dryRun = false, yes } = options;
        const range = await tools.readRange(args);
        const wanted = { range, labelSelector, fieldSelector };
        const selected = await selectForWriting(tools.getterOf(self), noun, wanted);
        const found = selected.filter((object) => noun.isOver?.(object) !== true);
        const over = selected.length - found.length;
        if (over > 0) tools.print(`${counted(over, oneOf(noun))} had ended already`);
        if (found.length === 0) return;
        const names = found.map((object) => noun.nameOf(object));
        const one = oneOf(noun);
        if (!dryRun) {
          const question = `delete ${counted(names.length, one)}: ${namesText(names)}`;
          await tools.confirm(question, names.length, yes);
        }
        await deleteNamed(tools, self, noun, names, dryRun);
      },
    );
  }
}

async function deleteNamed(
  tools: Tools,
  command: Command,
  noun: CliNoun,
  names: readonly string[],
  dryRun: boolean,
): Promise<void> {
  const send = tools.senderOf(command);
  if (noun === machineNoun) {
    const outcomes = await changeMachines(send, names, { delete: true }, dryRun);
    tools.print(summary(outcomes, 'deleted', dryRun));
    return mustAllBeDone(outcomes, 'machine', 'deleted');
  }
  const progress = tools.progress('deleting', names.length);
  const outcomes = await deleteObjects(send, noun, names, dryRun, progress);
  const count = outcomes.filter(({ result }) => result.ok).length;
  const note = dryRun ? ' (dry run: nothing was changed)' : '';
  tools.print(`${counted(count, oneOf(noun))} deleted${note}`);
  mustAllBeDone(outcomes, oneOf(noun), 'deleted');
}
