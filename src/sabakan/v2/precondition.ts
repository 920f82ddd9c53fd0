/** `If-Match` (RFC 9110 section 13.1.1) on objects whose ETag is their revision. */

import { fail, ok, type Result } from '../../base/result.ts';
import type { Revision } from '../../base/store.ts';
import type { Exchange } from '../exchange.ts';
import { badRequest } from '../problems.ts';
import type { Refusal } from './endpoint.ts';

/** Nobody has seen that many versions of one object at once. */
const tagsMax = 16;

/** The revisions that will do; undefined: any, for a star. A weak tag matches nothing, as the RFC has it. */
export function readIfMatch({
  headers,
}: Pick<Exchange, 'headers'>): Result<readonly Revision[] | undefined, Refusal> {
  const given = headers.get('if-match')?.trim() ?? '';
  if (given === '') {
    const text =
      'If-Match is missing: send the ETag of the object as you know it, or * for whatever it is';
    return fail({ problem: { kind: 'precondition-missing', text } });
  }
  if (given === '*') return ok(undefined);
  const tags = given.split(',').map((tag) => tag.trim());
  const isWrong = tags.some((tag) => !/^(W\/)?"[^"]*"$/.test(tag)) || tags.length > tagsMax;
  if (isWrong) {
    const text = `If-Match is ${JSON.stringify(given.slice(0, 80))}; it must be * or at most ${tagsMax} ETags in quotes, as in "123"`;
    return fail({ problem: badRequest(text) });
  }
  return ok(tags.map((tag) => tag.slice(1, -1) as Revision));
}
