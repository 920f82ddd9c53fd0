/** `tetsu network set`: what is not said of a network stays as it is. */

import type { NetworkV2 } from '../../sabakan/contract/network.ts';
import type { Send } from '../answer.ts';
import { exitCodes, Failure } from '../failure.ts';
import { printable } from '../table.ts';

export type NetworkWish = {
  readonly cidr?: string;
  readonly mode?: string;
  readonly discovery?: string;
  readonly note?: string;
};

/** @returns a sentence that says what it is now */
export async function setNetwork(
  send: Send,
  name: string,
  wish: NetworkWish,
  dryRun: boolean,
): Promise<string> {
  const path = `/api/v2/networks/${encodeURIComponent(name)}`;
  const found = await send('GET', path);
  const before = found.status === 404 ? undefined : (found.body as NetworkV2);
  if (before === undefined && (wish.cidr === undefined || wish.mode === undefined)) {
    throw new Failure(
      `there is no network ${printable(name)} yet: a new one needs --cidr and --mode`,
      `tetsu network set ${printable(name)} --cidr 10.69.0.0/20 --mode server`,
      exitCodes.usage,
    );
  }
  const { cidr, mode, discovery, note } = { ...before, ...wish };
  const body = { cidr, mode, ...(discovery === undefined ? {} : { discovery }), ...noted(note) };
  const terms = before === undefined ? {} : { ifMatch: found.etag ?? '*' };
  const answer = await send('PUT', `${path}${dryRun ? '?dryRun=true' : ''}`, body, terms);
  if (answer.status === 404) {
    throw new Failure(
      'the server knows no networks',
      'is it Tetsukan, and as new as this command?',
    );
  }
  const now = answer.body as NetworkV2;
  const is = dryRun ? 'would be' : 'is';
  return `network ${name} ${is} ${now.cidr}, mode ${now.mode}, discovery ${now.discovery}`;
}

function noted(note: string | undefined): { readonly note?: string } {
  return note === undefined || note === '' ? {} : { note };
}
