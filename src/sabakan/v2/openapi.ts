/** The operations as an OpenAPI 3.1 document. */

import type { Operation } from '../contract/operation.ts';
import { problemSchema } from '../contract/problem.ts';
import { tagMeanings } from '../contract/tags.ts';
import { workSchema } from '../contract/work.ts';
import { type ProblemKind, v2Status } from '../problems.ts';
import { curlExample } from './curl-example.ts';

/** Kinds that any operation may be refused with. */
const always = [
  ...(['bad-request', 'token-missing', 'token-wrong', 'forbidden'] as const),
  ...(['method-not-allowed', 'limited', 'failed'] as const),
] as const;
/** Of every write that takes an `Idempotency-Key`. */
const writing = ['request-repeated', 'idempotency-key-reused', 'idempotency-keys-full'] as const;

const description = `Lists come in pages of one moment and say at which revision of the store they were true; a watch goes on
from there and misses nothing. Every object has its revision as its ETag: a change names the one it was decided on
(\`If-Match\`), so that nobody overwrites what they have not seen. Every write can be tried first (\`dryRun=true\`) and sent
again without being done twice (\`Idempotency-Key\`). What is refused comes as a problem document (RFC 9457) whose \`type\` is
\`urn:tetsukan:problem:\` and a kind, with every mistake in \`errors\`.`;

export function openApiDocument(operations: readonly Operation[], version: string): unknown {
  const schemas: Record<string, unknown> = { Problem: problemSchema };
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    const item = paths[operation.path] ?? {};
    paths[operation.path] = item;
    item[operation.method.toLowerCase()] = hoisted(described(operation), schemas);
  }
  const tags = new Map(operations.map((operation) => [tagOf(operation), operation.summary]));
  return {
    openapi: '3.1.1',
    info: {
      title: 'Tetsukan',
      version,
      summary: 'Bare-metal fleet manager',
      description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/api/v2', description: 'this server' }],
    // Where the configuration says nothing of it, the address of the caller decides.
    security: [{ token: [] }, {}],
    tags: [...tags].map(([name, summary]) => ({
      name,
      description: tagMeanings[name] ?? summary,
    })),
    paths,
    components: {
      schemas,
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description:
            'a token of a viewer, an operator or an admin; each may do what the ones before may',
        },
      },
      parameters: { IfMatch: ifMatch, IdempotencyKey: idempotencyKey, Prefer: prefer },
      headers: { ETag: etag, RetryAfter: retryAfter, Replayed: replayed },
    },
  };
}

/** `/watch/machines` and `/bulk/machines` are about machines. */
function tagOf({ path }: Operation): string {
  const [first = '', second] = path.slice(1).split('/');
  const noun = (first === 'watch' || first === 'bulk') && second !== undefined ? second : first;
  return noun.replace(/\..*$/, '');
}

function described(operation: Operation): unknown {
  const { id, summary, needs, query, body, upload, method } = operation;
  return {
    operationId: id,
    summary,
    description: `Needs the role ${needs}.`,
    tags: [tagOf(operation)],
    parameters: [
      ...pathParameters(operation),
      ...queryParameters(query),
      ...(operation.isConditional ? [{ $ref: '#/components/parameters/IfMatch' }] : []),
      ...(method === 'GET' ? [] : [{ $ref: '#/components/parameters/IdempotencyKey' }]),
      ...(operation.isLong === true ? [{ $ref: '#/components/parameters/Prefer' }] : []),
    ],
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: contentOf(body, operation) } }),
    ...(upload === undefined ? {} : { requestBody: octets(upload) }),
    responses: { ...success(operation), ...refusals(operation) },
    'x-codeSamples': [{ lang: 'Shell', label: 'curl', source: curlExample(operation) }],
  };
}

const ifMatch = {
  name: 'If-Match',
  in: 'header',
  required: true,
  description: 'ETag of the object as it is known, or `*` for whatever it is',
  schema: { type: 'string', minLength: 1 },
  example: '*',
};

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'with it, the same request may be sent again for 24 hours: it is carried out once, and answered as at first',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
  example: '6f1b9a52-8d0e-4c53-9f0b-0a2f6d1c7e31',
};

const prefer = {
  name: 'Prefer',
  in: 'header',
  required: false,
  description:
    '`respond-async`: an answer at once, with where to look; `wait=SECONDS` (300 at most): the same when it takes longer',
  schema: { type: 'string' },
  example: 'wait=10',
};

