/** Arguments → a command. `tetsu server` starts the server; every other command is a client of one. */

import { CommanderError } from 'commander';
import { exitCodes, Failure, failureText } from './failure.ts';
import { terminalTools } from './io/tools.ts';
import { version } from './io/version.ts';
import { createProgram } from './program.ts';

// `tetsu get machines | head`: the reader has seen enough, which is no error.
process.stdout.on('error', (problem: NodeJS.ErrnoException) => {
  process.exit(problem.code === 'EPIPE' ? 0 : 1);
});

const asJson = wantsJson(process.argv);
const program = createProgram(terminalTools, version, asJson);

try {
  if (process.argv[2] === '__complete') {
    // Not a command of its own: what is being typed must not be parsed as if it were meant.
    const { printCandidates } = await import('./io/completion.ts');
    await printCandidates(program, process.argv.slice(3));
  } else await program.parseAsync();
} catch (problem) {
  if (problem instanceof Failure) {
    process.stderr.write(failureText(problem, asJson));
    process.exitCode = problem.exitCode;
  } else if (problem instanceof CommanderError) {
    process.exitCode = problem.exitCode === 0 ? 0 : exitCodes.usage;
    if (asJson && problem.exitCode !== 0) process.stderr.write(failureText(usage(problem), true));
  } else {
    throw problem;
  }
}

function usage({ message }: CommanderError): Failure {
  const text = message.replace(/^error: /, '');
  return new Failure(text, 'run with --help for what can be given', exitCodes.usage);
}

/** Before parsing: what cannot be parsed is told in the same form. */
function wantsJson(argv: readonly string[]): boolean {
  return argv.some(
    (arg, at) =>
      /^(-o=?|--output=)json$/.test(arg) ||
      (arg === 'json' && /^(-o|--output)$/.test(argv[at - 1] ?? '')),
  );
}
