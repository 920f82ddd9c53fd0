/** Arguments → a command. `tetsu server` starts the server; every other command is a client of one. */

import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { exitCodes, Failure, failureText } from './failure.ts';
import { addBrakeCommands } from './grammar/brake.ts';
import { addDeleteCommand } from './grammar/delete.ts';
import { addDescribeCommand } from './grammar/describe.ts';
import { addDoctorCommand } from './grammar/doctor.ts';
import { addEditCommand } from './grammar/edit.ts';
import { addEventsCommand } from './grammar/events.ts';
import { addExplainCommand } from './grammar/explain.ts';
import { addGetCommand } from './grammar/get.ts';
import { addHoldCommand } from './grammar/hold.ts';
import { addIgnitionCommands } from './grammar/ignition.ts';
import { addLabelCommand } from './grammar/label.ts';
import { addMigrateCommand } from './grammar/migrate.ts';
import { addPlanCommands } from './grammar/plan.ts';
import { addRegisterCommands } from './grammar/register.ts';
import { addRetireCommand } from './grammar/retire.ts';
import { addServerCommand } from './grammar/server.ts';
import { addStateCommand } from './grammar/state.ts';
import { addTokenCommands } from './grammar/token.ts';
import { addUploadCommand } from './grammar/upload.ts';
import { addWaitCommand } from './grammar/wait.ts';
import { addWatchCommand } from './grammar/watch.ts';
import { terminalTools } from './io/tools.ts';

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
  addUploadCommand,
  addDescribeCommand,
  addExplainCommand,
  addLabelCommand,
  addStateCommand,
  addRetireCommand,
  addDeleteCommand,
  addEditCommand,
  addPlanCommands,
  addDoctorCommand,
  addTokenCommands,
  addBrakeCommands,
  addHoldCommand,
  addEventsCommand,
]) {
  add(program, terminalTools);
}

try {
  await program.parseAsync();
} catch (problem) {
  if (problem instanceof Failure) {
    process.stderr.write(failureText(problem, wantsJson(process.argv)));
    process.exitCode = problem.exitCode;
  } else if (problem instanceof CommanderError) {
    process.exitCode = problem.exitCode === 0 ? 0 : exitCodes.usage;
  } else {
    throw problem;
  }
}

/** Before parsing: what cannot be parsed is told in the same form. */
function wantsJson(argv: readonly string[]): boolean {
  return argv.some(
    (arg, at) =>
      /^(-o=?|--output=)json$/.test(arg) ||
      (arg === 'json' && /^(-o|--output)$/.test(argv[at - 1] ?? '')),
  );
}
