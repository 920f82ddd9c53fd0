/** Fastify around a `Handler`: real sockets in, exchanges out. Bodies stay streams until a route wants them. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Chance, Endpoint } from '../../base/world.ts';
import { plainAddress } from '../allow-ips.ts';
import type {
  Answer,
  AnswerBody,
  BodyProblem,
  Exchange,
  Handler,
  RequestBody,
} from '../exchange.ts';
import { badRequest, v1Error } from '../problems.ts';
import { requestIdHeader, requestIdOf } from '../request-id.ts';
import { parseTarget } from '../request-target.ts';

export type HttpServer = FastifyInstance;

export type TlsFiles = { readonly cert: Buffer; readonly key: Buffer };

/** A small body that takes longer is not coming. Sabakan gives every request 30 s. */
const bodyWithinMs = 30_000;
/** Uploads and downloads may take as long as they move. */
const idleMs = 120_000;
/** The upper end of any upload: an hour. */
const requestMs = 3_600_000;
const headersMs = 15_000;
const headerBytesMax = 16 * 1024;
/** Idle and slow peers cost a descriptor each. */
const connectionsMax = 10_000;

export function createHttpServer(handle: Handler, chance: Chance, tls?: TlsFiles): HttpServer {
  const common = {
    logger: false,
    exposeHeadRoutes: false,
    // Fastify's router would decode, normalise and refuse; `request-target.ts` says what a path is here.
    rewriteUrl: (request: IncomingMessage) => {
      const typed = request as Stashed;
      typed.contentType = request.headers['content-type'];
      delete request.headers['content-type'];
      return '/';
    },
    forceCloseConnections: 'idle' as const,
    return503OnClosing: true,
    requestTimeout: requestMs,
    keepAliveTimeout: 75_000,
    bodyLimit: Number.MAX_SAFE_INTEGER,
  };
  const limits = { maxHeaderSize: headerBytesMax, headersTimeout: headersMs };
  const app = (
    tls === undefined
      ? fastify({ ...common, http: limits })
      : fastify({ ...common, https: { ...limits, ...tls } })
  ) as FastifyInstance;
  app.server.maxConnections = connectionsMax;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const { raw } = request;
    const requestId = requestIdOf(headerText(raw.headers[requestIdHeader]), chance);
    const target = parseTarget(request.originalUrl);
    const given = target.ok
      ? await handle(exchangeOf(raw, target.value, requestId))
      : v1Error({ requestId }, badRequest(target.error));
    return send(reply, request.method, given);
  };
  app.all('/', answer);
  app.setNotFoundHandler(answer);
  return app;
}

/** Fastify reads the content type before any handler; we keep it for the routes that care. */
type Stashed = IncomingMessage & { contentType?: string | undefined };

function exchangeOf(
  raw: IncomingMessage,
  { path, query }: Pick<Exchange, 'path' | 'query'>,
  requestId: string,
): Exchange {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(raw.headers)) {
    const text = headerText(value);
    if (text !== undefined) headers.set(name, text);
  }
  const { contentType } = raw as Stashed;
  if (contentType !== undefined) headers.set('content-type', contentType);
  return {
    method: raw.method ?? 'GET',
    path,
    query,
    headers,
    remoteAddress: plainAddress(raw.socket.remoteAddress ?? ''),
    requestId,
    body: bodyOf(raw),
  };
}

function headerText(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}

function bodyOf(raw: IncomingMessage): RequestBody {
  return {
    read: (bytesMax) => readBody(raw, bytesMax),
    stream: () => {
      raw.socket.setTimeout(idleMs, () => raw.socket.destroy());
      return raw.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
    },
  };
}

