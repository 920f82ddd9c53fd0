/** The typed client's table of operations and its types, as text, made from the contract. */

import type { Operation } from '../src/sabakan/contract/operation.ts';

/** As much of JSON Schema as the contract uses. */
type Schema = {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly pattern?: string;
};

const head = '// Made by `npm run client` from src/sabakan/contract; a test says when it is old.\n';

/** Members of a call that are no parameter of path or query. */
const reserved = ['body', 'ifMatch', 'ifNoneMatch'];

/** @returns the runtime table: method, path, and how the answer is read. */
export function tableSource(operations: readonly Operation[]): string {
  const rows = operations.map((operation) => {
    const { id, method, path } = operation;
    const type = operation.bodyTypes?.[0] ?? uploadOf(operation)?.[0];
    const more = type === undefined ? '' : `, type: '${type}'`;
    return `  ${id}: { method: '${method}', path: '${path}', reads: '${readsOf(operation)}'${more} },\n`;
  });
  const type =
    '/** How an answer is read: one JSON value, pages of a list, events of a watch, or nothing. */\n' +
    "export type Reads = 'json' | 'pages' | 'events' | 'nothing';\n" +
    'export type Row = {\n' +
    "  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';\n" +
    '  /** Below `/api/v2`. */\n  readonly path: string;\n  readonly reads: Reads;\n' +
    '  /** Of the body, where it is not plain JSON. */\n  readonly type?: string;\n};\n';
  return `${head}\n${type}\nexport const table = {\n${rows.join('')}} as const satisfies Readonly<Record<string, Row>>;\n`;
}

/** @returns the type of every call, and of the objects they speak of. */
export function typesSource(operations: readonly Operation[]): string {
  const names = namedObjects(operations);
  const objects = [...names].map(([text, name]) => `export type ${name} = ${text};\n`);
  const calls = operations.map((operation) => {
    const { id, summary, needs } = operation;
    return `  /** ${plain(summary)}. Needs the role ${needs}. */\n  ${id}: {\n    args: ${argsOf(operation, names)};\n${answerOf(operation, names)}  };\n`;
  });
  const kinds = [...new Set(operations.flatMap(({ problems = [] }) => problems))].sort();
  const problems = `/** What the operations name; others are possible. */\nexport type ProblemKind =\n${kinds.map((kind) => `  | '${kind}'\n`).join('')}  | (string & {});\n`;
  return `${head}\n${objects.join('\n')}\n${problems}\nexport type Calls = {\n${calls.join('')}};\n`;
}

function readsOf({ answer, id }: Operation): 'json' | 'pages' | 'events' | 'nothing' {
  if (answer.mediaType === 'text/event-stream') return 'events';
  if (answer.schema === undefined) return 'nothing';
  const members = Object.keys((answer.schema as Schema).properties ?? {});
  const isPage = ['items', 'revision', 'next'].every((member) => members.includes(member));
  return isPage && id.startsWith('list') ? 'pages' : 'json';
}

/** What a noun's `getX` answers with is `X`, wherever it stands. */
function namedObjects(operations: readonly Operation[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { id, answer, method, parameters } of operations) {
    if (method !== 'GET' || !id.startsWith('get') || parameters === undefined) continue;
    if (answer.schema === undefined) continue;
    names.set(typeOf(answer.schema as Schema, new Map(), ''), id.slice('get'.length));
  }
  return names;
}

function answerOf(operation: Operation, names: ReadonlyMap<string, string>): string {
  const schema = operation.answer.schema as Schema | undefined;
  const typed = (of: Schema | undefined) => typeOf(of ?? {}, names, '    ');
  switch (readsOf(operation)) {
    case 'pages':
      return `    item: ${typed(schema?.properties?.['items']?.items)};\n`;
    case 'events':
      return `    change: ${typed(schema?.properties?.['changes']?.items?.properties?.['object'])};\n`;
    case 'nothing':
      return '    answer: undefined;\n';
    case 'json':
      return `    answer: ${typed(schema)};\n`;
  }
}

