/** Requests to a server, with errors that say what to check. */

import type { Answer } from '../answer.ts';
import { exitCodes, Failure } from '../failure.ts';

export const defaultServer = 'http://localhost:10080';

const timeoutMs = 30_000;

/** The JSON answer of a GET; 404 is an answer, everything else that is no success a `Failure`. */
export async function getJson(server: string, path: string): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(new URL(path, server), {
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (problem) {
    throw unreachable(server, problem);
  }
  const text = await response.text();
  const body = parse(text);
  if (response.ok || response.status === 404) return { status: response.status, body };
  const said = messageOf(body) ?? text.slice(0, 200);
  const code =
    response.status === 403
      ? exitCodes.denied
      : response.status === 409
        ? exitCodes.conflict
        : exitCodes.failed;
  const hint =
    response.status === 403 ? "this host's address is not in the server's allow-ips" : '';
  throw new Failure(`${server} answered ${response.status}: ${said}`, hint, code);
}

function unreachable(server: string, problem: unknown): Failure {
  const cause =
    problem instanceof Error ? (problem.cause as { code?: string } | undefined) : undefined;
  if (problem instanceof Error && problem.name === 'TimeoutError') {
    const text = `${server} did not answer within ${timeoutMs / 1000} seconds`;
    return new Failure(
      text,
      'look at its log; GET /health says whether it reaches etcd',
      exitCodes.timedOut,
    );
  }
  const why = { ECONNREFUSED: 'nothing listens there', ENOTFOUND: 'the name is unknown' }[
    cause?.code ?? ''
  ];
  return new Failure(
    `cannot reach ${server}: ${why ?? (code === '' ? String(problem) : code)}`,
    'is the server running (tetsu server --config FILE)? another address: --server URL or TETSU_SERVER',
  );
}

/** A name with several addresses fails once for each. */
type Cause = { readonly code?: string; readonly errors?: readonly { readonly code?: string }[] };

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
