/**
 * Objects cut down to what was asked for: `fields=serial,spec.rack,status.state`. A field is a dotted path of the object
 * as its schema has it, or a column, which stands for the member it shows. What is left keeps its shape.
 */

import { fail, ok, type Result } from '../../base/result.ts';

/** Members to be kept; an empty tree keeps all that is below. */
export type FieldTree = ReadonlyMap<string, FieldTree>;

type Schema = {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
};

const fieldsMax = 64;
/** No object of ours is deeper. */
const depthMax = 16;

/**
 * @param schema of one object.
 * @param columns names that stand for a member; where it is called otherwise, with its path.
 * @param always is kept without being asked for: it names the object.
 * @returns what to keep, or each field that is none.
 */
export function parseFields(
  text: string,
  schema: unknown,
  columns: readonly { readonly name: string; readonly path?: string }[],
  always: string,
): Result<FieldTree, readonly string[]> {
  const wanted = text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  if (wanted.length === 0) return fail(['names no field']);
  if (wanted.length > fieldsMax) {
    return fail([`names ${wanted.length} fields, at most ${fieldsMax} are taken`]);
  }
  const tree = new Map<string, FieldTree>();
  const mistakes: string[] = [];
  for (const field of [always, ...wanted]) {
    const column = columns.find(({ name }) => name === field);
    const path =
      column === undefined
        ? known(schema as Schema, field.split('.'))
        : (column.path?.split('.') ?? nearest(schema as Schema, field));
    if (path !== undefined) keep(tree, path);
    else {
      const members = Object.keys((schema as Schema).properties ?? {}).join(', ');
      const names = columns.map(({ name }) => name).join(', ');
      const what = JSON.stringify(field.slice(0, 80));
      mistakes.push(`${what} is no field; columns are ${names}, and members begin with ${members}`);
    }
  }
  return mistakes.length === 0 ? ok(tree) : fail(mistakes);
}

/** The object with what the tree keeps; lists are cut member by member. */
export function cut(value: unknown, tree: FieldTree): unknown {
  if (tree.size === 0 || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((one) => cut(one, tree));
  const given = value as Readonly<Record<string, unknown>>;
  const kept = [...tree].flatMap(([member, below]) =>
    Object.hasOwn(given, member) ? [[member, cut(given[member], below)] as const] : [],
  );
  return Object.fromEntries(kept);
}

/** The path as the object has it; what a schema leaves open may be anything, dots included. */
function known(schema: Schema, path: readonly string[], depth = 0): readonly string[] | undefined {
  const [member, ...rest] = path;
  if (member === undefined) return [];
  if (member === '' || depth > depthMax) return undefined;
  if (schema.items !== undefined) return known(schema.items, path, depth + 1);
  for (const branch of schema.anyOf ?? []) {
    const found = known(branch, path, depth + 1);
    if (found !== undefined) return found;
  }
  if (isOpen(schema)) return [path.join('.')];
  if (!Object.hasOwn(schema.properties ?? {}, member)) return undefined;
  const below = known(schema.properties?.[member] as Schema, rest, depth + 1);
  return below === undefined ? undefined : [member, ...below];
}

/** Labels and the like: objects whose members nobody can list. */
function isOpen(schema: Schema): boolean {
  const isObject = (schema as { readonly type?: unknown }).type === 'object';
  return isObject && Object.keys(schema.properties ?? {}).length === 0;
}

/** The member of this name that lies least deep. */
function nearest(schema: Schema, name: string): readonly string[] | undefined {
  let level: readonly { readonly schema: Schema; readonly path: readonly string[] }[] = [
    { schema, path: [] },
  ];
  for (let depth = 0; depth < depthMax && level.length > 0; depth += 1) {
    const found = level.find(({ schema: { properties = {} } }) => Object.hasOwn(properties, name));
    if (found !== undefined) return [...found.path, name];
    level = level.flatMap(({ schema: { properties = {} }, path }) =>
      Object.entries(properties).map(([member, below]) => ({
        schema: below,
        path: [...path, member],
      })),
    );
  }
  return undefined;
}

/** Who asks for the whole of something gets it, whatever else is asked for. */
function keep(tree: Map<string, FieldTree>, [member, ...rest]: readonly string[]): void {
  if (member === undefined) return;
  const below = tree.get(member);
  if (rest.length === 0) tree.set(member, new Map());
  else if (below === undefined) {
    const next = new Map<string, FieldTree>();
    tree.set(member, next);
    keep(next, rest);
  } else if (below.size > 0) keep(below as Map<string, FieldTree>, rest);
}

/** Of the objects in the list that an answer has there. */
export function schemaAt(answer: unknown, member: string): unknown {
  return (answer as Schema | undefined)?.properties?.[member]?.items;
}
