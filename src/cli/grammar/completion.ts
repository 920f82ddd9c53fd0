/** The arguments of `tetsu completion`. */

import { Argument, type Command } from 'commander';
import { completionScripts, type Shell, shells } from '../completion/shells.ts';
import type { Tools } from './tools.ts';

export function addCompletionCommand(program: Command, tools: Tools): void {
  program
    .command('completion')
    .description('print a script that completes commands, options and live names in a shell')
    .addArgument(new Argument('<shell>', 'which one').choices(shells))
    .addHelpText(
      'after',
      `
  bash: source <(tetsu completion bash)                                    in ~/.bashrc
  zsh:  source <(tetsu completion zsh)                                     in ~/.zshrc, after compinit
  fish: tetsu completion fish > ~/.config/fish/completions/tetsu.fish`,
    )
    .action((shell: Shell) => tools.write(completionScripts[shell]));
}
