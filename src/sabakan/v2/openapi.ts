/** The operations as an OpenAPI 3.1 document. */

import type { Operation } from '../contract/operation.ts';
import { problemSchema } from '../contract/problem.ts';
import { type ProblemKind, v2Status } from '../problems.ts';

/** Kinds that any operation may be refused with. */
const always = [
  ...(['bad-request', 'token-missing', 'token-wrong', 'forbidden'] as const),
  ...(['method-not-allowed', 'limited', 'failed'] as const),
] as const;

export function openApiDocument(operations: readonly Operation[], version: string): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    const item = paths[operation.path] ?? {};
    paths[operation.path] = item;
    item[operation.method.toLowerCase()] = described(operation);
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Tetsukan',
      version,
      summary: 'Bare-metal fleet manager',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/api/v2' }],
    paths,
    components: { schemas: { Problem: problemSchema } },
  };
}

function described(operation: Operation): unknown {
  const { id, summary, needs, query, body, answer } = operation;
  return {
    operationId: id,
    summary,
    description: `Needs the role ${needs}.`,
    tags: [operation.path.split('/')[1]],
    parameters: [
      ...pathParameters(operation),
      ...queryParameters(query),
      ...(operation.isConditional ? [ifMatch] : []),
      ...(operation.method === 'GET' ? [] : [idempotencyKey]),
    ],
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: contentOf(body, operation) } }),
    responses: {
      [answer.status]: {
        description: answer.holds,
        ...(answer.schema === undefined
          ? {}
          : { content: { [answer.mediaType ?? 'application/json']: { schema: answer.schema } } }),
      },
      ...refusals(operation),
    },
  };
}

const ifMatch = {
  name: 'If-Match',
  in: 'header',
  required: true,
  description: 'ETag of the object as it is known, or `*` for whatever it is',
  schema: { type: 'string', minLength: 1 },
};

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'with it, the same request may be sent again for 24 hours: it is carried out once, and answered as at first',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};

function contentOf(schema: unknown, { bodyTypes = ['application/json'], example }: Operation) {
  const content = { schema, ...(example === undefined ? {} : { example }) };
  return Object.fromEntries(bodyTypes.map((type) => [type, content]));
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
function refusals({ problems = [] }: Operation): Record<string, unknown> {
  const byStatus = new Map<number, string[]>();
  for (const kind of [...always, ...problems]) {
    const status = v2Status(kind as ProblemKind);
    byStatus.set(status, [...(byStatus.get(status) ?? []), kind]);
  }
  const schema = { $ref: '#/components/schemas/Problem' };
  return Object.fromEntries(
    [...byStatus].map(([status, kinds]) => [
      status,
      {
        description: `not done: ${kinds.join(', ')}`,
        content: { 'application/problem+json': { schema } },
      },
    ]),
  );
}
