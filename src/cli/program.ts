/** Every command there is. Run by `main.ts`; completion and the manual page are made of the same definitions. */

import { Command } from 'commander';
import { addExamples } from './examples.ts';
import { addBootPolicyCommands } from './grammar/boot-policy.ts';
import { addBrakeCommands } from './grammar/brake.ts';
import { addCaptureCommand } from './grammar/capture.ts';
import { addCompletionCommand } from './grammar/completion.ts';
import { addContextCommands } from './grammar/context.ts';
import { addDeleteCommand } from './grammar/delete.ts';
import { addDescribeCommand } from './grammar/describe.ts';
import { addDiscoveryCommands } from './grammar/discovery.ts';
import { addDoctorCommand } from './grammar/doctor.ts';
import { addEditCommand } from './grammar/edit.ts';
import { addEventsCommand } from './grammar/events.ts';
import { addExplainCommand } from './grammar/explain.ts';
import { addGetCommand } from './grammar/get.ts';
import { addHoldCommand } from './grammar/hold.ts';
import { addIgnitionCommands } from './grammar/ignition.ts';
import { addLabelCommand } from './grammar/label.ts';
import { addMigrateCommand } from './grammar/migrate.ts';
import { addNetworkCommands } from './grammar/network.ts';
import { addPlanCommands } from './grammar/plan.ts';
import { addRegisterCommands } from './grammar/register.ts';
import { addRetireCommand } from './grammar/retire.ts';
import { addServerCommand } from './grammar/server.ts';
import { addStateCommand } from './grammar/state.ts';
import { addTokenCommands } from './grammar/token.ts';
import type { Tools } from './grammar/tools.ts';
import { addUploadCommand } from './grammar/upload.ts';
import { addWaitCommand } from './grammar/wait.ts';
import { addWatchCommand } from './grammar/watch.ts';

/** @param quiet what cannot be parsed is only thrown, for whoever tells it in another form */
export function createProgram(tools: Tools, version: string, quiet = false): Command {
  const program = new Command('tetsu')
    .description('Tetsukan: inventory, network boot, health and node supply of a bare-metal fleet')
    .version(version, '-V, --version', 'the version of this command')
    .showHelpAfterError('(run with --help for what can be given)')
    .exitOverride()
    .configureOutput(quiet ? { writeErr: () => {} } : {})
    .addHelpText(
      'after',
      `
Examples:
  tetsu server --config /etc/tetsukan/tetsu.yml
  tetsu register machines.csv
  tetsu get machines --state unreachable,unhealthy
  tetsu describe machine ABC123
  tetsu plan
  tetsu ignition preview ABC123

Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 conflict, 5 denied, 6 held back by a brake, 7 timed out,
8 done in part, 9 etcd`,
    );

  for (const add of [
    addServerCommand,
    addMigrateCommand,
    addRegisterCommands,
    addGetCommand,
    addWatchCommand,
    addWaitCommand,
    addIgnitionCommands,
    addDescribeCommand,
    addExplainCommand,
    addLabelCommand,
    addBootPolicyCommands,
    addStateCommand,
    addRetireCommand,
    addDeleteCommand,
    addEditCommand,
    addContextCommands,
    addCompletionCommand,
    addPlanCommands,
    addDoctorCommand,
    addCaptureCommand,
    addTokenCommands,
    addBrakeCommands,
    addNetworkCommands,
    addDiscoveryCommands,
    addUploadCommand,
    addEventsCommand,
    addHoldCommand,
  ]) {
    add(program, tools);
  }
  for (const group of program.commands) {
    const [first, ...others] = group.commands.map((one) => one.name());
    if (first === undefined) continue;
    group.showHelpAfterError(`(tetsu ${group.name()} takes: ${[first, ...others].join(', ')})`);
  }
  addExamples(program);
  return program;
}