/** A body over the limit is read to its end without being kept, so that the client can read the answer. */
function readBody(
  raw: IncomingMessage,
  bytesMax: number,
): Promise<Result<Uint8Array, BodyProblem>> {
  const tooLarge = fail<BodyProblem>({
    kind: 'body-too-large',
    text: `the body is larger than ${bytesMax} bytes`,
  });
  if (Number(raw.headers['content-length'] ?? 0) > bytesMax) {
    raw.resume();
    return Promise.resolve(tooLarge);
  }
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const done = (result: Result<Uint8Array, BodyProblem>) => {
      clearTimeout(timer);
      raw.off('data', onData).off('end', onEnd).off('error', onCut).off('close', onCut);
      raw.resume();
      resolve(result);
    };
    const cut = (text: string) => done(fail({ kind: 'body-cut', text }));
    const onData = (chunk: Buffer) => {
      length += chunk.length;
      if (length > bytesMax) done(tooLarge);
      else chunks.push(chunk);
    };
    const onEnd = () => done(ok(Buffer.concat(chunks)));
    const onCut = () => cut('the connection ended before the body did');
    const timer = setTimeout(
      () => cut(`the body did not come within ${bodyWithinMs / 1000}s`),
      bodyWithinMs,
    );
    if (raw.readableEnded) return done(ok(new Uint8Array()));
    raw.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onCut);
  });
}

async function send(reply: FastifyReply, method: string, answer: Answer): Promise<unknown> {
  const { status, body } = answer;
  reply.code(status).headers({ ...answer.headers, ...lengthOf(body) });
  if (body.kind === 'bytes') return reply.send(body.bytes);
  if (body.kind === 'none') return reply.send(null);
  if (method === 'HEAD') {
    await leave(body.open());
    return reply.send(null);
  }
  reply.hijack();
  reply.raw.writeHead(status, reply.getHeaders() as never);
  await pump(body.open(), reply.raw);
  return reply;
}

function lengthOf(body: AnswerBody): Record<string, string> {
  return body.kind === 'stream' && body.length !== undefined
    ? { 'content-length': String(body.length) }
    : {};
}

/** The reader sets the pace: nothing more is read from the source before the socket took what it has. */
async function pump(source: AsyncIterable<Uint8Array>, to: ServerResponse): Promise<void> {
  to.socket?.setTimeout(idleMs, () => to.destroy());
  try {
    for await (const chunk of source) {
      if (to.destroyed) return;
      if (!to.write(chunk)) await flowing(to);
    }
    to.end();
  } catch {
    // The status is out already; a cut connection is the only way left to say that this is not all.
    to.destroy();
  } finally {
    to.socket?.setTimeout(0);
  }
}

function flowing(to: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      to.off('drain', done).off('close', done);
      resolve();
    };
    if (to.destroyed) resolve();
    else to.on('drain', done).on('close', done);
  });
}

/** A source that is not read still has a file open. */
async function leave(source: AsyncIterable<Uint8Array>): Promise<void> {
  await source[Symbol.asyncIterator]().return?.();
}

export type Listener = {
  readonly endpoint: Endpoint;
  /** Lets requests under way end, within `withinMs`. */
  readonly close: (withinMs: number) => Promise<void>;
};

/** @param member the configuration's name of this listener, for the error. */
export async function listen(
  app: HttpServer,
  endpoint: Endpoint,
  member: string,
): Promise<Result<Listener, string>> {
  const { address, port } = endpoint;
  try {
    await app.listen({ host: address, port });
  } catch (error) {
    await app.close();
    return fail(listenProblem(error, endpoint, member));
  }
  const bound = app.server.address();
  const real = typeof bound === 'object' && bound !== null ? bound.port : port;
  return ok({
    endpoint: { address, port: real },
    close: async (withinMs) => {
      const timer = setTimeout(() => app.server.closeAllConnections(), withinMs);
      await app.close();
      clearTimeout(timer);
    },
  });
}

function listenProblem(error: unknown, { address, port }: Endpoint, member: string): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const where = `${member}: cannot listen on ${address}:${port}`;
  switch (code) {
    case 'EADDRINUSE':
      return `${where}: another program has this port (ss -ltnp 'sport = :${port}' names it); stop it, or give \`${member}\` another port`;
    case 'EACCES':
      return `${where}: ports below 1024 need root or CAP_NET_BIND_SERVICE; run with it, or give \`${member}\` a higher port`;
    case 'EADDRNOTAVAIL':
      return `${where}: this host does not have the address ${address}; give \`${member}\` one that \`ip address\` shows, or 0.0.0.0`;
    default:
      return `${where}: ${message}`;
  }
}
