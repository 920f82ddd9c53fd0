/** `tetsu token`: making and ending tokens. */

import type { TokenV2 } from '../../sabakan/contract/token.ts';
import type { Send } from '../answer.ts';
import { exitCodes, Failure } from '../failure.ts';
import { printable } from '../table.ts';

export type NewToken = {
  readonly name: string;
  readonly role: string;
  readonly days?: number;
  readonly networks?: readonly string[];
};

export type MadeToken = TokenV2 & { readonly bearer: string | null };

export async function createToken(send: Send, wish: NewToken, dryRun: boolean): Promise<MadeToken> {
  const { status, body } = await send(
    'POST',
    `/api/v2/tokens${dryRun ? '?dryRun=true' : ''}`,
    wish,
  );
  if (status === 404) {
    throw new Failure('the server knows no tokens', 'is it Tetsukan, and as new as this command?');
  }
  return body as MadeToken;
}

/** What people should know of it, beside the token. */
export function aboutToken({ id, name, role, expiresAt, networks, bearer }: MadeToken): string {
  const from = networks.length === 0 ? '' : `, from ${networks.join(', ')}`;
  const what = `token ${id} "${printable(name)}": ${role} until ${expiresAt}${from}`;
  return bearer === null
    ? `${what} (not made: a dry run)`
    : `${what}\nIt is shown this once. Use it as TETSU_TOKEN, or as "Authorization: Bearer ..."; end it by: tetsu token revoke ${id}`;
}

export async function revokeToken(send: Send, id: string, dryRun: boolean): Promise<string> {
  const path = `/api/v2/tokens/${encodeURIComponent(id)}${dryRun ? '?dryRun=true' : ''}`;
  const { status, body } = await send('DELETE', path);
  if (status === 404) {
    throw new Failure(
      `there is no token ${JSON.stringify(id)}`,
      'tetsu token list shows their ids',
      exitCodes.notFound,
    );
  }
  const { name, revokedAt } = body as TokenV2;
  const is = dryRun ? 'would be revoked' : `is revoked since ${revokedAt}`;
  return `token ${printable(id)} "${printable(name)}" ${is}`;
}
