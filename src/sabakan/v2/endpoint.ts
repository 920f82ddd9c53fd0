/** From an operation and its handler to a route: the door where paths, queries and bodies are checked. */

import type { TObject, TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { Settings } from 'typebox/system';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Revision, StoreProblem } from '../../base/store.ts';
import type { AccessRole, Operation } from '../contract/operation.ts';
import type { Answer, Exchange, Route } from '../exchange.ts';
import { parseJson } from '../json-text.ts';
import { problemDetails } from '../problem-answers.ts';
import {
  badRequest,
  type Place,
  type Problem,
  placesText,
  unknownPath,
  wrongMethod,
} from '../problems.ts';
import { bodyPlaces } from './body-places.ts';

export type Call = {
  readonly exchange: Exchange;
  /** By their names in the operation's path. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly query: ReadonlyMap<string, string>;
  /** Checked against the operation's schema. */
  readonly body: unknown;
  /** Of the store itself at this moment, whatever this server has heard of. */
  readonly storeRevision: StoreRevision;
};

export type StoreRevision = () => Promise<Result<Revision, StoreProblem>>;

/** A file, as it came. */
export type RawBody = { readonly bytes: Uint8Array; readonly toJSON: () => string };

/** What a handler refuses, with every place that is wrong where it knows them. */
export type Refusal = { readonly problem: Problem; readonly places?: readonly Place[] };

export type Endpoint = {
  readonly operation: Operation;
  /** Larger bodies are refused; default 1 MiB. */
  readonly bodyBytesMax?: number;
  /** Its answer holds a secret, which is kept nowhere: a request that is repeated does not hear it again. */
  readonly isSecret?: true;
  /** Whether this call is more than one commit, so that its receipt must be there before its first one. */
  readonly isPiecemeal?: (call: Call) => boolean;
  /** All that is wrong with a body, where the noun says it better than its schema; nothing: it is taken. */
  readonly mistakesIn?: (body: unknown, parameters: Call['parameters']) => readonly Place[];
  readonly handle: (call: Call) => Promise<Result<Answer, Refusal>>;
  /**
   * The answer to a request that was carried out, while its answer was lost: as things are now. Undefined, or absent:
   * there is no more to say than that it was.
   */
  readonly again?: (call: Call) => Promise<Answer | undefined>;
};

export type Once = {
  /** Handles the call, or answers what was answered when it came first. */
  readonly answer: (endpoint: Endpoint, call: Call) => Promise<Result<Answer, Refusal>>;
};

const root = '/api/v2';
const bodyBytesMax = 1024 * 1024;
/** More than a person mends in one go. */
const placesMax = 20;
// The library stops at eight, and finds an unknown member twice.
Settings.Set({ maxErrors: 2 * placesMax });

/** @returns the route for what follows `/api/v2/` in a path. */
export function endpointRoutes(
  endpoints: readonly Endpoint[],
  once: Once,
  storeRevision: StoreRevision,
): (path: string) => Route {
  const places = new Map<string, Prepared[]>();
  for (const endpoint of endpoints) {
    const { path } = endpoint.operation;
    const prepared = {
      ...endpoint,
      query: compiled(endpoint.operation.query),
      body: compiled(endpoint.operation.body),
    };
    places.set(path, [...(places.get(path) ?? []), prepared]);
  }
  const templates = [...places].map(([path, all]) => ({
    path,
    segments: path.slice(1).split('/'),
    all,
  }));
  return (path) => {
    const segments = path.split('/');
    for (const { path: template, segments: wanted, all } of templates) {
      const parameters = matched(wanted, segments);
      if (parameters !== undefined) {
        return {
          name: root + template,
          needs: (method) => needsOf(all, method),
          handle: (exchange) => dispatch(exchange, all, parameters, once, storeRevision),
        };
      }
    }
    return {
      name: `${root}/{unknown}`,
      needs: (method) => needsOf([], method),
      handle: async (exchange) => problemDetails(exchange, unknownPath(exchange.path)),
    };
  };
}

type Prepared = Endpoint & {
  readonly query: Validator | undefined;
  readonly body: Validator | undefined;
};

function compiled(schema: TSchema | undefined): Validator | undefined {
  return schema === undefined ? undefined : Compile(schema);
}

/** Literal segments first is not needed: no template of ours shadows another. */
function matched(
  template: readonly string[],
  segments: readonly string[],
): ReadonlyMap<string, string> | undefined {
  if (template.length !== segments.length) return undefined;
  const parameters = new Map<string, string>();
  for (const [at, part] of template.entries()) {
    const segment = segments[at] ?? '';
    if (part.startsWith('{')) {
      if (segment === '') return undefined;
      parameters.set(part.slice(1, -1), segment);
    } else if (part !== segment) return undefined;
  }
  return parameters;
}

