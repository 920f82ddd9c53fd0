/** Arguments → a command. `tetsu server` starts the server; every other command is a client of one. */

import { createRequire } from 'node:module';
import { Command, CommanderError, Option } from 'commander';
import { takeoverReportJson } from '../inventory/takeover-report.ts';
import type { Get } from './answer.ts';
import { describeMachine, outline } from './commands/describe.ts';
import { checkValues, getObjects, type Output, outputs, selectorOf } from './commands/get.ts';
import type { Send } from './commands/ignition.ts';
import { checkExitCode, formatCheck, formatUpgrade } from './commands/migrate.ts';
import { formatPlan } from './commands/plan.ts';
import { exitCodes, Failure } from './failure.ts';
import { addIgnitionCommands } from './ignition-commands.ts';
import { defaultServer, getJson, sendJson } from './io/api.ts';
import { sourceFiles } from './io/source-files.ts';
import { nouns } from './nouns.ts';

type GetOptions = Readonly<Record<string, string | undefined>>;

type MigrateOptions = {
  readonly check?: boolean;
  readonly config?: string;
  readonly dataDir?: string;
  readonly output: string;
};

const migrateExitCodes = {
  usage: exitCodes.usage,
  store: exitCodes.store,
  'not-understood': exitCodes.failed,
} as const;

const packageJson = createRequire(import.meta.url)('../../package.json') as {
  readonly version: string;
};

// `tetsu get machines | head`: the reader has seen enough, which is no error.
process.stdout.on('error', (problem: NodeJS.ErrnoException) => {
  process.exit(problem.code === 'EPIPE' ? 0 : 1);
});

const program = new Command('tetsu')
  .description('Tetsukan: inventory, network boot, health and node supply of a bare-metal fleet')
  .version(packageJson.version, '-V, --version', 'the version of this command')
  .showHelpAfterError('(run with --help for what can be given)')
  .exitOverride()
  .addHelpText(
    'after',
    `
Examples:
  tetsu server --config /etc/tetsukan/tetsu.yml
  tetsu get machines --state unreachable,unhealthy
  tetsu describe machine ABC123
  tetsu plan
  tetsu ignition preview ABC123

Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 conflict, 5 denied, 7 timed out, 9 etcd`,
  );

program
  .command('server')
  .description('run a server, configured by a file or by flags')
  .addHelpText(
    'after',
    `
Without a file these flags are taken, with Sabakan’s names and defaults (-name value or -name=value):
  -advertise-url -advertise-url-https (both required) -http -https -metrics -dhcp-bind
  -data-dir -ipxe-efi-path -allow-ips -enable-playground -server-cert -server-key -cryptsetup
  -etcd-endpoints -etcd-prefix -etcd-timeout -etcd-username -etcd-password
  -etcd-tls-ca -etcd-tls-cert -etcd-tls-key
With or without: -loglevel debug|info|warning|error, -logfile FILE (appended to). Beside a file, all other
flags have no effect. -config-file is another name of --config.

The members of the file are described in docs/configuration.md.`,
  )
  .option('--config <file>', 'YAML configuration file')
  .allowUnknownOption()
  .allowExcessArguments()
  .action(async (options: { readonly config?: string }, command: Command) => {
    // Loaded here, so that the small commands stay quick.
    const { runServer } = await import('../sabakan/server.ts');
    process.exitCode = await runServer(options.config, command.args);
  });

program
  .command('migrate')
  .description("bring a Sabakan's database to schema version 3, as a server does when it starts")
  .addHelpText(
    'after',
    `
Needs etcd alone, no server: of --config only its member etcd counts; or give Sabakan’s flags
(-etcd-endpoints, -etcd-prefix, -etcd-tls-ca …). Stop all Sabakan servers before an upgrade;
--check may run beside them, since it writes nothing.

Exit codes: 0 nothing in the way (or done), 1 something is not understood (nothing was changed),
2 usage or configuration, 9 etcd could not be reached, read or locked`,
  )
  .option('--check', 'only list what would change and what is not understood')
  .option('--config <file>', 'YAML configuration file of a server')
  .option('--data-dir <dir>', 'with --check: also look for the files of images and assets here')
  .addOption(
    new Option('-o, --output <format>', 'how to print it')
      .choices(['text', 'wide', 'json'])
      .default('text'),
  )
  .allowUnknownOption()
  .allowExcessArguments()
  .action(async (options: MigrateOptions, command: Command) => {
    // Loaded here, so that the small commands stay quick.
    const { checkDatabase, upgradeNow } = await import('../sabakan/migrate.ts');
    const source = { configFile: options.config, flags: command.args };
    const asJson = options.output === 'json';
    if (options.check !== true) {
      const done = await upgradeNow(source);
      if (!done.ok) throw new Failure(done.error.text, '', migrateExitCodes[done.error.kind]);
      print(asJson ? JSON.stringify(done.value, null, 2) : formatUpgrade(done.value));
      return;
    }
    const report = await checkDatabase(source, options.dataDir);
    if (!report.ok) throw new Failure(report.error.text, '', migrateExitCodes[report.error.kind]);
    print(
      asJson
        ? JSON.stringify(takeoverReportJson(report.value), null, 2)
        : formatCheck(report.value, options.output === 'wide'),
    );
    process.exitCode = checkExitCode(report.value);
  });

