/** Requests to a server, with errors that say what to check. */

import http, { type IncomingMessage } from 'node:http';
import { userInfo } from 'node:os';
import type { Answer } from '../answer.ts';
import { exitCodes, Failure } from '../failure.ts';

export const defaultServer = 'http://localhost:10080';

const timeoutMs = 30_000;

const exitCodeOf: Readonly<Record<number, number>> = {
  400: exitCodes.usage,
  403: exitCodes.denied,
  409: exitCodes.conflict,
};

/**
 * The JSON answer of a GET; 404 is an answer, everything else that is no success a `Failure`. Not by `fetch`, which
 * refuses port 10080, Sabakan's own, as one of its "bad ports"; nor by undici, which takes 0.1 s to load.
 */
export function getJson(server: string, path: string): Promise<Answer> {
  return sendJson(server, 'GET', path);
}

/** The same with any method; `body` becomes JSON. Changes carry the user of this host, as sabactl's do. */
export async function sendJson(
  server: string,
  method: Method,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const answer = await ask(server, method, path, body).catch((problem: unknown) => {
    throw unreachable(server, problem);
  });
  const { status, text, warning } = answer;
  const answered = parse(text);
  if (status < 300 || status === 404) return { status, body: answered, ...warning };
  const said = messageOf(answered) ?? text.slice(0, 200);
  const code = exitCodeOf[status] ?? exitCodes.failed;
  const hint = status === 403 ? "this host's address is not in the server's allow-ips" : '';
  throw new Failure(`${server} answered ${status}: ${said}`, hint, code);
}

type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

async function ask(
  server: string,
  method: Method,
  path: string,
  given: unknown,
): Promise<{ status: number; text: string; warning: Pick<Answer, 'warning'> }> {
  const url = new URL(path, server);
  const json = given === undefined ? undefined : JSON.stringify(given);
  const { request } = url.protocol === 'https:' ? await import('node:https') : http;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked = request(url, {
      method,
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        accept: 'application/json',
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...(method === 'GET' ? {} : { 'x-sabakan-user': userName() }),
      },
    });
    asked.on('response', resolve);
    asked.on('error', reject);
    asked.end(json);
  });
  answer.setEncoding('utf8');
  let text = '';
  for await (const piece of answer) text += piece;
  const warning = answer.headers['x-tetsukan-warning'];
  return {
    status: answer.statusCode ?? 0,
    text,
    warning: typeof warning === 'string' ? { warning } : {},
  };
}

/** Hosts without an entry for this user exist: containers. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return '';
  }
}

function unreachable(server: string, problem: unknown): Failure {
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

function parse(text: string): unknown {
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
