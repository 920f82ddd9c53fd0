/** The arguments of `tetsu register`, `tetsu apply` and `tetsu diff`. */

import { type Command, Option } from 'commander';
import type { RosterFormat } from '../../inventory/roster.ts';
import type { RegistrationV2 } from '../../sabakan/contract/registration.ts';
import {
  applyBundle,
  changesAnything,
  changesPresent,
  formatDiff,
  formatPreview,
  previewBundle,
  question,
  summary,
  wholeBundle,
} from '../commands/register.ts';
import { exitCodes, Failure } from '../failure.ts';
import type { Bundle } from '../roster-files.ts';
import { withWriting } from './shared-options.ts';
import type { Tools } from './tools.ts';

type Options = {
  readonly format?: RosterFormat;
  readonly output: 'table' | 'wide' | 'json';
  readonly dryRun?: true;
  readonly yes?: true;
  readonly check?: true;
  readonly evenInUse?: true;
  readonly filename?: readonly string[];
};

const formats: readonly RosterFormat[] = ['csv', 'json', 'yaml'];
/** Of `tetsu diff`, as kubectl has it: more than 1 is an error. */
const differs = 1;

const filesHelp = `
FILE is CSV (columns serial, rack, role, bmc-type, and label:NAME, retire-date), JSON or YAML: machines as
tetsu get -o yaml and Sabakan's machines.json have them, or a fleet with ipam, dhcp and machines; - is standard
input. All files together are one change: all of it is done, or nothing. Labels that a file does not name stay.`;

export function addRegisterCommands(program: Command, tools: Tools): void {
  const described = (command: Command): Command =>
    tools
      .client(command)
      .addOption(
        new Option('--format <format>', 'of the files; default: by name or content').choices(
          formats,
        ),
      )
      .addOption(
        new Option('-o, --output <format>', 'how to print what would be, and what was done')
          .choices(['table', 'wide', 'json'])
          .default('table'),
      )
      .option(
        '--even-in-use',
        'also move machines in use: nodes whose addresses change vanish from their cluster',
      )
      .addHelpText('after', filesHelp);
  const withFilename = (command: Command): Command =>
    described(command).requiredOption(
      '-f, --filename <files...>',
      'files of machines; - is standard input',
    );

  withWriting(described(program.command('register <files...>')))
    .description('register machines from files: every mistake, then a preview, then a question')
    .option('--check', 'look for mistakes in the files alone; asks no server')
    .action(async (files: readonly string[], options: Options, self: Command) => {
      const bundle = await read(tools, files, options);
      if (options.check === true) {
        return tools.print(`no mistake in ${bundle.machines} machines`);
      }
      await perform(tools, self, bundle, options, changesAnything);
    });

  withWriting(withFilename(program.command('apply')))
    .description('the same for scripts: asks only before it changes what is there already')
    .action(async (options: Options, self: Command) => {
      const bundle = await read(tools, options.filename ?? [], options);
      await perform(tools, self, bundle, options, changesPresent);
    });

  withFilename(program.command('diff'))
    .description('what applying files would change')
    .addHelpText(
      'after',
      '\nExit codes: 0 no difference, 1 differences, more: it could not be found out',
    )
    .action(async (options: Options, self: Command) => {
      const bundle = await read(tools, options.filename ?? [], options).catch(notJustDifferent);
      const { shown } = await previewBundle(tools.senderOf(self), bundle, options).catch(
        notJustDifferent,
      );
      const text = formatDiff(shown, options.output === 'wide', tools.paint);
      if (options.output === 'json') printJson(tools, shown);
      else if (text !== '') tools.print(text);
      if (changesAnything(shown)) tools.exitWith(differs);
    });
}

async function read(tools: Tools, names: readonly string[], { format }: Options): Promise<Bundle> {
  if (names.filter((name) => name === '-').length > 1) {
    throw new Failure('- is given twice', 'standard input is read once', exitCodes.usage);
  }
  // Loaded here: the readers of YAML and CSV would slow every command.
  const { bundleFiles } = await import('../roster-files.ts');
  const files = await Promise.all(
    names.map(async (name) => ({ name, bytes: await tools.readInput(name) })),
  );
  return wholeBundle(bundleFiles(files, format));
}

async function perform(
  tools: Tools,
  self: Command,
  bundle: Bundle,
  options: Options,
  asks: (shown: RegistrationV2) => boolean,
): Promise<void> {
  const { output, dryRun, yes } = options;
  const send = tools.senderOf(self);
  const preview = await previewBundle(send, bundle, options);
  const { shown } = preview;
  const isDone = dryRun === true || !changesAnything(shown);
  if (output !== 'json') tools.print(formatPreview(shown, output === 'wide', tools.paint));
  else if (isDone) printJson(tools, shown);
  if (isDone) return;
  const { registered, changed } = shown.counts;
  if (asks(shown)) await tools.confirm(`${question(shown)}?`, registered + changed, yes);
  const done = await applyBundle(send, bundle, preview, options);
  if (output === 'json') printJson(tools, done);
  else tools.print(summary(done));
}

function printJson(tools: Tools, shown: RegistrationV2): void {
  tools.print(JSON.stringify(shown, null, 2));
}

/** 1 says that there are differences. */
function notJustDifferent(problem: unknown): never {
  if (!(problem instanceof Failure) || problem.exitCode > differs) throw problem;
  throw new Failure(problem.message, problem.hint, exitCodes.usage, problem.refused);
}
