/** The arguments of `tetsu ignition`. */

import type { Command } from 'commander';
import {
  deleteIgnition,
  getIgnition,
  previewIgnition,
  readTemplate,
  type Source,
  setIgnition,
} from '../commands/ignition.ts';
import { exitCodes, Failure } from '../failure.ts';
import type { Tools } from './tools.ts';

type SourceOptions = Omit<Source, 'file'> & { readonly file?: string };
type PreviewOptions = SourceOptions & { readonly template?: string };

/** Where relative names on the command line begin. */
const here = '.';

const sourceHelp = `
FILE is YAML as for sabactl ignitions set: version, include, passwd, files, remote_files, systemd, networkd.
With --json it is the object of version, template and meta itself.`;

export function addIgnitionCommands(program: Command, tools: Tools): void {
  const { client, senderOf, files, print } = tools;
  const read = (source: Source): Promise<unknown> => readTemplate(files, here, source);
  const ignition = program.command('ignition').description('Ignition templates and previews');

  withSource(client(ignition.command('preview <serial>')))
    .description('the document a machine would read at its first boot, without booting it')
    .option('--template <id>', 'by this version of its role’s template; default: the highest')
    .action(async (serial: string, options: PreviewOptions, command: Command) => {
      const { file, template } = options;
      if (file !== undefined && template !== undefined) {
        throw new Failure('--template and --file exclude one another', '', exitCodes.usage);
      }
      const body = file === undefined ? undefined : await read({ ...options, file });
      print(await previewIgnition(senderOf(command), serial, { template, body }));
    });

  client(ignition.command('get <role> [id]'))
    .description('the versions of a role’s template, or one of them')
    .action(async (role: string, id: string | undefined, _: unknown, command: Command) =>
      print(await getIgnition(senderOf(command), role, id)),
    );

  withSource(client(ignition.command('set <role> <id>')))
    .description('store a template under a new version')
    .action(async (role: string, id: string, options: SourceOptions, command: Command) => {
      const { file } = options;
      if (file === undefined) {
        throw new Failure('--file is missing', 'the template’s source', exitCodes.usage);
      }
      print(await setIgnition(senderOf(command), role, id, await read({ ...options, file })));
    });

  client(ignition.command('delete <role> <id>'))
    .description('delete a version; the highest that is left boots the role’s machines')
    .action(async (role: string, id: string, _: unknown, command: Command) =>
      print(await deleteIgnition(senderOf(command), role, id)),
    );
}

function withSource(command: Command): Command {
  return command
    .option('-f, --file <file>', 'the source of a template')
    .option('--meta <file>', 'its meta data, JSON or YAML')
    .option('--json', 'the file is uploaded as it is')
    .addHelpText('after', sourceHelp);
}