function argsOf(operation: Operation, names: ReadonlyMap<string, string>): string {
  const members: string[] = [];
  const add = (name: string, optional: boolean, type: string, says = ''): void => {
    const comment = says === '' ? '' : `      /** ${plain(says)} */\n`;
    members.push(`${comment}      ${propertyName(name)}${optional ? '?' : ''}: ${type};\n`);
  };
  for (const [name, says] of Object.entries(operation.parameters ?? {})) {
    add(name, false, 'string | number', says);
  }
  const query = operation.query as Schema | undefined;
  for (const [name, schema] of Object.entries(query?.properties ?? {})) {
    if (reserved.includes(name) || operation.parameters?.[name] !== undefined) {
      throw new Error(`${operation.id}: the query's ${name} has the name of something else`);
    }
    const pages = readsOf(operation) === 'pages' && name === 'cursor';
    if (pages) continue;
    add(name, query?.required?.includes(name) !== true, queryType(schema), schema.description);
  }
  if (operation.body !== undefined)
    add('body', false, typeOf(operation.body as Schema, names, '      '));
  if (uploadOf(operation) !== undefined) {
    add('body', false, 'Uint8Array | AsyncIterable<Uint8Array>', 'the octets');
  }
  if (operation.method !== 'GET') {
    add('ifMatch', operation.isConditional !== true, 'string', 'the revision you know, or *');
  }
  if (operation.method === 'PUT') add('ifNoneMatch', true, "'*'", 'only if it is not there yet');
  return members.length === 0 ? 'object' : `{\n${members.join('')}    }`;
}

function uploadOf(operation: Operation): readonly string[] | undefined {
  const { upload } = operation as { readonly upload?: { readonly mediaTypes: readonly string[] } };
  return upload?.mediaTypes;
}

/** Every member of a query is text; true, false and numbers may be written as such. */
function queryType({ enum: values, pattern }: Schema): string {
  if (values?.every((value) => value === 'true' || value === 'false')) return 'boolean';
  if (values !== undefined) return values.map((value) => JSON.stringify(value)).join(' | ');
  return pattern?.includes('[0-9]') ? 'number | string' : 'string';
}

function typeOf(schema: Schema, names: ReadonlyMap<string, string>, indent: string): string {
  const plainText = names.size === 0 ? undefined : names.get(typeOf(schema, new Map(), ''));
  if (plainText !== undefined) return plainText;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((one) => JSON.stringify(one)).join(' | ');
  if (schema.anyOf !== undefined) {
    return schema.anyOf.map((one) => typeOf(one, names, indent)).join(' | ');
  }
  const { type } = schema;
  if (typeof type !== 'string') {
    if (type === undefined) return 'unknown';
    return type.map((one) => typeOf({ ...schema, type: one }, names, indent)).join(' | ');
  }
  switch (type) {
    case 'object':
      return objectType(schema, names, indent);
    case 'array': {
      const item = typeOf(schema.items ?? {}, names, indent);
      return /[|{]/.test(item) ? `ReadonlyArray<${item}>` : `readonly ${item}[]`;
    }
    case 'integer':
      return 'number';
    default:
      return type;
  }
}

function objectType(schema: Schema, names: ReadonlyMap<string, string>, indent: string): string {
  const [values] = Object.values(schema.patternProperties ?? {});
  const any =
    typeof schema.additionalProperties === 'object' ? schema.additionalProperties : values;
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length === 0) {
    const value = any === undefined ? 'unknown' : typeOf(any, names, indent);
    return `Readonly<Record<string, ${value}>>`;
  }
  const inner = `${indent}  `;
  const members = properties.map(([name, of]) => {
    const optional = schema.required?.includes(name) === true ? '' : '?';
    const says = of.description === undefined ? '' : `${inner}/** ${plain(of.description)} */\n`;
    return `${says}${inner}readonly ${propertyName(name)}${optional}: ${typeOf(of, names, inner)};\n`;
  });
  return `{\n${members.join('')}${indent}}`;
}

function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : `'${name}'`;
}

function plain(text: string): string {
  return text.replaceAll('*/', '* /');
}
