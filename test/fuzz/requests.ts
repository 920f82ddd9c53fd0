/** Requests made from the API's description and from version 1's routes, most of them wrong somewhere. */

import { createDice, type Dice } from './dice.ts';
import { goodRequest } from './good.ts';
import { bytesOf, mutated, oddText, oddValue, plainText, type Schema, takenBy } from './values.ts';

export type FuzzRequest = {
  readonly method: string;
  /** Path and query as they are sent. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
};

type Parameter = { readonly name: string; readonly in: string; readonly schema: Schema };
type Described = {
  readonly parameters: readonly (Parameter | { readonly $ref: string })[];
  readonly requestBody?: {
    readonly content: Readonly<
      Record<string, { readonly schema: Schema; readonly example?: unknown }>
    >;
  };
};
export type Description = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly parameters: Readonly<Record<string, Parameter>>;
  };
};

/** What a request is made of; the same seed and number give the same request. */
export function createRequests(document: Description, seed: number) {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const named = (ref: string): Schema =>
    document.components.schemas[ref.split('/').at(-1) ?? ''] ?? {};

  const v2 = (dice: Dice): FuzzRequest => {
    const { path, method, operation } = dice.pick(operations);
    const parameters = operation.parameters.flatMap((one) => {
      if (!('$ref' in one)) return [one];
      return document.components.parameters[one.$ref.split('/').at(-1) ?? ''] ?? [];
    });
    const query = parameters
      .filter((one) => one.in === 'query' && dice.isBelow(0.4))
      .map(({ name, schema }) => [
        name,
        dice.isBelow(0.4) ? oddText(dice) : queryText(name, schema, dice),
      ]);
    if (dice.isBelow(0.05)) query.push([oddText(dice), oddText(dice)]);
    const headers: Record<string, string> = {};
    for (const { name, in: where } of parameters) {
      if (where !== 'header' || dice.isBelow(0.2)) continue;
      const isKey = name === 'Idempotency-Key';
      if (isKey && dice.isBelow(0.5)) continue;
      const usual = isKey ? `k-${dice.below(1e6)}` : '*';
      headers[name] = dice.isBelow(0.8) ? usual : headerText(dice);
    }
    const [content] = Object.entries(operation.requestBody?.content ?? {});
    if (content === undefined) {
      const body = dice.isBelow(0.05) ? bytesOf(oddValue(dice), dice) : undefined;
      return finished(method, filled(path, dice), query, headers, body, dice);
    }
    const [type, { schema, example }] = content;
    headers['content-type'] = dice.isBelow(0.9) ? type : headerText(dice);
    const good =
      example !== undefined && dice.isBelow(0.4) ? example : takenBy(schema, named, dice);
    let value = good;
    for (let times = dice.below(4); times > 0; times -= 1) value = mutated(value, dice);
    return finished(method, filled(path, dice), query, headers, bytesOf(value, dice), dice);
  };

  const good = (dice: Dice): FuzzRequest => {
    const { method, path, query, headers = {}, body, bytes } = goodRequest(dice);
    const usual = { 'content-type': 'application/json', ...headers };
    return {
      method,
      target: `/api/v2${path}${query === undefined ? '' : `?${query}`}`,
      headers: dice.isBelow(0.2) ? { ...usual, 'idempotency-key': `k-${dice.below(1e6)}` } : usual,
      body:
        bytes ?? (body === undefined ? undefined : new TextEncoder().encode(JSON.stringify(body))),
    };
  };

  const v1 = (dice: Dice): FuzzRequest => {
    const method = dice.pick(methodsOfV1);
    const query = Array.from({ length: dice.below(3) }, () => [
      dice.pick(searches),
      dice.isBelow(0.5) ? oddText(dice) : plainText(dice),
    ]);
    const isJson = dice.isBelow(0.6);
    const value = isJson ? dice.pick(bodiesOfV1) : plainText(dice);
    const body =
      method === 'GET' || method === 'HEAD'
        ? undefined
        : isJson
          ? bytesOf(dice.isBelow(0.3) ? value : mutated(value, dice), dice)
          : new TextEncoder().encode(dice.isBelow(0.5) ? oddText(dice) : String(value));
    return finished(method, filled(dice.pick(pathsOfV1), dice), query, {}, body, dice);
  };

  const graphql = (dice: Dice): FuzzRequest => {
    const query = mutatedText(dice.pick(queries), dice);
    const variables = dice.isBelow(0.5) ? oddValue(dice) : { s: plainText(dice) };
    const whole = { query, variables };
    const body = bytesOf(dice.isBelow(0.8) ? whole : mutated(whole, dice), dice);
    const headers = { 'content-type': dice.isBelow(0.9) ? 'application/json' : headerText(dice) };
    return finished(
      dice.pick(['post', 'post', 'post', 'get']),
      '/graphql',
      [],
      headers,
      body,
      dice,
    );
  };

  return (at: number): FuzzRequest => {
    const dice = createDice(Math.imul(seed, 0x9e37_79b1) + at);
    if (dice.isBelow(0.3)) return good(dice);
    const kind = dice.next();
    return kind < 0.6 ? v2(dice) : kind < 0.9 ? v1(dice) : graphql(dice);
  };

  function finished(
    method: string,
    path: string,
    query: readonly (readonly string[])[],
    headers: Readonly<Record<string, string>>,
    body: Uint8Array | undefined,
    dice: Dice,
  ): FuzzRequest {
    const root = path.startsWith('/api/v1') || path.startsWith('/graphql') ? '' : '/api/v2';
    const search = query.map((pair) => pair.map((text) => encoded(text, dice)).join('=')).join('&');
    const odd = dice.isBelow(0.03) ? dice.pick(oddMethods) : method.toUpperCase();
    const isReading = odd === 'GET' || odd === 'HEAD';
    return {
      method: odd,
      target: `${root}${path}${search === '' ? '' : `?${search}`}`,
      headers: {
        ...headers,
        ...(dice.isBelow(0.1) ? { [dice.pick(oddHeaders)]: headerText(dice) } : {}),
      },
      body: isReading ? undefined : body,
    };
  }
}

function queryText(name: string, schema: Schema, dice: Dice): string {
  if (schema.enum !== undefined) return String(dice.pick(schema.enum));
  switch (name) {
    case 'limit':
      return String(dice.below(7_000));
    case 'from':
      return dice.isBelow(0.1) ? '99999999' : String(dice.below(60));
    case 'sort':
      return dice.pick(['rack,-state', '-serial', 'since', 'colour', ',,']);
    case 'fields':
      return dice.pick(['serial', 'state,spec.rack', 'spec.labels.a', 'nothing', 'spec..']);
    case 'labelSelector':
      return dice.pick(['a=b', '!a', 'a in (b,c)', 'a notin (', 'a!=b,c']);
    case 'fieldSelector':
      return dice.pick(['state=healthy', 'rack in (1,2)', 'rack>1', 'colour=red', 'serial!=m1']);
    default:
      return plainText(dice);
  }
}

/** Path parameters are names that exist, and others. */
function filled(path: string, dice: Dice): string {
  const whole = path.replace(/\{[^}]+\}/g, () =>
    encoded(dice.isBelow(0.7) ? plainText(dice) : oddText(dice), dice),
  );
  if (!dice.isBelow(0.04)) return whole;
  return dice.pick([
    `${whole}/`,
    `${whole}//x`,
    `${whole}/..`,
    `${whole}/%2e%2e/%2f`,
    `${whole}%`,
    `${whole}%ff`,
    `${whole}%00`,
  ]);
}

