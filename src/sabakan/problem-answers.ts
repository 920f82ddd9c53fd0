/** Problems as answers: Sabakan's body for version 1, problem documents for version 2. */

import { type Answer, type Exchange, textAnswer } from './exchange.ts';
import { goJsonText } from './go-json.ts';
import { type Place, type Problem, rowOf, statusText, v1Text, v2Status } from './problems.ts';

/** Sabakan's error body, to the letter: members in alphabetical order and a newline. */
export function v1Error(exchange: Pick<Exchange, 'requestId'>, problem: Problem): Answer {
  const row = rowOf(problem.kind);
  const body = goJsonText({
    error: v1Text(problem),
    request_id: exchange.requestId,
    status: row.status,
  });
  const answer = withHeaders(textAnswer(row.status, 'application/json', `${body}\n`), problem);
  const headers = { ...answer.headers, [detailHeader]: headerText(problem) };
  return { ...answer, headers };
}

/** The body is Sabakan's to the letter and often says no more than "conflicted"; the rest stands here. */
const detailHeader = 'x-tetsukan-detail';
const detailCharactersMax = 500;

/** `boot-slot-taken: rack 3 has a boot machine already; …`, in the characters a header may have. */
function headerText({ kind, text }: Problem): string {
  return `${kind}: ${text}`.replace(/[^\x20-\x7e]/g, '?').slice(0, detailCharactersMax);
}

/** RFC 9457, for what version 1 does not have. */
export function problemDetails(
  exchange: Exchange,
  problem: Problem,
  places: readonly Place[] = [],
): Answer {
  const row = rowOf(problem.kind);
  const status = v2Status(problem.kind);
  const body = JSON.stringify({
    type: `urn:tetsukan:problem:${problem.kind}`,
    title: statusText(status),
    status,
    detail: problem.text,
    instance: exchange.path,
    requestId: exchange.requestId,
    retryable: row.retryable === true,
    ...(problem.kind === 'template-broken' ? { template: problem.template } : {}),
    ...(problem.kind === 'count-differs' ? { selected: problem.selected } : {}),
    ...(problem.kind === 'precondition-failed' ? { currentRevision: problem.current } : {}),
    ...(places.length === 0 ? {} : { errors: places }),
  });
  return withHeaders(textAnswer(status, 'application/problem+json', `${body}\n`), problem);
}

function withHeaders(answer: Answer, problem: Problem): Answer {
  const row = rowOf(problem.kind);
  const extra: Record<string, string> = {};
  if (problem.kind === 'method-not-allowed') extra['allow'] = problem.allow;
  if (row.retryable === true) extra['retry-after'] = '2';
  if (problem.kind === 'limited') extra['retry-after'] = String(problem.retryAfterSeconds);
  // RFC 6750 section 3: an error is named only where something was shown.
  if (problem.kind === 'token-missing') extra['www-authenticate'] = 'Bearer realm="tetsukan"';
  if (problem.kind === 'token-wrong') {
    extra['www-authenticate'] = 'Bearer realm="tetsukan", error="invalid_token"';
  }
  return { ...answer, headers: { ...answer.headers, ...extra } };
}
