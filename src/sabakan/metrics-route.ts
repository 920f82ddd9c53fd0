/** `/metrics` on its own listener, behind the same door as everything else. */

import { type Handler, type Route, textAnswer } from './exchange.ts';
import { v1Error } from './problem-answers.ts';
import { wrongMethod } from './problems.ts';
import type { Door } from './who/door.ts';

const contentType = 'text/plain; version=0.0.4; charset=utf-8';

export function metricsHandler(door: Pick<Door, 'enter'>, page: () => Promise<string>): Handler {
  const route: Route = {
    name: '/metrics',
    handle: async () => textAnswer(200, contentType, await page()),
  };
  return async (exchange) => {
    if (exchange.path !== '/metrics') {
      return textAnswer(404, 'text/plain', 'only /metrics is served here\n');
    }
    if (exchange.method !== 'GET' && exchange.method !== 'HEAD') {
      return v1Error(exchange, wrongMethod('GET, HEAD'));
    }
    const entered = door.enter(exchange, route);
    return entered.ok ? route.handle(entered.value) : v1Error(exchange, entered.error);
  };
}
