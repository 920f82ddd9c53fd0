/** The arguments of `tetsu server`. */

import type { Command } from 'commander';
import type { Tools } from './tools.ts';

export function addServerCommand(program: Command, tools: Tools): void {
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
      const { runServer } = await import('../../sabakan/server.ts');
      tools.exitWith(await runServer(options.config, command.args));
    });
}