function encoded(text: string, dice: Dice): string {
  // A lone surrogate has no UTF-8.
  const plain = text.toWellFormed();
  if (!dice.isBelow(0.05)) return encodeURIComponent(plain);
  return [...new TextEncoder().encode(plain)]
    .map((octet) => `%${octet.toString(16).padStart(2, '0')}`)
    .join('');
}

/** Latin-1 without controls: what a client library sends at all. */
function headerText(dice: Dice): string {
  const text = oddText(dice)
    .replace(/[^\x20-\x7e\xa0-\xff]/g, '?')
    .slice(0, 3_000);
  return dice.isBelow(0.3) ? `"${dice.below(300)}"` : text.trim();
}

function mutatedText(text: string, dice: Dice): string {
  if (dice.isBelow(0.3)) return text;
  const at = dice.below(text.length);
  const length = dice.below(12);
  const more = dice.isBelow(0.5)
    ? oddText(dice)
    : dice.pick(['{', '}', '(', '"', '...', '$x', '@skip']);
  return text.slice(0, at) + more + text.slice(at + length);
}

const methodsOfV1 = ['GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT', 'PUT', 'DELETE'];
const oddMethods = ['OPTIONS', 'TRACE', 'PATCH', 'DELETE', 'PUT', 'HEAD', 'QUERY', 'PROPFIND'];
const oddHeaders = [
  'accept',
  'range',
  'if-match',
  'if-none-match',
  'if-range',
  'prefer',
  'authorization',
  'x-sabakan-user',
  'x-forwarded-for',
  'x-http-method-override',
  'x-cybozu-request-id',
  'idempotency-key',
  'last-event-id',
  'content-encoding',
  'cookie',
];
const pathsOfV1 = [
  '/api/v1/machines',
  '/api/v1/machines/{serial}',
  '/api/v1/state/{serial}',
  '/api/v1/labels/{serial}/{label}',
  '/api/v1/labels/{serial}',
  '/api/v1/retire-date/{serial}',
  '/api/v1/config/ipam',
  '/api/v1/config/dhcp',
  '/api/v1/ignitions/{role}',
  '/api/v1/ignitions/{role}/{id}',
  '/api/v1/images/coreos',
  '/api/v1/images/coreos/{id}',
  '/api/v1/images/{os}',
  '/api/v1/assets',
  '/api/v1/assets/{name}',
  '/api/v1/assets/{name}/meta',
  '/api/v1/kernel_params/{os}',
  '/api/v1/logs',
  '/api/v1/cryptsetup',
  '/api/v1/crypts/{serial}/{path}',
  '/api/v1/boot/ipxe.efi',
  '/api/v1/boot/coreos/ipxe',
  '/api/v1/boot/coreos/ipxe/{serial}',
  '/api/v1/boot/coreos/kernel',
  '/api/v1/boot/ignitions/{serial}/{id}',
  '/api/v1/{nothing}',
];
const searches = [
  'serial',
  'rack',
  'role',
  'labels',
  'ipv4',
  'state',
  'without-state',
  'since',
  'until',
  'bmc-type',
  'x',
];
const bodiesOfV1: readonly unknown[] = [
  [{ serial: 'v1-1', rack: 1, role: 'cs', bmc: { type: 'iDRAC-9' }, labels: { a: 'b' } }],
  [{ serial: 'v1-2', rack: 2, role: 'boot', bmc: { type: 'none' } }],
  { 'lease-minutes': 60, 'dns-servers': ['10.0.0.1'] },
  { version: '2.3', template: { ignition: { version: '2.3.0' }, systemd: { units: [] } } },
  'healthy',
];
const queries = [
  '{ machine(serial: "m1") { spec { serial rack role ipv4 labels { name value } } status { state duration } } }',
  'query ($having: MachineParams) { searchMachines(having: $having, notHaving: { states: [RETIRED] }) { spec { serial } } }',
  'mutation ($s: String!) { setMachineState(serial: $s, state: UNHEALTHY) { state } }',
  '{ searchMachines(having: { labels: [{ name: "a", value: "b" }], racks: [1], minDaysBeforeRetire: 3 }) { spec { serial } info { network { ipv4 { address } } } } }',
  '{ __schema { types { name fields { name type { name ofType { name ofType { name } } } } } } }',
  'query a { ...f } fragment f on Query { searchMachines { spec { ...g } } } fragment g on MachineSpec { serial }',
];

/** Which operation a request asks for, as `GET /machines/{serial}`; undefined: none of version 2. */
export function operationOf(document: Description, { method, target }: FuzzRequest) {
  const segments =
    target
      .replace(/^\/api\/v2/, '')
      .split('?')[0]
      ?.split('/') ?? [];
  const path = Object.keys(document.paths).find((template) => {
    const wanted = template.replace(/^\/api\/v2/, '').split('/');
    return (
      wanted.length === segments.length &&
      wanted.every((part, at) => part.startsWith('{') || part === segments[at])
    );
  });
  return path === undefined || !target.startsWith('/api/v2/') ? undefined : `${method} ${path}`;
}
