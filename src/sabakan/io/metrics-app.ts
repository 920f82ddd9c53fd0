/** The metrics listener: one page for Prometheus. */

import { type FastifyInstance, fastify } from 'fastify';

const contentType = 'text/plain; version=0.0.4; charset=utf-8';

export function createMetricsApp(page: () => Promise<string>): FastifyInstance {
  const app = fastify({ logger: false, requestTimeout: 10_000, bodyLimit: 1024 });
  app.get('/metrics', async (_, reply) => reply.type(contentType).send(await page()));
  app.setNotFoundHandler(async (_, reply) =>
    reply.code(404).type('text/plain').send('only /metrics is served here\n'),
  );
  return app;
}
