/** What `tetsu wait --for` waits for. */

import { fail, ok, type Result } from '../../base/result.ts';
import { type Path, parsePath } from '../jsonpath/parse.ts';
import { textOf, valuesOf } from '../jsonpath/run.ts';
import type { CliNoun } from '../nouns/noun.ts';

export type Condition =
  | { readonly kind: 'delete' | 'create' }
  /** By the title of a column: `state=healthy`; any of the values will do. */
  | { readonly kind: 'column'; readonly title: string; readonly values: readonly string[] }
  /** Without a value: it is there. */
  | { readonly kind: 'path'; readonly path: Path; readonly value?: string };

export function parseCondition(noun: CliNoun, text: string): Result<Condition, string> {
  if (text === 'delete' || text === 'create') return ok({ kind: text });
  if (text.startsWith('jsonpath=')) return pathCondition(text.slice('jsonpath='.length));
  const [, name = '', given = ''] = /^([\w-]+)=(.*)$/s.exec(text) ?? [];
  const column = noun.columns.find(({ title }) => title.toLowerCase() === name.toLowerCase());
  if (column === undefined) {
    const titles = noun.columns.map(({ title }) => title.toLowerCase()).join(', ');
    return fail(
      `must be delete, create, jsonpath={.path}=VALUE or COLUMN=VALUE; columns: ${titles}`,
    );
  }
  const values = given.split(',');
  const allowed = noun.values[name.toLowerCase()];
  const wrong = values.find((value) => allowed !== undefined && !allowed.test(value));
  if (allowed !== undefined && wrong !== undefined) {
    return fail(`there is no ${name} ${JSON.stringify(wrong)}; ${allowed.says}`);
  }
  return ok({ kind: 'column', title: column.title, values });
}

/** `{.status.state}=healthy`, as kubectl has it. */
function pathCondition(text: string): Result<Condition, string> {
  const [, inner, value] = /^\{(.*)\}(?:=(.*))?$/s.exec(text) ?? [];
  if (inner === undefined) return fail('jsonpath must be written jsonpath={.path}=VALUE');
  const path = parsePath(inner);
  if (!path.ok) return fail(`jsonpath: ${path.error}`);
  return ok({ kind: 'path', path: path.value, ...(value === undefined ? {} : { value }) });
}

/** @param object undefined: it is not there */
export function isMet(condition: Condition, noun: CliNoun, object: unknown): boolean {
  const isThere = object !== undefined;
  switch (condition.kind) {
    case 'delete':
      return !isThere;
    case 'create':
      return isThere;
    case 'column': {
      const column = noun.columns.find(({ title }) => title === condition.title);
      return isThere && condition.values.includes(column?.cell(object) ?? '');
    }
    case 'path': {
      const values = isThere ? valuesOf(condition.path, object) : [];
      return condition.value === undefined ? values.length > 0 : textOf(values) === condition.value;
    }
  }
}
