/** Sends them all, some at a time, and looks at each answer. */

import { Agent } from 'undici';
import type { FuzzRequest } from './requests.ts';
import { type FuzzAnswer, wrongWith } from './verdict.ts';

export type FuzzReport = {
  readonly sent: number;
  readonly byStatus: Readonly<Record<string, number>>;
  /** How often each operation of version 2 was answered with success. */
  readonly done: Readonly<Record<string, number>>;
  readonly slowestMs: number;
  /** The first of each sort. */
  readonly findings: readonly string[];
};

const workers = 12;
/** A hang is longer, on the slowest machine, too. */
const answerWithinMs = 120_000;
const findingsMax = 40;

export async function fuzz(
  url: string,
  count: number,
  requestAt: (at: number) => FuzzRequest,
  isAlive: () => boolean,
  operationOf: (request: FuzzRequest) => string | undefined,
): Promise<FuzzReport> {
  const byStatus: Record<string, number> = {};
  const done: Record<string, number> = {};
  const findings = new Map<string, string>();
  let next = 0;
  let sent = 0;
  let slowestMs = 0;
  const work = async (worker: number): Promise<void> => {
    // An address for each: what is limited by address is limited for a person, not for a dozen of them.
    const agent = new Agent({
      connect: { localAddress: `127.0.0.${worker + 2}` },
      headersTimeout: answerWithinMs,
      bodyTimeout: answerWithinMs,
    });
    while (next < count && isAlive() && findings.size < findingsMax) {
      const at = next;
      next += 1;
      const asked = requestAt(at);
      const answer = await sendPatiently(url, asked, agent).catch(String);
      sent += 1;
      const wrong = typeof answer === 'string' ? answer : wrongWith(asked, answer);
      const status = typeof answer === 'string' ? 'none' : String(answer.status);
      byStatus[status] = (byStatus[status] ?? 0) + 1;
      if (typeof answer !== 'string') slowestMs = Math.max(slowestMs, answer.tookMs);
      const operation = operationOf(asked);
      if (operation !== undefined && status.startsWith('2')) {
        done[operation] = (done[operation] ?? 0) + 1;
      }
      if (wrong === undefined) continue;
      const sort = `${asked.method} ${asked.target.split('?')[0]?.split('/').slice(0, 5).join('/')} ${wrong.slice(0, 60)}`;
      if (!findings.has(sort)) findings.set(sort, `#${at} ${shown(asked)}\n    ${wrong}`);
    }
    await agent.destroy();
  };
  await Promise.all(Array.from({ length: workers }, (_, at) => work(at)));
  return {
    sent,
    byStatus,
    done,
    slowestMs: Math.round(slowestMs),
    findings: [...findings.values()],
  };
}

/**
 * A server that waited two seconds for its own write to come back says `not-live` instead of something old; a store that
 * took longer than a call may take is unavailable. On a slow machine that is the truth; that it passes is what clients
 * rely on.
 */
const slowStore = /\b(not-live|store-unavailable|outcome-unknown)\b/;

async function sendPatiently(url: string, asked: FuzzRequest, agent: Agent): Promise<FuzzAnswer> {
  const untilMs = performance.now() + answerWithinMs;
  for (;;) {
    const answer = await send(url, asked, agent);
    const isSlow = answer.status === 503 && slowStore.test(told(answer));
    if (!isSlow || performance.now() > untilMs) return answer;
    await new Promise((wake) => setTimeout(wake, 200));
  }
}

/** Version 2 tells the kind of problem in the body, version 1 in a header. */
function told({ body, headers }: FuzzAnswer): string {
  return `${body} ${String(headers['x-tetsukan-detail'] ?? '')}`;
}

async function send(url: string, asked: FuzzRequest, agent: Agent): Promise<FuzzAnswer> {
  const { origin } = new URL(url);
  const startedMs = performance.now();
  const { statusCode, headers, body } = await agent.request({
    origin,
    path: asked.target,
    method: asked.method as 'GET',
    headers: asked.headers,
    body: asked.body ?? null,
    signal: AbortSignal.timeout(answerWithinMs),
  });
  const tookMs = performance.now() - startedMs;
  // A watch has no end of its own.
  if (headers['content-type'] === 'text/event-stream') {
    body.on('error', () => {});
    body.destroy();
    return { status: statusCode, headers, body: '', tookMs };
  }
  return { status: statusCode, headers, body: await body.text(), tookMs };
}

function shown({ method, target, headers, body }: FuzzRequest): string {
  const text = body === undefined ? '' : new TextDecoder().decode(body.slice(0, 400));
  return `${method} ${target.slice(0, 300)} ${JSON.stringify(headers).slice(0, 300)} ${text}`;
}
