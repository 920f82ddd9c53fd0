/**
 * The face on real HTTP: Fastify owns sockets and parsing, every request becomes an exchange.
 *
 * Our routes are not Fastify's, because paths are matched literally on the decoded text, empty segments and dots included;
 * the exchange is answered before any body is parsed, so that each route reads its own within its own bound.
 */

import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { World } from '../base/world.ts';
import { plainAddress } from './allow-ips.ts';
import { type Answer, type Exchange, emptyAnswer, type Handler } from './exchange.ts';
import { sendAnswer } from './http-answer.ts';
import { createRequestBody, hasUnreadBody } from './http-body.ts';
import { badRequest, v1Error } from './problems.ts';
import type { RequestCounter } from './request-count.ts';
import { requestIdHeader, requestIdOf } from './request-id.ts';

/** Serials and searches are short; the longest real URL is a search by some hundred serials. */
const urlCharactersMax = 8192;
const headerBytesMax = 16 * 1024;
/** A client that takes longer to say what it wants holds a connection on purpose. */
const headersWithinMs = 10_000;
/** A connection on which nothing moves, in either direction. Uploads and downloads have no other limit of time. */
const idleMs = 60_000;
const keepAliveMs = 75_000;

/** Not listening yet; `inject` works as it is. */
export function createHttpApp(
  handle: Handler,
  world: Pick<World, 'clock' | 'chance' | 'log'>,
  requests: Pick<RequestCounter, 'add'>,
): FastifyInstance {
  const serve = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const exchange = exchangeOf(request, world);
    reply.hijack();
    const answer = exchange.kind === 'refused' ? exchange.answer : await handle(exchange.exchange);
    if (exchange.kind === 'refused') requests.add(answer.status, '{unreadable}', request.method, 0);
    const unread = hasUnreadBody(request.raw);
    await sendAnswer(answer, { request: request.raw, response: reply.raw, unread, world });
  };

  const app = fastify({
    logger: false,
    exposeHeadRoutes: false,
    connectionTimeout: idleMs,
    keepAliveTimeout: keepAliveMs,
    // Of the whole request: an image may take its time, `idleMs` and each small body's own limit bound the rest.
    requestTimeout: 0,
    http: { maxHeaderSize: headerBytesMax, headersTimeout: headersWithinMs },
    // A path that does not decode; `exchangeOf` finds that, too.
    frameworkErrors: (_, request, reply) => void serve(request, reply),
    clientErrorHandler: (error, socket) => {
      if (error.code === 'ECONNRESET' || socket.destroyed) return;
      const { status, text } = parserComplaint(error.code);
      requests.add(status, '{unreadable}', 'other', 0);
      const body = JSON.stringify({ error: text, status });
      if (socket.writable) {
        socket.write(
          `HTTP/1.1 ${status} ${text}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
            `Content-Length: ${body.length + 1}\r\n\r\n${body}\n`,
        );
      }
      socket.destroy(error);
    },
  });
  app.addHook('onRequest', async (request, reply) => {
    if (!request.is404) return undefined;
    await serve(request, reply);
    return reply;
  });
  return app;
}

type Read =
  | { readonly kind: 'exchange'; readonly exchange: Exchange }
  | { readonly kind: 'refused'; readonly answer: Answer };

function exchangeOf(request: FastifyRequest, world: Pick<World, 'clock' | 'chance'>): Read {
  const { method, raw } = request;
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(raw.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  const requestId = requestIdOf(headers.get(requestIdHeader), world.chance);
  const target = originForm(request.originalUrl);
  if (target.length > urlCharactersMax) {
    return { kind: 'refused', answer: { ...emptyAnswer(414), headers: { connection: 'close' } } };
  }
  const cut = target.indexOf('?');
  const path = decoded(cut < 0 ? target : target.slice(0, cut));
  if (path === undefined) {
    const problem = badRequest('the path is not percent-encoded UTF-8');
    return { kind: 'refused', answer: v1Error({ requestId }, problem) };
  }
  const query = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(cut < 0 ? '' : target.slice(cut + 1))) {
    if (!query.has(name)) query.set(name, value);
  }
  const remoteAddress = plainAddress(raw.socket.remoteAddress ?? '');
  const body = createRequestBody(raw, world.clock);
  return {
    kind: 'exchange',
    exchange: { method, path, query, headers, remoteAddress, requestId, body },
  };
}

/** RFC 9112 section 3.2.2: a server accepts the absolute form, too. */
function originForm(url: string): string {
  const absolute = /^https?:\/\/[^/?]*/i.exec(url);
  return absolute === null ? url : url.slice(absolute[0].length) || '/';
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function parserComplaint(code: string | undefined): { status: number; text: string } {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return { status: 431, text: 'Request Header Fields Too Large' };
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { status: 408, text: 'Request Timeout' };
  return { status: 400, text: 'Bad Request' };
}
