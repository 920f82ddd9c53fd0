/** What the routes of one noun share: who asks, small bodies, and results as answers. */

import { fail, ok, type Result } from '../../base/result.ts';
import type { Actor } from '../../inventory/audit.ts';
import { type Answer, type Exchange, emptyAnswer, type Route, utf8Text } from '../exchange.ts';
import { parseJsonOfCounts } from '../json-text.ts';
import { v1Error } from '../problem-answers.ts';
import { badRequest, type Problem, wrongMethod } from '../problems.ts';

/** Paths are matched literally on what follows `/api/v1/`; undefined: not of this noun. */
export type Noun = (path: string) => Route | undefined;

/** Free text from anybody: kept short where it is stored. */
const userCharactersMax = 128;
const jsonBytesMax = 1024 * 1024;

/** The audit's "who": the token's name, else what the client says of itself; the address is the socket's. */
export function actorOf(
  exchange: Pick<Exchange, 'headers' | 'remoteAddress' | 'requestId' | 'admitted' | 'receipt'>,
  serverName: string,
): Actor {
  const { remoteAddress: ip, requestId: request, receipt } = exchange;
  const from = { ip, host: serverName, request, ...(receipt === undefined ? {} : { receipt }) };
  const caller = exchange.admitted?.caller;
  if (caller?.kind === 'token') return { user: caller.name, ...from, token: caller.id };
  if (caller?.kind === 'certificate') return { user: caller.name, ...from };
  const header = exchange.headers.get('x-sabakan-user') ?? '';
  // Header bytes reach us one character each; names of people are UTF-8.
  const user = utf8Text(Uint8Array.from(header, (octet) => octet.charCodeAt(0))) ?? header;
  // What would move the cursor of whoever reads the log on a terminal is shown, not done.
  const plain = user.replace(/\p{Cc}/gu, '?').slice(0, userCharactersMax);
  return { user: plain, ...from };
}

/** Handlers by method; any other is 405 with what is allowed. */
export function byMethod(
  name: string,
  handlers: Readonly<Record<string, (exchange: Exchange) => Promise<Answer>>>,
): Route {
  const allow = Object.keys(handlers).sort().join(', ');
  return {
    name,
    handle: async (exchange) => {
      const handler = Object.hasOwn(handlers, exchange.method)
        ? handlers[exchange.method]
        : undefined;
      return handler === undefined ? v1Error(exchange, wrongMethod(allow)) : handler(exchange);
    },
  };
}

/** A route that is refused before its method is looked at. */
export function refused(name: string, problem: Problem): Route {
  return { name, handle: async (exchange) => v1Error(exchange, problem) };
}

/** JSON of any shape whose numbers are unsigned; the error of the parser is part of the answer. */
export async function readJson(
  exchange: Exchange,
  bytesMax = jsonBytesMax,
): Promise<Result<unknown, Problem>> {
  const body = await exchange.body.read(bytesMax);
  if (!body.ok) return body;
  const json = parseJsonOfCounts(body.value);
  return json.ok ? json : fail(badRequest(json.error));
}

/**
 * Text of at most `bytesMax` bytes, as it came.
 *
 * @param tooLong the kind of problem that Sabakan has for a longer one.
 */
export async function readText(
  exchange: Exchange,
  what: string,
  bytesMax: number,
  tooLong: 'bad-request' | 'failed',
): Promise<Result<string, Problem>> {
  const body = await exchange.body.read(bytesMax);
  if (!body.ok) {
    if (body.error.kind !== 'body-too-large') return body;
    return fail({ kind: tooLong, text: `${what} is longer than ${bytesMax} bytes` });
  }
  const text = utf8Text(body.value);
  return text === undefined ? fail(badRequest(`${what} is not UTF-8`)) : ok(text);
}

/** Success is one answer, whatever the value. */
export function answerWith(
  exchange: Exchange,
  result: Result<unknown, Problem>,
  success: Answer,
): Answer {
  return result.ok ? success : v1Error(exchange, result.error);
}

/** Sabakan's empty success: 200 without a body. */
export const done: Answer = emptyAnswer(200);
