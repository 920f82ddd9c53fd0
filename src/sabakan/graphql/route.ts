/**
 * `/graphql` over HTTP: POST with JSON, GET for queries.
 *
 * Sabakan takes multipart forms, too. There is nothing to upload, and a browser sends a form to us from any page without
 * asking, so that an administrator's browser could be made to change machines: they are refused.
 */

import { type Answer, bytesAnswer, type Exchange, emptyAnswer, type Route } from '../exchange.ts';
import { jsonAnswer } from '../go-json.ts';
import { parseJson } from '../json-text.ts';
import { v1Error } from '../problem-answers.ts';
import { wrongMethod } from '../problems.ts';
import {
  type GraphQLEngine,
  type GraphQLReply,
  type GraphQLRequest,
  invalidCode,
} from './engine.ts';
import { createPersistedQueries } from './persisted-queries.ts';
import type { GraphQLContext } from './resolvers.ts';

/** A query and its variables; far above any real one. */
const bodyBytesMax = 256 * 1024;

export function graphqlRoute(
  engine: GraphQLEngine,
  contextOf: (exchange: Exchange) => GraphQLContext,
): Route {
  const persisted = createPersistedQueries();

  const run = async (exchange: Exchange, request: unknown, queriesOnly: boolean) => {
    const read = readRequest(request);
    if (typeof read === 'string') return answer(problem(422, read, invalidCode));
    const query = await persisted.resolve(read.query, read.extensions);
    if (!query.ok) return answer(problem(200, query.error.message, query.error.code));
    if (query.value === '') return answer(problem(422, 'no operation provided', invalidCode));
    const wanted = { ...read, query: query.value };
    return answer(await engine.run(wanted, contextOf(exchange), { queriesOnly }));
  };

  const post = async (exchange: Exchange): Promise<Answer> => {
    const type = exchange.headers.get('content-type') ?? '';
    // A browser asks no permission to post other types to us from a foreign page.
    if (!/^application\/(graphql\+)?json\s*(;|$)/i.test(type)) {
      return answer(problem(400, `content-type must be application/json, not "${type}"`));
    }
    const body = await exchange.body.read(bodyBytesMax);
    if (!body.ok) return v1Error(exchange, body.error);
    const json = parseJson(body.value);
    if (!json.ok) return answer(problem(400, `json body could not be decoded: ${json.error}`));
    return run(exchange, json.value, false);
  };

  const get = async (exchange: Exchange): Promise<Answer> => {
    const { query } = exchange;
    const variables = query.get('variables') ?? '';
    const json = parseJson(new TextEncoder().encode(variables === '' ? 'null' : variables));
    if (!json.ok) return answer(problem(400, `variables could not be decoded: ${json.error}`));
    const operationName = query.get('operationName') ?? '';
    const extended = query.get('extensions') ?? '';
    const extensions = parseJson(new TextEncoder().encode(extended === '' ? 'null' : extended));
    if (!extensions.ok) {
      return answer(problem(400, `extensions could not be decoded: ${extensions.error}`));
    }
    const request = { query: query.get('query') ?? '', variables: json.value, operationName };
    return run(exchange, { ...request, extensions: extensions.value }, true);
  };

  return {
    name: '/graphql',
    handle: async (exchange) => {
      if (exchange.method === 'POST') return post(exchange);
      if (exchange.method === 'GET') return get(exchange);
      if (exchange.method === 'OPTIONS') return emptyAnswer(200, { allow: 'OPTIONS, GET, POST' });
      return v1Error(exchange, wrongMethod('OPTIONS, GET, POST'));
    },
  };
}

/** A request, or what is wrong with it. The query may be empty: its hash may stand for it. */
function readRequest(json: unknown): (GraphQLRequest & { readonly extensions: unknown }) | string {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return 'the body must be one object with query, variables and operationName';
  }
  const { query, variables, operationName, extensions } = json as Readonly<Record<string, unknown>>;
  if (typeof (query ?? '') !== 'string') return 'query must be a string';
  const given = variables ?? {};
  if (typeof given !== 'object' || Array.isArray(given)) return 'variables must be an object';
  if (typeof (operationName ?? '') !== 'string') return 'operationName must be a string';
  return {
    query: String(query ?? ''),
    extensions,
    variables: given as Readonly<Record<string, unknown>>,
    operationName: operationName ? String(operationName) : undefined,
  };
}

type Reply = Pick<GraphQLReply, 'errors' | 'data' | 'body'> & { readonly status: number };

function problem(status: number, message: string, code?: string): Reply {
  const extensions = code === undefined ? {} : { extensions: { code } };
  return { status, errors: [{ message, ...extensions }], data: null };
}

function answer({ status, errors, data, body }: Reply): Answer {
  if (body !== undefined) return bytesAnswer(status, 'application/json', body);
  return jsonAnswer(status, errors.length > 0 ? { errors, data } : { data });
}
