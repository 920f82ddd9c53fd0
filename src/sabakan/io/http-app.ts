/**
 * The face on real HTTP: Fastify owns sockets and parsing, every request becomes an exchange.
 *
 * Our routes are not Fastify's, because paths are matched literally on the decoded text, empty segments and dots included;
 * the exchange is answered before any body is parsed, so that each route reads its own within its own bound.
 */

import type { Socket } from 'node:net';
import { TLSSocket, type Server as TlsServer } from 'node:tls';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { World } from '../../base/world.ts';
import { plainAddress } from '../allow-ips.ts';
import { type Answer, type Exchange, type Handler, textAnswer } from '../exchange.ts';
import { v1Error } from '../problem-answers.ts';
import { badRequest } from '../problems.ts';
import type { RequestCounter } from '../request-count.ts';
import { requestIdHeader, requestIdOf } from '../request-id.ts';
import { parseTarget } from '../request-target.ts';
import { sendAnswer } from './http-answer.ts';
import { createRequestBody, hasUnreadBody } from './http-body.ts';
import type { TlsMaterial } from './server-tls.ts';

/** Serials and searches are short; the longest real URL is a search by some hundred serials. */
const urlCharactersMax = 8192;
const headerBytesMax = 16 * 1024;
/** A client that takes longer to say what it wants holds a connection on purpose. */
const headersWithinMs = 10_000;
/** Node looks for such clients only so often; its default of half a minute would give them forty seconds. */
const lookForSlowMs = 2_000;
/** A connection on which nothing moves, in either direction. Uploads and downloads have no other limit of time. */
const idleMs = 60_000;
const keepAliveMs = 75_000;
/** Idle and slow peers cost a descriptor each. */
const connectionsMax = 10_000;

const idHeader = requestIdHeader(process.env['REQUEST_ID_HEADER']);

/** Not earlier: whoever needs disk keys has a younger TLS than 2008's (RFC 8996). */
const tlsVersionMin = 'TLSv1.2';
/** A handshake takes milliseconds; a peer that lets one wait holds a connection on purpose. */
const handshakeWithinMs = 10_000;

type ClientError = Error & { readonly code?: string };

/** Not listening yet; `inject` works as it is. */
export function createHttpApp(
  handle: Handler,
  world: Pick<World, 'clock' | 'chance' | 'log'>,
  requests: Pick<RequestCounter, 'add'>,
  tls?: TlsMaterial,
): FastifyInstance {
  const waiting = new WeakSet<FastifyRequest['raw']>();
  const serve = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const begin = () => {
      if (waiting.delete(request.raw)) reply.raw.writeContinue();
    };
    const exchange = exchangeOf(request, world, begin);
    reply.hijack();
    const answer = exchange.kind === 'refused' ? exchange.answer : await handle(exchange.exchange);
    if (exchange.kind === 'refused') requests.add(answer.status, '{unreadable}', request.method, 0);
    const unread = hasUnreadBody(request.raw);
    await sendAnswer(answer, { request: request.raw, response: reply.raw, unread, world });
  };

  const limits = {
    maxHeaderSize: headerBytesMax,
    headersTimeout: headersWithinMs,
    connectionsCheckingInterval: lookForSlowMs,
  };
  const options = {
    logger: false,
    exposeHeadRoutes: false,
    connectionTimeout: idleMs,
    keepAliveTimeout: keepAliveMs,
    // Of the whole request: an image may take its time, `idleMs` and each small body's own limit bound the rest.
    requestTimeout: 0,
    forceCloseConnections: 'idle' as const,
    // A path that does not decode; `exchangeOf` finds that, too.
    frameworkErrors: (_: Error, request: FastifyRequest, reply: FastifyReply) =>
      void serve(request, reply),
    clientErrorHandler: (error: ClientError, socket: Socket) => {
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
  };
  // No HTTP/2: Node's server for it has none of the limits above (headersTimeout, idle connections, closing them at the
  // end), and Go's clients, which offer both, take HTTP/1.1 as well.
  const app = (
    tls === undefined
      ? fastify({ ...options, http: limits })
      : fastify({
          ...options,
          https: {
            ...limits,
            ...secureContext(tls),
            handshakeTimeout: handshakeWithinMs,
            // Whoever has none, or a wrong one, is a client without one: the door decides.
            ...(tls.ca === undefined ? {} : { requestCert: true, rejectUnauthorized: false }),
          },
        })
  ) as FastifyInstance;
  app.server.maxConnections = connectionsMax;
  // Node would say 100 to everybody; a client that is refused by its headers need not send gigabytes first.
  app.server.on('checkContinue', (request, response) => {
    waiting.add(request);
    app.server.emit('request', request, response);
  });
  app.addHook('onRequest', async (request, reply) => {
    if (!request.is404) return undefined;
    await serve(request, reply);
    return reply;
  });
  return app;
}

/** For new connections from now on; those that are open go on. */
export function renewTls(app: FastifyInstance, tls: TlsMaterial): void {
  (app.server as unknown as TlsServer).setSecureContext(secureContext(tls));
}

function secureContext(tls: TlsMaterial) {
  return { ...tls, minVersion: tlsVersionMin } as const;
}

type Read =
  | { readonly kind: 'exchange'; readonly exchange: Exchange }
  | { readonly kind: 'refused'; readonly answer: Answer };

function exchangeOf(
  request: FastifyRequest,
  world: Pick<World, 'clock' | 'chance'>,
  begin: () => void,
): Read {
  const { method, raw } = request;
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(raw.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  // Of Sabakan's own headers the first one counts when they are repeated (not known of injected requests).
  for (const [name, values] of Object.entries(raw.headersDistinct ?? {})) {
    const [first] = values ?? [];
    if (name.startsWith('x-sabakan-') && first !== undefined) headers.set(name, first);
    // Node takes the first of several; which of them a proxy looked at, nobody knows.
    if (name === 'authorization' && values !== undefined) headers.set(name, values.join(', '));
  }
  const requestId = requestIdOf(headers.get(idHeader), world.chance);
  if (request.originalUrl.length > urlCharactersMax) {
    const error = `the URL is longer than ${urlCharactersMax} characters`;
    const text = `${JSON.stringify({ error, status: 414 })}\n`;
    const answer = textAnswer(414, 'application/json', text);
    const headers = { ...answer.headers, connection: 'close' };
    return { kind: 'refused', answer: { ...answer, headers } };
  }
  const target = parseTarget(request.originalUrl);
  if (!target.ok)
    return { kind: 'refused', answer: v1Error({ requestId }, badRequest(target.error)) };
  const remoteAddress = plainAddress(raw.socket.remoteAddress ?? '');
  const body = createRequestBody(raw, world.clock, begin);
  const { socket } = raw;
  const secured = socket instanceof TLSSocket ? securedBy(socket) : {};
  return {
    kind: 'exchange',
    exchange: { method, ...target.value, headers, remoteAddress, requestId, body, ...secured },
  };
}

/** A certificate counts only where it is the configured authority's, in its time and for clients. */
function securedBy(socket: TLSSocket): Pick<Exchange, 'isSecure' | 'certificateName'> {
  const name = socket.authorized ? socket.getPeerCertificate().subject?.CN : undefined;
  // Several names are none.
  return { isSecure: true, ...(typeof name === 'string' ? { certificateName: name } : {}) };
}

function parserComplaint(code: string | undefined): { status: number; text: string } {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return { status: 431, text: 'Request Header Fields Too Large' };
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { status: 408, text: 'Request Timeout' };
  return { status: 400, text: 'Bad Request' };
}
