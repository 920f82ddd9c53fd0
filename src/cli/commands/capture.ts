/** `tetsu capture`: what a server recorded of a machine's last boots. */

import type { CaptureV2 } from '../../sabakan/contract/capture.ts';
import type { Get } from '../answer.ts';
import { exitCodes, Failure } from '../failure.ts';
import { printable } from '../table.ts';

export type FetchedCapture = Omit<CaptureV2, 'pcapng'> & { readonly octets: Uint8Array };

export async function fetchCapture(get: Get, machine: string): Promise<FetchedCapture> {
  const { status, body } = await get(`/api/v2/captures/${encodeURIComponent(machine)}`);
  if (status === 404) {
    throw new Failure(
      `this server has recorded nothing of ${JSON.stringify(machine)}`,
      'each server records what it sees itself: ask the others with --server; a machine that has not come as far as its script is known by its hardware address alone',
      exitCodes.notFound,
    );
  }
  const { pcapng, ...about } = body as CaptureV2;
  const octets = Uint8Array.from(atob(pcapng), (character) => character.charCodeAt(0));
  return { ...about, octets };
}

export function saidOf(
  { mac, server, messages, firstAt, lastAt }: FetchedCapture,
  file: string,
): string {
  return printable(
    `${file}: ${messages} messages of ${mac}, ${firstAt} to ${lastAt}, as ${server} saw them`,
  );
}
