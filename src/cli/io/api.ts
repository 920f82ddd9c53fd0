/** Requests to a server, with errors that say what to check. */

import http, { type IncomingMessage, type RequestOptions } from 'node:http';
import { userInfo } from 'node:os';
import type { Answer, Method, SendTerms } from '../answer.ts';
import {
  exitCodeOfStatus,
  exitCodes,
  Failure,
  type FailurePlace,
  type Refused,
} from '../failure.ts';
import type { Connection } from './connection.ts';

const timeoutMs = 30_000;

/** What to do next, by status; the server's own sentence comes before it. */
const hintOf: Readonly<Record<number, string>> = {
  401: 'give a token: TETSU_TOKEN, --token-file FILE, or tetsu context set NAME --token-file FILE',
  403: 'the token lacks the role that this needs, or the address of this host is not in the allow-ips of the server',
  412: 'somebody changed it in between: look at it again, then try again',
  429: 'wait a moment and try again',
  503: 'try again, or another server; GET /health says whether it reaches etcd',
};

/**
 * The JSON answer of a request; 404 is an answer, everything else that is no success a `Failure`. Not by `fetch`, which
 * refuses port 10080, Sabakan's own, as one of its "bad ports"; nor by undici, which takes 0.1 s to load.
 * Changes carry the user of this host, as sabactl's do. Where a server does not answer, the next one of the connection is
 * asked: for a change only if it cannot have been heard.
 */
export async function sendJson(
  connection: Connection,
  method: Method,
  path: string,
  body?: unknown,
  terms: SendTerms = {},
): Promise<Answer> {
  const [server, { status, text, more }] = await fromAny(connection, method === 'GET', (one) =>
    ask(connection, one, method, path, body, terms),
  );
  const answered = parse(text);
  if (status < 300 || status === 404) return { status, body: answered, ...more };
  throw refusal(server, status, answered, text);
}

/** The first of the servers that answers, and its answer. */
async function fromAny<T>(
  { servers }: Connection,
  isRead: boolean,
  askOne: (server: string) => Promise<T>,
): Promise<readonly [string, T]> {
  const problems: Failure[] = [];
  for (const server of servers) {
    try {
      return [server, await askOne(server)];
    } catch (problem) {
      if (problem instanceof Failure) throw problem;
      problems.push(unreachable(server, problem));
      const isUnheard = problem instanceof Error && codeOf(problem) === 'ECONNREFUSED';
      if (!isRead && !isUnheard) break;
    }
  }
  const [first, ...more] = problems;
  if (first === undefined) throw new Failure('no server is named', '--server URL');
  const last = problems.at(-1) ?? first;
  if (more.length === 0) throw first;
  const texts = problems.map(({ message }) => message);
  throw new Failure(texts.join('; '), last.hint, last.exitCode);
}

export function refusal(server: string, status: number, answered: unknown, text: string): Failure {
  const said = messageOf(answered) ?? text.slice(0, 200);
  const code = exitCodeOfStatus(status);
  const sentence = `${server} answered ${status}: ${said}`;
  return new Failure(sentence, hintOf[status] ?? '', code, refusedOf(status, said, answered));
}

/** The members of a problem document (RFC 9457) that commands act on. */
function refusedOf(status: number, said: string, answered: unknown): Refused {
  const { type, errors, requestId } = (answered ?? {}) as Readonly<Record<string, unknown>>;
  const kind = typeof type === 'string' ? (type.split(':').at(-1) ?? '') : '';
  const places = Array.isArray(errors) ? errors.map(placeOf) : [];
  return {
    status,
    kind,
    said,
    errors: places,
    ...(typeof requestId === 'string' ? { requestId } : {}),
  };
}

function placeOf(error: unknown): FailurePlace {
  const { pointer, parameter, detail } = (error ?? {}) as Readonly<Record<string, unknown>>;
  return { at: String(pointer ?? parameter ?? ''), detail: String(detail ?? '') };
}

