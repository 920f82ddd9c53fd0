/**
 * Runs GraphQL requests. Queries are compiled once and kept: interpreted, one search over a thousand machines would hold
 * up everything else for five times as long.
 *
 * `graphql` is imported by its file: bundlers prefer its second copy (`.mjs`), whose types graphql-jit does not know.
 */

import {
  type DocumentNode,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  validate,
} from 'graphql/index.js';
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit';
import type { World } from '../../base/world.ts';
import { whyTooCostly } from './limits.ts';
import type { GraphQLContext, Resolvers } from './resolvers.ts';
import { createSchema } from './schema.ts';
import { type SearchPages, searchInPages } from './search-pages.ts';

export type GraphQLRequest = {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly operationName: string | undefined;
};

export type GraphQLReply = {
  /** 422 when the request itself is wrong, as Sabakan's library answers; 200 otherwise, also with errors. */
  readonly status: 200 | 406 | 422;
  readonly errors: readonly GraphQLErrorJson[];
  readonly data: unknown;
  /** The whole answer as JSON already; there are no errors then. */
  readonly body?: Uint8Array;
};

export type GraphQLErrorJson = {
  readonly message: string;
  readonly locations?: readonly { readonly line: number; readonly column: number }[];
  readonly path?: readonly (string | number)[];
  readonly extensions?: Readonly<Record<string, unknown>>;
};

export type GraphQLEngine = {
  readonly run: (
    request: GraphQLRequest,
    context: GraphQLContext,
    options: { readonly queriesOnly: boolean },
  ) => Promise<GraphQLReply>;
  /** Introspection, for a page that explains the schema. */
  readonly schema: GraphQLSchema;
};

type Prepared =
  | {
      readonly ok: true;
      readonly compiled: CompiledQuery;
      readonly operation: string;
      /** The response key of `searchMachines` where that is all the operation asks for. */
      readonly searchKey: string | undefined;
    }
  | { readonly ok: false; readonly reply: GraphQLReply };

/** What Sabakan's library says beside the text of a request that did not run. */
export const invalidCode = 'GRAPHQL_VALIDATION_FAILED';
const unreadableCode = 'GRAPHQL_PARSE_FAILED';

/** Clients send a handful of documents over and over. */
const preparedMax = 100;
const tokensMax = 4000;
const validationErrorsMax = 20;

export function createGraphQLEngine(
  resolvers: Resolvers,
  clock: Pick<World['clock'], 'after'>,
): GraphQLEngine {
  const schema = createSchema();
  attach(schema, resolvers);
  const prepared = new Map<string, Prepared>();
  const pause = () => new Promise<void>((go) => clock.after(0, go));

  const prepare = (query: string, operationName: string | undefined): Prepared => {
    const key = `${operationName ?? ''}\n${query}`;
    const known = prepared.get(key);
    if (known !== undefined) {
      prepared.delete(key);
      prepared.set(key, known);
      return known;
    }
    const made = prepareAnew(schema, query, operationName);
    prepared.set(key, made);
    const [oldest] = prepared.keys();
    if (prepared.size > preparedMax && oldest !== undefined) prepared.delete(oldest);
    return made;
  };

  return {
    schema,
    run: async (request, context, { queriesOnly }) => {
      const ready = prepare(request.query, request.operationName);
      if (!ready.ok) return ready.reply;
      if (queriesOnly && ready.operation !== 'query') {
        return refusal(406, [new GraphQLError('GET requests only allow query operations')]);
      }
      const execute = (pages?: SearchPages) =>
        ready.compiled.query(undefined, { ...context, pages }, { ...request.variables });
      if (ready.searchKey !== undefined) {
        const searched = await searchInPages(ready.searchKey, execute, pause);
        return 'refused' in searched
          ? replyOf(searched.refused)
          : { status: 200, errors: [], data: undefined, body: searched.body };
      }
      return replyOf(await execute());
    },
  };
}

