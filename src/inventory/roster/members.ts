/** The members of an object in a file: those that are known, and a mistake for each that is not. */

import { nearestName } from '../../base/nearest-name.ts';
import { showValue } from '../mistake.ts';
import type { RosterMistake } from '../roster-spot.ts';
import { below, type Member, type Places, sayTree, type Tree } from './tree.ts';

export type Reading = { readonly places: Places; readonly mistakes: RosterMistake[] };
export type Members = ReadonlyMap<string, Member>;

/** Undefined with a mistake when it is no object. `what` begins the sentence: `a machine`. */
export function membersOf(
  { places, mistakes }: Reading,
  tree: Tree,
  pointer: string,
  what: string,
): Members | undefined {
  if (tree.value.kind === 'object') return tree.value.members;
  const text = `must be ${what}, not ${sayTree(tree)}`;
  mistakes.push(places.mistake(tree.at, pointer, text));
  return undefined;
}

/** @param ignored members that the server writes and nobody sets. */
export function checkNames(
  { places, mistakes }: Reading,
  members: Members,
  pointer: string,
  known: readonly string[],
  ignored: readonly string[] = [],
): void {
  for (const [name, { nameAt }] of members) {
    if (known.includes(name) || ignored.includes(name)) continue;
    const near = nearestName(name, known);
    const meant = near === undefined ? '' : ` (is it ${near}?)`;
    const text = `member ${showValue(name)} is unknown here${meant}; known are ${known.join(', ')}`;
    mistakes.push(places.mistake(nameAt, below(pointer, name), text));
  }
}
