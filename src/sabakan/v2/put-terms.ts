/** `If-Match` and `If-None-Match` of a write (RFC 9110 section 13.1) on what has an ETag and a name of the client's choice. */

import type { PutTerms } from '../../base/put-terms.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Exchange } from '../exchange.ts';
import { badRequest, type Problem } from '../problems.ts';
import type { Refusal } from './endpoint.ts';
import { readIfMatch } from './precondition.ts';

type Asked = Pick<Exchange, 'headers'>;

/** Without a condition a PUT creates and never replaces. */
export function readPutTerms(
  exchange: Asked,
  query: ReadonlyMap<string, string>,
): Result<PutTerms, Refusal> {
  const noneMatch = exchange.headers.get('if-none-match')?.trim();
  if (noneMatch !== undefined && noneMatch !== '*') {
    const text = `If-None-Match is ${JSON.stringify(noneMatch.slice(0, 80))}; of a PUT it can only be *: create, and replace nothing`;
    return fail({ problem: badRequest(text) });
  }
  const hasMatch = exchange.headers.has('if-match');
  if (hasMatch && noneMatch !== undefined) {
    const text = 'If-Match and If-None-Match exclude one another: replace what is there, or create';
    return fail({ problem: badRequest(text) });
  }
  if (hasMatch) return readDeleteTerms(exchange, query);
  return ok({ over: 'nothing', dryRun: isDryRun(query) });
}

/** Of what never changes once it is there: without a condition it may be there already, and the part decides what follows. */
export function readUploadTerms(
  exchange: Asked,
  query: ReadonlyMap<string, string>,
): Result<PutTerms, Refusal> {
  const terms = readPutTerms(exchange, query);
  const isSaid = exchange.headers.has('if-match') || exchange.headers.has('if-none-match');
  return isSaid || !terms.ok ? terms : ok({ dryRun: isDryRun(query) });
}

/** `If-Match` is required. */
export function readDeleteTerms(
  exchange: Asked,
  query: ReadonlyMap<string, string>,
): Result<PutTerms, Refusal> {
  const expected = readIfMatch(exchange);
  if (!expected.ok) return expected;
  return ok({ over: expected.value ?? 'anything', dryRun: isDryRun(query) });
}

/** Who sent no condition hears which one is missing, not that one failed. */
export function missingIfMatch({ headers }: Asked, problem: Problem): Problem {
  const isSaid = headers.has('if-match') || headers.has('if-none-match');
  if (problem.kind !== 'precondition-failed' || isSaid) return problem;
  const text = `${problem.text}; to replace it, send If-Match with its ETag, or *`;
  return { kind: 'precondition-missing', text };
}

export function isDryRun(query: ReadonlyMap<string, string>): boolean {
  return query.get('dryRun') === 'true';
}
