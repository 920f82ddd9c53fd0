/** The arguments of `tetsu capture`. */

import type { Command } from 'commander';
import { fetchCapture, saidOf } from '../commands/capture.ts';
import type { Tools } from './tools.ts';

export function addCaptureCommand(program: Command, tools: Tools): void {
  tools
    .client(program.command('capture <machine>'))
    .description('what a server recorded of a machine’s last boots, as a file for Wireshark')
    .requiredOption(
      '-o, --output <file>',
      'where to write it, as in boot.pcapng; - for standard output',
    )
    .action(async (machine: string, { output }: { readonly output: string }, self: Command) => {
      const capture = await fetchCapture(tools.getterOf(self), machine);
      await tools.saveFile(output, capture.octets);
      if (output !== '-') tools.print(saidOf(capture, output));
    });
}