function replyOf(result: ExecutionResult): GraphQLReply {
  // Without `data` the variables did not fit, and nothing ran.
  if (result.data === undefined) return refusal(422, result.errors ?? []);
  return {
    status: 200,
    errors: (result.errors ?? []).map((error) => errorJson(error, false)),
    data: result.data,
  };
}

function prepareAnew(
  schema: GraphQLSchema,
  query: string,
  operationName: string | undefined,
): Prepared {
  let document: DocumentNode;
  try {
    document = parse(query, { maxTokens: tokensMax });
  } catch (problem) {
    return { ok: false, reply: refusal(422, [asGraphQLError(problem)], unreadableCode) };
  }
  const tooCostly = whyTooCostly(document);
  if (tooCostly !== undefined) {
    return {
      ok: false,
      reply: refusal(422, [new GraphQLError(`the query is refused: ${tooCostly}`)]),
    };
  }
  const invalid = validate(schema, document, specifiedRules, { maxErrors: validationErrorsMax });
  if (invalid.length > 0) return { ok: false, reply: refusal(422, invalid) };
  const operation = getOperationAST(document, operationName);
  if (operation === null || operation === undefined) {
    const count = document.definitions.filter(
      (one) => one.kind === Kind.OPERATION_DEFINITION,
    ).length;
    const text =
      operationName !== undefined
        ? `operation ${operationName} not found`
        : count === 0
          ? 'no operation provided'
          : 'operationName is required: the document has several operations';
    return { ok: false, reply: refusal(422, [new GraphQLError(text)]) };
  }
  const compiled = compileQuery(schema, document, operationName, {
    disablingCapturingStackErrors: true,
  });
  if (!isCompiledQuery(compiled)) {
    return { ok: false, reply: refusal(422, compiled.errors ?? []) };
  }
  return { ok: true, compiled, operation: operation.operation, searchKey: searchKeyOf(operation) };
}

function searchKeyOf({ selectionSet }: OperationDefinitionNode): string | undefined {
  const [field, ...more] = selectionSet.selections;
  if (field?.kind !== Kind.FIELD || field.name.value !== 'searchMachines') return undefined;
  // A directive may leave the field out.
  if (more.length > 0 || (field.directives?.length ?? 0) > 0) return undefined;
  return field.alias?.value ?? field.name.value;
}

/** graphql-jit calls field resolvers; everything below the root fields is plain data. */
function attach(schema: GraphQLSchema, resolvers: Resolvers): void {
  const query = schema.getQueryType()?.getFields() ?? {};
  const mutation = schema.getMutationType()?.getFields() ?? {};
  const resolve =
    (call: (args: never, context: GraphQLContext) => unknown) =>
    (_: unknown, args: unknown, context: unknown): unknown =>
      call(args as never, context as GraphQLContext);
  if (query['machine']) query['machine'].resolve = resolve(resolvers.machine);
  if (query['searchMachines']) query['searchMachines'].resolve = resolve(resolvers.searchMachines);
  if (mutation['setMachineState'])
    mutation['setMachineState'].resolve = resolve(resolvers.setMachineState);
}

function refusal(
  status: 406 | 422,
  errors: readonly GraphQLError[],
  code = status === 422 ? invalidCode : undefined,
): GraphQLReply {
  const shown = errors.map((error) => errorJson(error, true));
  const extensions = { code };
  return {
    status,
    errors: code === undefined ? shown : shown.map((error) => ({ ...error, extensions })),
    data: null,
  };
}

function asGraphQLError(problem: unknown): GraphQLError {
  if (problem instanceof GraphQLError) return problem;
  return new GraphQLError(problem instanceof Error ? problem.message : 'unreadable document');
}

function errorJson(error: GraphQLError, withPlace: boolean): GraphQLErrorJson {
  const { message, locations, path, extensions } = error;
  const hasExtensions = extensions !== undefined && Object.keys(extensions).length > 0;
  return {
    message,
    ...(withPlace && locations !== undefined && locations.length > 0 ? { locations } : {}),
    ...(path === undefined ? {} : { path }),
    ...(hasExtensions ? { extensions } : {}),
  };
}