/** RFC 9110 section 15.3.3. */
const accepted = {
  description: 'it is under way: `Location` is the operation that says how far it is',
  headers: {
    Location: { description: 'the path of the operation', schema: { type: 'string' } },
  },
  content: { 'application/json': { schema: workSchema } },
};

const etag = {
  description: "the object's revision in quotes: what `If-Match` of its next change names",
  schema: { type: 'string' },
};
const retryAfter = {
  description: 'seconds after which another try makes sense',
  schema: { type: 'integer' },
};
const replayed = {
  description: '`true` when the request was carried out before and this is its first answer',
  schema: { type: 'string' },
};

function success({
  answer,
  method,
  path,
  isConditional,
  isLong,
}: Operation): Record<string, unknown> {
  const isObject = method === 'GET' && path.endsWith('}') && answer.mediaType === undefined;
  const headers = {
    ...(isObject || (isConditional && answer.schema !== undefined)
      ? { ETag: { $ref: '#/components/headers/ETag' } }
      : {}),
    ...(method === 'GET'
      ? {}
      : { 'Idempotent-Replayed': { $ref: '#/components/headers/Replayed' } }),
  };
  const told = {
    description: answer.holds,
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(answer.schema === undefined
      ? {}
      : { content: { [answer.mediaType ?? 'application/json']: { schema: answer.schema } } }),
  };
  const unchanged = { description: 'it is as `If-None-Match` says' };
  return {
    [answer.status]: told,
    ...(isLong === true ? { 202: accepted } : {}),
    ...(isObject ? { 304: unchanged } : {}),
  };
}

function contentOf(schema: unknown, { bodyTypes = ['application/json'], example }: Operation) {
  const content = { schema, ...(example === undefined ? {} : { example }) };
  return Object.fromEntries(bodyTypes.map((type) => [type, content]));
}

function octets({ mediaTypes, holds }: NonNullable<Operation['upload']>) {
  const schema = { type: 'string', format: 'binary', description: holds };
  const content = Object.fromEntries(mediaTypes.map((type) => [type, { schema }]));
  return { required: true, description: holds, content };
}

function pathParameters({ parameters }: Operation): readonly unknown[] {
  return Object.entries(parameters ?? {}).map(([name, description]) => ({
    name,
    in: 'path',
    required: true,
    description,
    schema: { type: 'string', minLength: 1 },
  }));
}

function queryParameters(query: Operation['query']): readonly unknown[] {
  const required = new Set(query?.required ?? []);
  return Object.entries(query?.properties ?? {}).map(([name, schema]) => {
    const { description, ...rest } = schema as { readonly description?: string };
    return { name, in: 'query', required: required.has(name), description, schema: rest };
  });
}

/** One response per status, naming the kinds behind it. */
function refusals({ problems = [], method }: Operation): Record<string, unknown> {
  const byStatus = new Map<number, string[]>();
  const kinds = new Set([...always, ...(method === 'GET' ? [] : writing), ...problems]);
  for (const kind of kinds) {
    const status = v2Status(kind as ProblemKind);
    byStatus.set(status, [...(byStatus.get(status) ?? []), kind]);
  }
  return Object.fromEntries([...byStatus].map(([status, of]) => [status, refusal(status, of)]));
}

function refusal(status: number, kinds: readonly string[]): unknown {
  const schema = {
    allOf: [
      { $ref: '#/components/schemas/Problem' },
      { properties: { type: { enum: kinds.map((kind) => `urn:tetsukan:problem:${kind}`) } } },
    ],
  };
  const headers = { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } };
  return {
    description: `not done: ${kinds.join(', ')}`,
    ...(status === 429 || status === 503 ? { headers } : {}),
    content: { 'application/problem+json': { schema } },
  };
}

/** Schemas with a title have one place of their own, so that clients made from this have a name for them. */
function hoisted(value: unknown, schemas: Record<string, unknown>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((one) => hoisted(one, schemas));
  const whole = Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, hoisted(one, schemas)]),
  );
  const { title, type } = whole;
  if (typeof title !== 'string' || type !== 'object') return whole;
  schemas[title] = whole;
  return { $ref: `#/components/schemas/${title}` };
}
