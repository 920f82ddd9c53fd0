/** One HTTP request and what may be concluded from its answer, or from none. Never sent twice. */

import { Agent, request as httpRequest } from 'node:http';
import { request as httpsRequest, Agent as TlsAgent } from 'node:https';
import type { Outcome } from './history.ts';

/** Shorter than the longest freeze: the client is gone then, and what it asked for may happen behind its back. */
const timeoutMs = 6_000;

const plainAgent = new Agent({ keepAlive: true, maxSockets: 64 });
/** The servers' certificate is one made for the run. */
const tlsAgent = new TlsAgent({ keepAlive: true, maxSockets: 64, rejectUnauthorized: false });

export type Answer =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: Buffer;
      /** The kind of problem, as the server names it. */
      readonly problem: string | undefined;
    }
  | { readonly kind: 'lost'; readonly why: string; readonly isSent: boolean };

export function ask(
  method: string,
  url: string,
  options: { readonly user?: string; readonly body?: string | Uint8Array } = {},
): Promise<Answer> {
  return new Promise((resolve) => {
    const headers = {
      ...(options.user === undefined ? {} : { 'x-sabakan-user': options.user }),
      'content-type': 'application/octet-stream',
      ...(options.body === undefined ? {} : { 'content-length': Buffer.byteLength(options.body) }),
    };
    const isTls = url.startsWith('https:');
    const [send, agent] = isTls ? [httpsRequest, tlsAgent] : [httpRequest, plainAgent];
    const sent = send(url, { method, agent, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', (error) => resolve(lost(error)));
      answer.on('aborted', () => resolve(lost(new Error('the answer was cut'))));
      answer.on('end', () => {
        const detail = answer.headers['x-tetsukan-detail'];
        resolve({
          kind: 'answer',
          status: answer.statusCode ?? 0,
          body: Buffer.concat(chunks),
          problem: typeof detail === 'string' ? detail.split(':')[0] : undefined,
        });
      });
    });
    sent.setTimeout(timeoutMs, () => sent.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    sent.on('error', (error) => resolve(lost(error)));
    sent.end(options.body);
  });
}

/** Problems after which the server itself does not say that nothing was done. */
const open: ReadonlySet<string> = new Set(['outcome-unknown', 'failed', 'shelf-failed']);

export function outcomeOf(answer: Answer): Outcome {
  if (answer.kind === 'lost') {
    return answer.isSent
      ? { kind: 'unknown', why: answer.why }
      : { kind: 'refused', why: 'not-sent' };
  }
  if (answer.status >= 200 && answer.status < 300) return { kind: 'done' };
  const why = answer.problem ?? `HTTP ${answer.status}`;
  const isOpen = answer.problem === undefined ? answer.status >= 500 : open.has(answer.problem);
  return { kind: isOpen ? 'unknown' : 'refused', why };
}

function lost(error: NodeJS.ErrnoException): Answer {
  return { kind: 'lost', why: error.message, isSent: error.code !== 'ECONNREFUSED' };
}
