/** The manual page (man 7 man-pages), from the definitions that the command line is read by. */

import type { Command, Option } from 'commander';
import { type LeafCommand, leafCommands, optionsOf, optionText } from './leaf-commands.ts';

/** @param date of the release, as in 2026-11-21 */
export function manPage(program: Command, version: string, date: string): string {
  const sections = [
    `.TH TETSU 1 "${date}" "tetsu ${version}" "Tetsukan"`,
    '.SH NAME',
    `tetsu \\- ${escaped(program.description())}`,
    '.SH SYNOPSIS',
    '.B tetsu',
    '.I command',
    '.RI [ arguments ]',
    '.SH COMMANDS',
    ...leafCommands(program).flatMap(commandLines),
    '.SH ENVIRONMENT',
    ...environment.flatMap(([name, text]) => ['.TP', `.B ${name}`, escaped(text)]),
    '.SH EXIT STATUS',
    ...statuses.flatMap(([code, text]) => ['.TP', `.B ${code}`, escaped(text)]),
    '.SH FILES',
    '.TP',
    '.I ~/.config/tetsu/config.yml',
    'contexts: servers, token and certificates of each fleet; mode 600',
    '.SH SEE ALSO',
    escaped('Each command tells its options with --help.'),
  ];
  return `${sections.join('\n')}\n`;
}

const environment: readonly (readonly [string, string])[] = [
  ['TETSU_SERVER', 'the server to ask, as --server'],
  ['TETSU_CONTEXT', 'the context to use, as --context'],
  ['TETSU_TOKEN', 'the token; it is never taken as an argument, which everybody on the host sees'],
  ['TETSU_TOKEN_FILE', 'a file that holds it, as --token-file'],
  ['TETSU_CA', 'certificates of the authority that signed those of the servers'],
  ['TETSU_CONFIG', 'another file with contexts'],
  ['VISUAL, EDITOR', 'the editor of tetsu edit'],
  ['NO_COLOR', 'no colours'],
];

const statuses: readonly (readonly [string, string])[] = [
  ['0', 'it is done'],
  ['1', 'it failed'],
  ['2', 'usage: something was mistyped or is missing'],
  ['3', 'there is none of that name'],
  ['4', 'conflict: the state of something forbids it, or somebody was faster'],
  ['5', 'denied'],
  ['6', 'a brake holds it back'],
  ['7', 'the time is over'],
  ['8', 'done in part: what failed is listed'],
  ['9', 'etcd could not be reached'],
  ['130', 'interrupted at a question; nothing was changed'],
];

function commandLines({ command, usage }: LeafCommand): readonly string[] {
  return [
    `.SS "${escaped(usage)}"`,
    escaped(command.description()),
    ...optionsOf(command).flatMap(optionLines),
  ];
}

function optionLines(option: Option): readonly string[] {
  return ['.TP', `.B ${escaped(option.flags)}`, escaped(optionText(option))];
}

/** A hyphen is a minus to be copied, a dot or quote at the begin of a line no request. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/\s*\n\s*/g, ' ')
    .replaceAll('"', '\\(dq')
    .replace(/^([.'])/, '\\&$1');
}
