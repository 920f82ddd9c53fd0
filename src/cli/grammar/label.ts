/** The arguments of `tetsu label`. */

import type { Command } from 'commander';
import type { MachineV2 } from '../../sabakan/contract/machine.ts';
import { changeMachines, summary } from '../commands/change-machines.ts';
import { mustNotReplace, readLabelArguments } from '../commands/label.ts';
import { exitCodes, Failure } from '../failure.ts';
import { mustAllBeDone } from '../many.ts';
import { machineNoun } from '../nouns/machine.ts';
import { selectForWriting } from '../selection.ts';
import { withSelectors } from './shared-options.ts';
import type { Tools } from './tools.ts';

type LabelOptions = {
  readonly selector?: string;
  readonly fieldSelector?: string;
  readonly overwrite?: true;
  readonly dryRun?: true;
};

export function addLabelCommand(program: Command, tools: Tools): void {
  const label = program.command('label').description('set labels, or take them away');
  const command = tools
    .client(label.command('machines <names-and-labels...>'))
    .alias('machine')
    .description('labels of machines: key=value sets one, key- takes it away')
    .addHelpText(
      'after',
      `
Examples:
  tetsu label machines ABC123 product=R650
  tetsu label machines rack[1-4],^ABC007 broken-
  tetsu label machines --field-selector state=unreachable ticket=4711`,
    );
  withSelectors(command, true)
    .option('--overwrite', 'replace another value that is there')
    .option('--dry-run', 'have the server decide and answer, but change nothing')
    .action(async (args: readonly string[], options: LabelOptions, self: Command) => {
      const { selector: labelSelector, fieldSelector, overwrite, dryRun = false } = options;
      const read = readLabelArguments(args);
      if (!read.ok) throw new Failure(read.error, '', exitCodes.usage);
      const { names, labels } = read.value;
      const range = await tools.readRange(names);
      const wanted = { range, labelSelector, fieldSelector };
      const found = await selectForWriting(tools.getterOf(self), machineNoun, wanted);
      const machines = found as readonly MachineV2[];
      if (overwrite !== true) mustNotReplace(machines, labels);
      const patch = { spec: { labels } };
      const serials = machines.map(({ serial }) => serial);
      const outcomes = await changeMachines(tools.senderOf(self), serials, { patch }, dryRun);
      tools.print(summary(outcomes, 'labelled', dryRun));
      mustAllBeDone(outcomes, 'machine', 'labelled');
    });
}
