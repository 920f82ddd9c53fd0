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

const program = createProgram(terminalTools, version);

try {
  if (process.argv[2] === '__complete') {
    // Not a command of its own: what is being typed must not be parsed as if it were meant.
    const { printCandidates } = await import('./io/completion.ts');
    await printCandidates(program, process.argv.slice(3));
  } else await program.parseAsync();
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
