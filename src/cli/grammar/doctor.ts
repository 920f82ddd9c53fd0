/** The arguments of `tetsu doctor`. */

import { type Command, Option } from 'commander';
import { askDoctor, formatReport } from '../commands/doctor.ts';
import { exitCodes, Failure } from '../failure.ts';
import type { Tools } from './tools.ts';

type DoctorOptions = {
  readonly config?: string;
  readonly dhcpSurvey?: readonly string[];
  readonly output: string;
};

export function addDoctorCommand(program: Command, tools: Tools): void {
  tools
    .client(program.command('doctor'))
    .description('examine a server, its etcd, its host and its records, and say what to do')
    .option('--config <file>', 'examine this host for this configuration; no server need run')
    .addOption(
      new Option('-o, --output <format>', 'how to print it')
        .choices(['table', 'json'])
        .default('table'),
    )
    .option(
      '--dhcp-survey <interfaces...>',
      'with --config: send one DISCOVER on each, to hear who else lends addresses there',
    )
    .addHelpText('after', '\nExit codes: 0 nothing is a problem, 1 something is')
    .action(async ({ config, dhcpSurvey, output }: DoctorOptions, command: Command) => {
      if (config === undefined && dhcpSurvey !== undefined) {
        throw new Failure('--dhcp-survey needs --config', 'run it on the host', exitCodes.usage);
      }
      const report =
        config === undefined
          ? await askDoctor(tools.getterOf(command))
          : await examined(config, dhcpSurvey ?? []);
      tools.print(
        output === 'json' ? JSON.stringify(report, null, 2) : formatReport(report, tools.paint),
      );
      if (!report.healthy) tools.exitWith(exitCodes.failed);
    });
}

/** Loaded here, so that the small commands stay quick. */
async function examined(config: string, links: readonly string[]) {
  const { examineHost } = await import('../../sabakan/doctor/main.ts');
  return examineHost(config, links);
}
