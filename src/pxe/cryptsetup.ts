/** The program with which a booted machine sets up its encrypted disks (Sabakan's `sabakan-cryptsetup`), to download. */

import type { Result } from '../base/result.ts';
import { artefactResponse, type Content } from './http/artefact.ts';
import { type BootRequest, type BootResponse, textResponse } from './http/message.ts';

/** A file that may come, change and go while the server runs. */
export type ProgramFile = {
  /** `missing`: there is no such file, as opposed to one that cannot be read. */
  readonly content: () => Promise<
    Result<Content, { readonly text: string; readonly missing: boolean }>
  >;
};

const binaryType = 'application/octet-stream';
const textType = 'text/plain; charset=utf-8';
const hint =
  "put the program there, or name its file: the configuration's `cryptsetup`, the flag -cryptsetup, or SABAKAN_CRYPTSETUP in the server's environment";

/** @param program undefined where this server was given none. */
export async function cryptsetupResponse(
  request: BootRequest,
  program: ProgramFile | undefined,
): Promise<BootResponse> {
  const content = await program?.content();
  if (content?.ok) return artefactResponse(request, content.value, binaryType);
  const why = content?.error ?? { missing: true, text: 'no file was named' };
  const text = `sabakan-cryptsetup is not on this server (${why.text}): ${hint}.\n`;
  return textResponse(request, why.missing ? 404 : 500, textType, text);
}
