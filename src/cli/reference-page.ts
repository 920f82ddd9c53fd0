/** docs/cli-reference.md, from the definitions that the command line is read by. */

import type { Command, Option } from 'commander';
import { type LeafCommand, leafCommands, optionsOf, optionText } from './leaf-commands.ts';

/** The whole page. Options that every command of a server has are told once, at its beginning. */
export function referencePage(program: Command): string {
  const leaves = leafCommands(program);
  const common = commonOptions(leaves);
  const isCommon = ({ flags }: Option) => common.some((option) => option.flags === flags);
  const sections = leaves.flatMap(({ command, usage }) => [
    `## ${usage.replaceAll('[', '\\[')}`,
    '',
    `${command.description()}.`,
    '',
    ...table(optionsOf(command).filter((option) => !isCommon(option))),
  ]);
  const head = [
    '# Every command and its options',
    '',
    'Written by `npm run docs` from the definitions of the command itself; [cli.md](cli.md) explains and shows. Commands that ask a',
    'server also take these:',
    '',
    ...table(common),
  ];
  return `${[...head, ...sections].join('\n').trimEnd()}\n`;
}

/** What most of the commands take: those that name the server and who asks it. */
const commonShare = 0.7;

function commonOptions(leaves: readonly LeafCommand[]): readonly Option[] {
  const byFlags = Map.groupBy(
    leaves.flatMap(({ command }) => optionsOf(command)),
    ({ flags }) => flags,
  );
  return [...byFlags.values()].flatMap((same) =>
    same.length > leaves.length * commonShare ? same.slice(0, 1) : [],
  );
}

function table(options: readonly Option[]): readonly string[] {
  if (options.length === 0) return [];
  const rows = options.map(
    (option) => `| \`${cell(option.flags)}\` | ${cell(optionText(option))} |`,
  );
  return ['| option | meaning |', '| --- | --- |', ...rows, ''];
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replace(/\s*\n\s*/g, ' ');
}
