/** `tetsu delete` of what has no bulk endpoint: one by one, each on condition of what was seen. */

import type { Send } from '../answer.ts';
import { exitCodes, Failure } from '../failure.ts';
import { eachOf, type Outcome, type Progress } from '../many.ts';
import type { CliNoun } from '../nouns/noun.ts';
import { unknownName } from './list.ts';

export async function deleteObjects(
  send: Send,
  noun: CliNoun,
  names: readonly string[],
  dryRun: boolean,
  progress: Progress,
): Promise<readonly Outcome<unknown>[]> {
  return eachOf(names, progress, async (name) => {
    const path = `/api/v2/${noun.names[0]}/${encodeURIComponent(name)}`;
    const seen = await send('GET', path);
    if (seen.status === 404) throw unknownName(noun, name);
    const terms = seen.etag === undefined ? {} : { ifMatch: seen.etag };
    const query = dryRun ? '?dryRun=true' : '';
    const { status, body } = await send('DELETE', path + query, undefined, terms);
    if (status === 404) throw goneOrFixed(noun, name, body);
  });
}

/** It is listed, and cannot be taken away: the server says why, as of the node pool. */
function goneOrFixed(noun: CliNoun, name: string, body: unknown): Failure {
  const { detail } = Object(body) as { readonly detail?: unknown };
  if (typeof detail !== 'string') return unknownName(noun, name);
  return new Failure(detail, '', exitCodes.notFound);
}