/** A method that is not served tells nobody more than a viewer may know, and changes nothing. */
function needsOf(all: readonly Prepared[], method: string): AccessRole {
  const asked = method === 'HEAD' ? 'GET' : method;
  const found = all.find(({ operation }) => operation.method === asked);
  return found?.operation.needs ?? 'viewer';
}

async function dispatch(
  exchange: Exchange,
  all: readonly Prepared[],
  parameters: ReadonlyMap<string, string>,
  once: Once,
  storeRevision: StoreRevision,
): Promise<Answer> {
  const isHead = exchange.method === 'HEAD';
  const method = isHead ? 'GET' : exchange.method;
  const endpoint = all.find(({ operation }) => operation.method === method);
  if (endpoint === undefined) {
    const allow = all
      .map(({ operation }) => operation.method)
      .sort()
      .join(', ');
    return problemDetails(exchange, wrongMethod(allow));
  }
  const query = checkedQuery(endpoint, exchange.query);
  if (!query.ok) return refused(exchange, query.error);
  const body = await checkedBody(endpoint, exchange, parameters);
  if (!body.ok) return refused(exchange, body.error);
  const answer = await once.answer(endpoint, {
    exchange,
    parameters,
    query: exchange.query,
    body: body.value,
    storeRevision,
  });
  return answer.ok ? answer.value : refused(exchange, answer.error);
}

function refused(exchange: Exchange, { problem, places }: Refusal): Answer {
  return problemDetails(exchange, problem, places);
}

function checkedQuery(
  { query: validator, operation }: Prepared,
  query: ReadonlyMap<string, string>,
): Result<undefined, Refusal> {
  const schema: TObject | undefined = operation.query;
  const known = Object.keys(schema?.properties ?? {});
  const unknown = [...query.keys()].filter((name) => !known.includes(name));
  const takes = known.length === 0 ? 'it takes none' : `it takes ${known.join(', ')}`;
  const strangers: Place[] = unknown.map((parameter) => ({
    parameter,
    detail: `is unknown here; ${takes}`,
  }));
  const given = Object.fromEntries([...query].filter(([name]) => known.includes(name)));
  const wrong = (validator?.Errors(given) ?? []).map(({ instancePath, message }): Place => {
    const parameter = instancePath.slice(1);
    return { parameter, detail: `${message}; ${describe(schema, parameter)}` };
  });
  return placesOrOk([...strangers, ...wrong]);
}

async function checkedBody(
  { body: validator, bodyBytesMax: max = bodyBytesMax, operation, mistakesIn }: Prepared,
  exchange: Exchange,
  parameters: Call['parameters'],
): Promise<Result<unknown, Refusal>> {
  if (validator === undefined) return ok(undefined);
  // Of a file the handler says what it may be: people name its format in the query, too.
  const bodyTypes = operation.isBodyRaw ? undefined : operation.bodyTypes;
  const type = exchange.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (bodyTypes !== undefined && type !== undefined && !bodyTypes.includes(type)) {
    const text = `the body is ${JSON.stringify(type.slice(0, 80))}; it must be ${bodyTypes.join(' or ')}`;
    return fail({ problem: { kind: 'media-type-unknown', text } });
  }
  const read = await exchange.body.read(max);
  if (!read.ok) return fail({ problem: read.error });
  if (operation.isBodyRaw) return ok(rawBody(read.value));
  const json = parseJson(read.value);
  if (!json.ok) return fail({ problem: badRequest(json.error) });
  const checked = placesOrOk(
    mistakesIn?.(json.value, parameters) ??
      bodyPlaces(validator.Errors(json.value), operation.body),
  );
  return checked.ok ? json : checked;
}

/** Whoever compares two bodies as JSON compares every octet. */
function rawBody(bytes: Uint8Array): RawBody {
  return { bytes, toJSON: () => new TextDecoder('latin1').decode(bytes) };
}

function placesOrOk(places: readonly Place[]): Result<undefined, Refusal> {
  if (places.length === 0) return ok(undefined);
  const shown = places.slice(0, placesMax);
  return fail({ problem: badRequest(placesText(shown)), places: shown });
}

function describe(schema: TObject | undefined, name: string): string {
  const member = schema?.properties[name] as { readonly description?: string } | undefined;
  return member?.description ?? '';
}
