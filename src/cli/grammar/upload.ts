/** The arguments of `tetsu upload`. */

import type { Command } from 'commander';
import { uploadAsset, uploadImage } from '../commands/upload.ts';
import type { Tools } from './tools.ts';

type AssetOptions = { readonly type: string; readonly replace?: boolean };

export function addUploadCommand(program: Command, tools: Tools): void {
  const { client, print, uploaderOf } = tools;
  const upload = program.command('upload').description('send files to the servers');

  client(upload.command('image <os> <id> <files...>'))
    .description('a boot image: kernel and initrd, or one tar that holds both')
    .action(async (os: string, id: string, files: readonly string[], _: unknown, self: Command) =>
      print(await uploadImage(uploaderOf(self), os, id, files)),
    );

  client(upload.command('asset <name> <file>'))
    .description('a file for machines to fetch')
    .option('--type <type>', 'its media type', 'application/octet-stream')
    .option('--replace', 'it takes the place of the version that is there')
    .action(async (name: string, file: string, options: AssetOptions, self: Command) => {
      const terms = { type: options.type, replace: options.replace === true };
      print(await uploadAsset(uploaderOf(self), name, file, terms));
    });
}
