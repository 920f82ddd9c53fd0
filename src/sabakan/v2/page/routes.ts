/** `/api/v2/` and `/api/v2/docs`: the page, its style and its script. */

import { type Answer, type Route, textAnswer } from '../../exchange.ts';
import { problemDetails } from '../../problem-answers.ts';
import { wrongMethod } from '../../problems.ts';
import { apiPage, type OpenApiDocument } from './api-page.ts';
import { pageScript, pageStyle } from './assets.ts';

/** Nothing but its own two files, from nowhere else, and in nobody's frame. */
const policy =
  "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** @returns undefined for what is no path of the page. */
export function createDocsRoutes(document: unknown): (path: string) => Route | undefined {
  let page: string | undefined;
  const files: Readonly<Record<string, () => Answer>> = {
    '': () => {
      page ??= apiPage(document as OpenApiDocument);
      return served('text/html; charset=utf-8', page);
    },
    'docs/page.css': () => served('text/css; charset=utf-8', pageStyle),
    'docs/page.js': () => served('text/javascript; charset=utf-8', pageScript),
  };
  return (path) => {
    const name = path === 'docs' || path === 'docs/' ? '' : path;
    const file = Object.hasOwn(files, name) ? files[name] : undefined;
    if (file === undefined) return undefined;
    return {
      name: '/api/v2/docs',
      // What the API is like is no secret, and a browser has no token.
      needs: () => 'open',
      handle: async (exchange) =>
        exchange.method === 'GET' || exchange.method === 'HEAD'
          ? file()
          : problemDetails(exchange, wrongMethod('GET')),
    };
  };
}

function served(type: string, text: string): Answer {
  const answer = textAnswer(200, type, text);
  const headers = {
    'content-security-policy': policy,
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-cache',
  };
  return { ...answer, headers: { ...answer.headers, ...headers } };
}
