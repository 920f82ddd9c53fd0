/** What may come next on a command line, from the definitions it is read by; names from the server. */

import type { Command, Option } from 'commander';
import { machineStates } from '../../inventory/machine.ts';
import type { CliNoun } from '../nouns/noun.ts';
import { outputNames } from '../output.ts';
import { namedNoun, nounsNamedBy } from './named.ts';

/** The live names of a noun, or its values of a column; empty where the server does not say in time. */
export type Names = (command: Command, noun: CliNoun) => Promise<readonly string[]>;

/** More than a screen of them helps nobody; typing a letter more does. */
export const candidatesMax = 500;

/**
 * @param words after `tetsu`; the last is the one that is being typed, maybe empty
 * @returns what it may become
 */
export async function complete(
  program: Command,
  words: readonly string[],
  names: Names,
): Promise<readonly string[]> {
  const typed = words.at(-1) ?? '';
  const { command, rest } = commandOf(program, words.slice(0, -1));
  const pending = pendingOption(command, rest.at(-1));
  const all =
    pending !== undefined
      ? await optionValues(command, pending, typed, names)
      : typed.startsWith('-')
        ? flagsOf(command)
        : [...subcommandsOf(command), ...(await argumentsOf(command, typed, names))];
  return [...new Set(all)].filter((one) => one.startsWith(typed)).slice(0, candidatesMax);
}

/** As far as words name commands; what follows are arguments and options. */
function commandOf(program: Command, words: readonly string[]) {
  let command = program;
  let at = 0;
  for (; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const next = command.commands.find(
      (one) => one.name() === word || one.aliases().includes(word),
    );
    if (next === undefined) break;
    command = next;
  }
  const rest = words.slice(at);
  // Values of options are given as they would be parsed: the live names come from that server.
  for (const [index, word] of rest.entries()) {
    const option = pendingOption(command, word);
    const value = rest[index + 1];
    if (option === undefined || value === undefined) continue;
    if (['server', 'context', 'tokenFile'].includes(option.attributeName())) {
      command.setOptionValueWithSource(option.attributeName(), value, 'cli');
    }
  }
  return { command, rest };
}

/** The option that waits for its value. */
function pendingOption(command: Command, word: string | undefined): Option | undefined {
  if (word === undefined || !word.startsWith('-')) return undefined;
  return command.options.find(
    (option) => (option.long === word || option.short === word) && option.required,
  );
}

function flagsOf(command: Command): readonly string[] {
  const options = command.createHelp().visibleOptions(command);
  return options.flatMap(({ long }) => long ?? []);
}

function subcommandsOf(command: Command): readonly string[] {
  const visible = command.createHelp().visibleCommands(command);
  return visible.map((one) => one.name());
}

async function optionValues(
  command: Command,
  option: Option,
  typed: string,
  names: Names,
): Promise<readonly string[]> {
  if (option.argChoices !== undefined) return option.argChoices;
  const noun = nounsNamedBy(command)[0];
  const columns = Object.keys(noun?.selectable ?? {});
  const choices = noun?.values[option.attributeName()]?.choices;
  if (choices !== undefined) return choices.map((choice) => beforeLast(typed) + choice);
  switch (option.attributeName()) {
    case 'output':
      return outputNames.map((name) => name.replace('TEMPLATE', ''));
    case 'sortBy':
      return [...columns, ...columns.map((column) => `-${column}`)];
    case 'columns':
      return noun?.columns.map(({ title }) => title.toLowerCase()) ?? [];
    case 'fieldSelector':
      return columns.map((column) => `${column}=`);
    case 'for':
      return ['delete', 'create', ...conditionsOf(noun)];
    default:
      return liveNames(command, namedNoun(option), typed, names);
  }
}

/** `tetsu wait … --for state=healthy`. */
function conditionsOf(noun: CliNoun | undefined): readonly string[] {
  return Object.entries(noun?.values ?? {}).flatMap(([column, { choices = [] }]) =>
    choices.map((choice) => `${column}=${choice}`),
  );
}

async function argumentsOf(
  command: Command,
  typed: string,
  names: Names,
): Promise<readonly string[]> {
  if (command.registeredArguments.length === 0) return [];
  const states = command.parent?.name() === 'state' ? machineStates : [];
  return [...(await liveNames(command, nounsNamedBy(command), typed, names)), ...states];
}

async function liveNames(
  command: Command,
  of: readonly CliNoun[],
  typed: string,
  names: Names,
): Promise<readonly string[]> {
  const known = await Promise.all(of.map((noun) => names(command, noun)));
  return known.flat().map((name) => beforeLast(typed) + name);
}

/** After a comma the next one of a list is completed, after `^` one to leave out. */
function beforeLast(typed: string): string {
  return /^(.*,)?[\^!]?/.exec(typed)?.[0] ?? '';
}
