/** The arguments of `tetsu migrate`. */

import { type Command, Option } from 'commander';
import { takeoverReportJson } from '../../inventory/takeover-report.ts';
import { checkExitCode, formatCheck, formatUpgrade } from '../commands/migrate.ts';
import { exitCodes, Failure } from '../failure.ts';
import type { Tools } from './tools.ts';

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

export function addMigrateCommand(program: Command, tools: Tools): void {
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
      const { checkDatabase, upgradeNow } = await import('../../sabakan/migrate.ts');
      const source = { configFile: options.config, flags: command.args };
      const asJson = options.output === 'json';
      if (options.check !== true) {
        const done = await upgradeNow(source);
        if (!done.ok) throw new Failure(done.error.text, '', migrateExitCodes[done.error.kind]);
        tools.print(asJson ? JSON.stringify(done.value, null, 2) : formatUpgrade(done.value));
        return;
      }
      const report = await checkDatabase(source, options.dataDir);
      if (!report.ok) throw new Failure(report.error.text, '', migrateExitCodes[report.error.kind]);
      tools.print(
        asJson
          ? JSON.stringify(takeoverReportJson(report.value), null, 2)
          : formatCheck(report.value, options.output === 'wide'),
      );
      tools.exitWith(checkExitCode(report.value));
    });
}
