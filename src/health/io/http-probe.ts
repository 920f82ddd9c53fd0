/** Does a path answer as it should? One request on its own connection; redirects are answers like any other. */

import { request } from 'node:http';
import type { ProbeResult } from '../probe.ts';
import { afterPendingEvents, problemResult, tenths } from './outcome.ts';

/** More of a body than this is not a health answer. */
export const bodyBytesMax = 65_536;
/** As much of a wrong answer's body as helps a person. */
const excerptMax = 120;

/** @param address dotted decimal, checked by the caller: no name is ever looked up. */
export function probeHttp(
  address: string,
  target: { readonly port: number; readonly path: string; readonly expectStatus: number },
  timeoutMs: number,
): Promise<ProbeResult> {
  const startMs = performance.now();
  return new Promise((resolve) => {
    let connected = false;
    let status: number | undefined;
    const outgoing = request({
      host: address,
      family: 4,
      port: target.port,
      path: target.path,
      method: 'GET',
      agent: false,
      headers: { connection: 'close', 'user-agent': 'tetsukan-health' },
    });
    const settle = (kind: ProbeResult['kind'], text: string) => {
      clearTimeout(timer);
      outgoing.destroy();
      const latencyMs = tenths(performance.now() - startMs);
      resolve({ kind, latencyMs, text, ...(status === undefined ? {} : { status }) });
    };
    const timer = setTimeout(
      () =>
        afterPendingEvents(() => {
          if (!connected) settle('silent', `nothing within ${timeoutMs} ms`);
          else settle('wrong', `connected, but no whole answer within ${timeoutMs} ms`);
        }),
      timeoutMs,
    );
    outgoing.once('socket', (socket) =>
      socket.once('connect', () => {
        connected = true;
      }),
    );
    // Stays on for good: an error after the end must not be an uncaught one.
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code?.startsWith('HPE_')) return settle('wrong', 'it answers, but not in HTTP');
      if (connected) return settle('wrong', 'it closed the connection without an answer');
      const { kind, text } = problemResult(error);
      return settle(kind, text);
    });
    outgoing.once('response', (response) => {
      status = response.statusCode ?? 0;
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > bodyBytesMax) settle('wrong', `more than ${bodyBytesMax} bytes in its answer`);
        else chunks.push(chunk);
      });
      response.on('error', () => settle('wrong', `status ${status}, then the connection broke`));
      response.once('end', () => {
        if (status === target.expectStatus) return settle('answered', `status ${status}`);
        const excerpt = printable(Buffer.concat(chunks));
        const said = excerpt === '' ? '' : `: ${excerpt}`;
        return settle('wrong', `status ${status} instead of ${target.expectStatus}${said}`);
      });
    });
    outgoing.end();
  });
}

/** The first line, without what could drive a terminal or a page that shows it. */
function printable(body: Buffer): string {
  const [line = ''] = body
    .subarray(0, 4 * excerptMax)
    .toString('latin1')
    .split(/\r?\n/);
  return line
    .replace(/[^ -~]/g, '.')
    .slice(0, excerptMax)
    .trim();
}
