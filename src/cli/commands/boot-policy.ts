/** `tetsu channel set`, `tetsu boot-rule set`: changes members of a channel or rule on condition that it is as it was read, or makes it. */

import type { Send } from '../answer.ts';
import { exitCodes, Failure } from '../failure.ts';
import { type CliNoun, oneOf } from '../nouns/noun.ts';

type Members = Readonly<Record<string, unknown>>;

export type PolicyWish = {
  /** Members of the object itself. */
  readonly pins: Members;
  /** Of a rule: which machines it is about. */
  readonly match?: Members;
  /** Members of either that are to go. */
  readonly unset: readonly string[];
};

const matchMembers = ['serials', 'role', 'labels'] as const;
const pinMembers = ['image', 'kernelParams', 'templates', 'channel'] as const;

/** @returns what was done, as a line. */
export async function setPolicy(
  send: Send,
  noun: CliNoun,
  name: string,
  wish: PolicyWish,
  dryRun: boolean,
): Promise<string> {
  const isRule = wish.match !== undefined;
  mustBeMembers(wish.unset, isRule ? [...pinMembers, ...matchMembers] : pinMembers.slice(0, 3));
  const path = `/api/v2/${noun.names[0]}/${encodeURIComponent(name)}`;
  const seen = await send('GET', path);
  const isNew = seen.status === 404;
  const before = (isNew ? {} : seen.body) as Members;
  const pins = merged(before, wish.pins, pinMembers, wish.unset);
  const match = merged(
    Object(before['match']) as Members,
    wish.match ?? {},
    matchMembers,
    wish.unset,
  );
  if (!isNew && isAsBefore(before, pins, match)) return `${oneOf(noun)} ${name} is as it was`;
  const terms = isNew || seen.etag === undefined ? {} : { ifMatch: seen.etag };
  const body = { ...pins, ...(isRule ? { match } : {}) };
  await send('PUT', `${path}${dryRun ? '?dryRun=true' : ''}`, body, terms);
  const done = isNew ? 'made' : 'changed';
  return `${oneOf(noun)} ${name} ${dryRun ? `would be ${done}` : `is ${done}`}`;
}

/** Then nothing is written, and no audit record says that anything was. */
function isAsBefore(before: Members, pins: Members, match: Members): boolean {
  const was = [
    merged(before, {}, pinMembers, []),
    merged(Object(before['match']) as Members, {}, matchMembers, []),
  ];
  return inOrder(was) === inOrder([pins, match]);
}

/** Members by name, so that the same ones are the same text. */
function inOrder(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** What says nothing is left out, as the server wants it. */
function merged(
  before: Members,
  wish: Members,
  names: readonly string[],
  unset: readonly string[],
): Members {
  const members = names.flatMap((name): readonly (readonly [string, unknown])[] => {
    const value = wish[name] ?? (unset.includes(name) ? undefined : before[name]);
    const isNothing = value === undefined || value === null || isEmpty(value);
    return isNothing ? [] : [[name, value]];
  });
  return Object.fromEntries(members);
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function mustBeMembers(given: readonly string[], known: readonly string[]): void {
  const wrong = given.find((name) => !known.includes(name));
  if (wrong === undefined) return;
  throw new Failure(
    `--unset takes no ${JSON.stringify(wrong)}`,
    `it takes ${known.join(', ')}`,
    exitCodes.usage,
  );
}