const get = program.command('get').description('list things');
for (const noun of nouns) {
  const [plural = '', ...others] = noun.names;
  const command = client(get.command(`${plural} [names...]`))
    .aliases(others)
    .description(noun.describes);
  for (const [column, holds] of Object.entries(noun.selectable)) {
    command.option(`--${kebab(column)} <values>`, `by ${holds}; commas mean any of them`);
  }
  if (noun.hasLabels) {
    command.option('-l, --selector <labels>', 'by labels, as in product=R650,!broken');
  }
  command
    .option('--field-selector <columns>', 'by columns, as in state!=retired,rack in (1,2)')
    .option('--sort-by <columns>', 'comma-separated, a minus before one for descending')
    .addOption(
      new Option('-o, --output <format>', 'how to print it').choices(outputs).default('table'),
    )
    .action(async (names: readonly string[], options: GetOptions, self: Command) => {
      const filters = Object.keys(noun.selectable).flatMap((column) => {
        const value = options[column];
        return value === undefined ? [] : [[column, value] as const];
      });
      checkValues(noun, Object.fromEntries(filters));
      const selection = {
        names,
        fieldSelector: selectorOf(Object.fromEntries(filters), options['fieldSelector']),
        labelSelector: options['selector'],
        sort: options['sortBy'],
      };
      print(await getObjects(getter(self), noun, selection, options['output'] as Output));
    });
}

addIgnitionCommands(program, { client, senderOf, files: sourceFiles, print });

const describe = program.command('describe').description('show one thing in full');
client(describe.command('machine <serial>'))
  .description(
    'a machine with the reasons for its state, its probes and what the cluster makes of it',
  )
  .action(async (serial: string, _: unknown, command: Command) =>
    print(await describeMachine(getter(command), serial)),
  );

client(program.command('plan'))
  .description('what the bridge would have the cluster be, and why')
  .addOption(
    new Option('-o, --output <format>', 'how to print it')
      .choices(['text', 'json'])
      .default('text'),
  )
  .action(async (options: { readonly output: string }, command: Command) => {
    const { body } = await getter(command)('/api/v2/plan');
    print(options.output === 'json' ? JSON.stringify(body, null, 2) : formatPlan(body));
  });

client(program.command('status'))
  .description('what a server is doing: store, leadership, boot services, brakes')
  .action(async (_: unknown, command: Command) =>
    print(outline((await getter(command)('/api/v2/status')).body, 0)),
  );

try {
  await program.parseAsync();
} catch (problem) {
  if (problem instanceof Failure) {
    process.stderr.write(
      `tetsu: ${problem.message}\n${problem.hint === '' ? '' : `hint: ${problem.hint}\n`}`,
    );
    process.exitCode = problem.exitCode;
  } else if (problem instanceof CommanderError) {
    process.exitCode = problem.exitCode === 0 ? 0 : exitCodes.usage;
  } else {
    throw problem;
  }
}

function client(command: Command): Command {
  return command.addOption(
    new Option('--server <url>', 'the server to ask').env('TETSU_SERVER').default(defaultServer),
  );
}

function getter(command: Command): Get {
  const server = serverOf(command);
  return (path) => getJson(server, path);
}

function senderOf(command: Command): Send {
  const server = serverOf(command);
  return (method, path, body) => sendJson(server, method, path, body);
}

function serverOf(command: Command): string {
  const { server } = command.opts<{ readonly server: string }>();
  if (!/^https?:$/.test(URL.parse(server)?.protocol ?? '')) {
    throw new Failure(
      `"${server}" is no http:// or https:// URL`,
      `such as ${defaultServer}`,
      exitCodes.usage,
    );
  }
  return server;
}

/** Commander turns it back into camel case for the options. */
function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
