/** The arguments of `tetsu context`: which fleets this user knows. */

import type { Command } from 'commander';
import { type Context, checkServer, deleteContext, setContext } from '../contexts.ts';
import { exitCodes, Failure } from '../failure.ts';
import { formatTable } from '../table.ts';
import type { Tools } from './tools.ts';

type SetOptions = {
  readonly server?: readonly string[];
  readonly tokenFile?: string;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
};

export function addContextCommands(program: Command, tools: Tools): void {
  const { contexts, print } = tools;
  const context = program
    .command('context')
    .description('which servers are asked, and how: ~/.config/tetsu/config.yml');

  context
    .command('list')
    .description('all contexts; a star marks the current one')
    .action(async () => {
      const all = await contexts.read();
      const rows = [...all.contexts];
      if (rows.length === 0) return tools.warn('there is no context; tetsu context set makes one');
      print(
        formatTable(
          [
            { title: '', cell: ([name]) => (name === all.current ? '*' : '') },
            { title: 'NAME', cell: ([name]) => name },
            { title: 'SERVERS', cell: ([, { servers }]) => servers.join(',') },
            { title: 'TOKEN', cell: ([, one]) => one.tokenFile ?? (one.token ? 'here' : '-') },
          ],
          rows,
        ),
      );
    });

  context
    .command('use <name>')
    .description('make it the current one')
    .action(async (name: string) => {
      const all = await contexts.read();
      if (!all.contexts.has(name)) throw unknown(name);
      await contexts.write({ ...all, current: name });
      print(`current context: ${name}`);
    });

  context
    .command('set <name>')
    .description('make a context, or change one')
    .option('--server <urls...>', 'its servers; the next one is asked when one does not answer')
    .option('--token-file <file>', 'that holds its token; readable by its owner alone (mode 600)')
    .option('--ca-file <file>', 'certificates of the authority that signed those of the servers')
    .option('--cert-file <file>', 'certificate of the client')
    .option('--key-file <file>', 'its private key')
    .action(async (name: string, { server, ...files }: SetOptions) => {
      const all = await contexts.read();
      if (server === undefined && !all.contexts.has(name)) {
        const text = `the context ${name} is new and needs a server`;
        throw new Failure(text, 'as in --server https://boot-0:10443', exitCodes.usage);
      }
      const servers = server?.map((one) => {
        const url = checkServer(one);
        if (url.ok) return url.value;
        throw new Failure(`--server ${url.error}`, '', exitCodes.usage);
      });
      const paths = Object.entries(files).map(([key, path]) => [key, contexts.absolute(path)]);
      const change: Partial<Context> = {
        ...Object.fromEntries(paths),
        ...(servers === undefined ? {} : { servers }),
      };
      await contexts.write(setContext(all, name, change));
      print(`context ${name} is set`);
    });

  context
    .command('delete <name>')
    .description('forget it; nothing happens to its servers')
    .action(async (name: string) => {
      const all = await contexts.read();
      if (!all.contexts.has(name)) throw unknown(name);
      await contexts.write(deleteContext(all, name));
      print(`context ${name} is deleted`);
    });
}

function unknown(name: string): Failure {
  const text = `there is no context ${JSON.stringify(name)}`;
  return new Failure(text, 'tetsu context list shows them', exitCodes.notFound);
}