async function ask(
  connection: Connection,
  server: string,
  method: Method,
  path: string,
  given: unknown,
  { ifMatch, contentType = 'application/json' }: SendTerms,
): Promise<{ status: number; text: string; more: Pick<Answer, 'warning' | 'etag'> }> {
  const json = given === undefined ? undefined : JSON.stringify(given);
  const headers = {
    accept: 'application/json',
    ...(json === undefined ? {} : { 'content-type': contentType }),
    ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
    ...(method === 'GET' ? {} : { 'x-sabakan-user': userName() }),
  };
  const signal = AbortSignal.timeout(timeoutMs);
  const answer = await start(connection, server, path, { method, headers, signal }, json);
  let text = '';
  for await (const piece of answer) text += piece;
  const warning = answer.headers['x-tetsukan-warning'];
  const { etag } = answer.headers;
  return {
    status: answer.statusCode ?? 0,
    text,
    more: {
      ...(typeof warning === 'string' ? { warning } : {}),
      ...(etag === undefined ? {} : { etag }),
    },
  };
}

/** The answer as soon as its head is there; its body is text. */
async function start(
  { token, tls }: Connection,
  server: string,
  path: string,
  options: Pick<RequestOptions, 'method' | 'signal'> & {
    readonly headers: Readonly<Record<string, string>>;
  },
  body?: string,
): Promise<IncomingMessage> {
  const url = new URL(path, server);
  const { request } = url.protocol === 'https:' ? await import('node:https') : http;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { ...bearer(token), ...options.headers };
    const asked = request(url, { agent: false, ...tls, ...options, headers });
    asked.on('response', resolve);
    asked.on('error', reject);
    asked.end(body);
  });
  return answer.setEncoding('utf8');
}

/** A server sends a bookmark every 15 seconds; when three are missing, nobody is there. */
const silenceMs = 45_000;

/** The text of an event stream as it comes; see `Open` in `watch/follow.ts`. */
export async function* openEvents(
  connection: Connection,
  path: string,
  lastEventId: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  let [server = ''] = connection.servers;
  const silence = new AbortController();
  const watchdog = setTimeout(() => silence.abort(), silenceMs);
  const signals = [silence.signal, ...(signal === undefined ? [] : [signal])];
  const headers = { accept: 'text/event-stream', 'last-event-id': lastEventId };
  try {
    const ending = AbortSignal.any(signals);
    const [from, answer] = await fromAny(connection, true, (one) =>
      start(connection, one, path, { method: 'GET', headers, signal: ending }),
    );
    server = from;
    const status = answer.statusCode ?? 0;
    if (status !== 200) {
      let text = '';
      for await (const piece of answer) text += piece;
      throw refusal(server, status, parse(text), text);
    }
    for await (const piece of answer) {
      watchdog.refresh();
      yield piece as string;
    }
  } catch (problem) {
    if (problem instanceof Failure) throw problem;
    if (silence.signal.aborted) {
      throw new Failure(`${server} has sent nothing for ${silenceMs / 1000} seconds`, '');
    }
    throw unreachable(server, problem);
  } finally {
    clearTimeout(watchdog);
  }
}

export function bearer(token: string | undefined): { readonly authorization?: string } {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/** Hosts without an entry for this user exist: containers. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return '';
  }
}

export function unreachable(server: string, problem: unknown): Failure {
  const code = problem instanceof Error ? codeOf(problem) : '';
  if (problem instanceof Error && /^(Timeout|Abort)Error$/.test(problem.name)) {
    const text = `${server} did not answer within ${timeoutMs / 1000} seconds`;
    return new Failure(
      text,
      'look at its log; GET /health says whether it reaches etcd',
      exitCodes.timedOut,
    );
  }
  const why = { ECONNREFUSED: 'nothing listens there', ENOTFOUND: 'the name is unknown' }[code];
  return new Failure(
    `cannot reach ${server}: ${why ?? (code === '' ? String(problem) : code)}`,
    'is the server running (tetsu server --config FILE)? another address: --server URL or TETSU_SERVER',
  );
}

/** A name with several addresses fails once for each; the first says why. */
function codeOf(
  problem: Error & {
    readonly code?: string;
    readonly errors?: readonly { readonly code?: string }[];
  },
): string {
  return problem.code ?? problem.errors?.[0]?.code ?? '';
}

export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function messageOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { error, detail, title } = body as Readonly<Record<string, unknown>>;
  const found = [detail, error, title].find((text) => typeof text === 'string');
  return found as string | undefined;
}
