/** `tetsu wait`: until something is so of all that are named, or the time is over. */

import { exitCodes, Failure } from '../failure.ts';
import { type CliNoun, oneOf } from '../nouns/noun.ts';
import type { NodeRange } from '../ranges.ts';
import { isOwnedBy, matcherOf } from '../selection.ts';
import { type Condition, isMet } from '../watch/condition.ts';
import type { Change } from '../watch/follow.ts';
import { unknownName } from './list.ts';

/** Names shown of those that are still waited for. */
const shownMax = 10;

/**
 * @param changes as `follow` gives them: first what is there
 * @param over rejects when the time is over
 * @returns how many it is so of
 */
export async function waitFor(
  noun: CliNoun,
  range: NodeRange,
  condition: Condition,
  changes: AsyncGenerator<readonly Change[], never>,
  over: Promise<never>,
): Promise<number> {
  const waiting = new Map<string, unknown>();
  const owners = range.names.filter((name) => noun.ownerColumn?.(name) !== undefined);
  const ids = range.names.filter((name) => !owners.includes(name));
  const isMeant = matcherOf(noun, { ...range, names: ids });
  // Such a name stands for the one that is the owner's now: the boot it is in, also when that is another one by then.
  const ownersOf = (object: unknown) =>
    noun.isFormer?.(object) === true ? [] : owners.filter((name) => isOwnedBy(noun, name, object));
  const mayBeAbsent = condition.kind === 'delete' || condition.kind === 'create';
  let total = 0;
  try {
    for (let isFirst = true; ; isFirst = false) {
      const { value: come } = await Promise.race([changes.next(), over]);
      if (isFirst) {
        const there = new Map(come.map(({ name, object }) => [name, object]));
        const owned = new Map<string, unknown>();
        for (const { name, object } of come) {
          for (const owner of ownersOf(object)) {
            if (owned.has(owner)) throw ambiguous(noun, owner);
            if (!range.without.names.includes(name)) owned.set(owner, object);
          }
        }
        const absent = range.names.filter(
          (name) => !there.has(name) && !owned.has(name) && !range.without.names.includes(name),
        );
        if (!mayBeAbsent && absent.length > 0) throw unknownName(noun, ...absent);
        for (const name of absent) waiting.set(name, undefined);
        for (const [name, object] of owned) waiting.set(name, object);
        const isByName = ids.length > 0 || range.racks.length > 0;
        for (const [name, object] of there) {
          if (isByName && isMeant(object)) waiting.set(name, object);
        }
        total = waiting.size;
        if (total === 0) throw nothing(noun);
      } else {
        for (const { name, kind, object } of come) {
          for (const key of [name, ...ownersOf(object)]) {
            if (waiting.has(key)) waiting.set(key, kind === 'deleted' ? undefined : object);
          }
        }
      }
      for (const [name, object] of waiting) {
        if (isMet(condition, noun, object)) waiting.delete(name);
        else if (!isFirst && object === undefined && !mayBeAbsent) throw deleted(noun, name);
      }
      if (waiting.size === 0) return total;
    }
  } catch (problem) {
    if (problem instanceof TimeIsOver) throw timedOut(noun, waiting, total, problem);
    throw problem;
  }
}

export class TimeIsOver extends Error {}

function ambiguous(noun: CliNoun, name: string): Failure {
  const text = `several ${noun.names[0]} are called ${JSON.stringify(name)}`;
  return new Failure(text, 'name one of them by its id', exitCodes.conflict);
}

function nothing(noun: CliNoun): Failure {
  const [plural = ''] = noun.names;
  const hint = `name one, or a range; tetsu get ${plural} lists them`;
  return new Failure(
    `no ${oneOf(noun)} matches, so there is nothing to wait for`,
    hint,
    exitCodes.notFound,
  );
}

function deleted(noun: CliNoun, name: string): Failure {
  const text = `${oneOf(noun)} ${name} was deleted while it was waited for`;
  return new Failure(text, '--for delete waits for that', exitCodes.notFound);
}

function timedOut(
  noun: CliNoun,
  waiting: ReadonlyMap<string, unknown>,
  total: number,
  { message }: TimeIsOver,
): Failure {
  if (total === 0) {
    const text = `after ${message} the server has not answered`;
    return new Failure(text, '--timeout waits longer', exitCodes.timedOut);
  }
  const names = [...waiting.keys()];
  const more = names.length > shownMax ? ` and ${names.length - shownMax} more` : '';
  const [plural = ''] = noun.names;
  return new Failure(
    `after ${message} it is not so of ${names.length} of ${total}: ${names.slice(0, shownMax).join(', ')}${more}`,
    `tetsu get ${plural} -o wide shows how they are; --timeout waits longer`,
    exitCodes.timedOut,
  );
}
