/** The operations that nouns have alike: a list in pages, one object, a watch, putting one there, taking one away. */

import type { TSchema } from 'typebox';
import { dryRunQuery } from './dry-run.ts';
import { changesOf, listQuery, pageOf, watchQuery } from './list.ts';
import type { AccessRole, Operation } from './operation.ts';

/** What a noun says of itself once; its list, its objects and its watch follow from it. */
export type Noun = {
  /** Plural, as it stands in paths. */
  readonly noun: string;
  readonly one: string;
  /** The member that names an object; of names in parts, the members with a slash between them: `os/id`. */
  readonly key: string;
  readonly keyHolds: string;
  /** Of a name in parts: what each of them holds. */
  readonly partsHold?: readonly string[];
  readonly columns: Readonly<Record<string, string>>;
  readonly hasLabels: boolean;
  readonly schema: TSchema;
  /** A list of it that lacks what cannot be read is of use to people, who have to ask for it: `partial=true`. */
  readonly mayBePartial?: true;
  /** Who may see them; default: viewer. */
  readonly needs?: AccessRole;
  /** Of one object asked for by its name, where that says more than lists and watches do. */
  readonly detail?: TSchema;
};

export type ReadOperations = {
  readonly list: Operation;
  readonly get: Operation;
  readonly watch: Operation;
};

export function readOperations(about: Noun): ReadOperations {
  return { list: listOperation(about), get: getOperation(about), watch: watchOperation(about) };
}

export function listOperation({
  noun,
  columns,
  hasLabels,
  schema,
  mayBePartial,
  needs = 'viewer',
}: Noun): Operation {
  return {
    id: `list${capital(noun)}`,
    method: 'GET',
    path: `/${noun}`,
    summary: `${noun} in pages, all of one moment`,
    needs,
    query: listQuery(Object.keys(columns), hasLabels, mayBePartial === true),
    answer: { status: 200, holds: 'a page', schema: pageOf(schema, mayBePartial === true) },
    problems: ['not-live', 'cursor-gone'],
  };
}

export function getOperation(about: Noun): Operation {
  const { one, schema, detail = schema, needs = 'viewer' } = about;
  return {
    id: `get${capital(one)}`,
    method: 'GET',
    path: objectPath(about),
    summary: `one ${one}; its ETag is its revision`,
    needs,
    parameters: keyParameters(about),
    answer: { status: 200, holds: `the ${one}`, schema: detail },
    problems: ['not-found', 'not-live'],
  };
}

/** Puts one object in its place, on the condition that it is as the caller knows it. */
export function putOperation(
  about: Noun,
  more: Pick<Operation, 'summary' | 'body' | 'example' | 'upload' | 'answer' | 'problems'>,
): Operation {
  return {
    id: `put${capital(about.one)}`,
    method: 'PUT',
    path: objectPath(about),
    needs: 'operator',
    parameters: keyParameters(about),
    query: dryRunQuery,
    ...more,
  };
}

/** Takes one object away for good, on the condition that it is as the caller knows it. */
export function deleteOperation(
  about: Noun,
  more: Pick<Operation, 'summary' | 'problems'> & Partial<Pick<Operation, 'answer'>>,
): Operation {
  return {
    id: `delete${capital(about.one)}`,
    method: 'DELETE',
    path: objectPath(about),
    needs: 'operator',
    parameters: keyParameters(about),
    query: dryRunQuery,
    isConditional: true,
    answer: { status: 204, holds: 'nothing: it is gone; in a dry run: it would be' },
    ...more,
  };
}

/** What the answer to any change may be. */
export const changeProblems = ['contended', 'store-unavailable', 'outcome-unknown'] as const;
/** Of one that names the revision it was decided on. */
export const conditionProblems = ['precondition-failed', 'precondition-missing'] as const;

/** `/images/{os}/{id}`. */
export function objectPath({ noun, key }: Noun): string {
  const parts = key.split('/').map((part) => `{${part}}`);
  return `/${noun}/${parts.join('/')}`;
}

export function keyParameters({
  key,
  keyHolds,
  partsHold = [keyHolds],
}: Noun): Readonly<Record<string, string>> {
  const parts = key.split('/');
  return Object.fromEntries(parts.map((part, at) => [part, partsHold[at] ?? keyHolds]));
}

export function watchOperation({
  noun,
  columns,
  hasLabels,
  schema,
  needs = 'viewer',
}: Noun): Operation {
  return {
    id: `watch${capital(noun)}`,
    method: 'GET',
    path: `/watch/${noun}`,
    summary: `changes of ${noun} as server-sent events, from a revision on`,
    needs,
    query: watchQuery(Object.keys(columns), hasLabels),
    answer: {
      status: 200,
      holds:
        'events `changes` (all of one revision together), `bookmark` (nothing up to its id is missing) and `error` (401: the token has ended; 410: list again; 429: too slow, go on from the last id), after which it ends',
      schema: changesOf(schema),
      mediaType: 'text/event-stream',
    },
    problems: ['not-live', 'history-gone', 'watchers-busy'],
  };
}

/** `boot-rule` → `BootRule`. */
function capital(words: string): string {
  return words.replaceAll(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase());
}
