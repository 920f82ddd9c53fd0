/** YAML 1.2, one document or several, to trees with places. */

import { isAlias, isMap, isScalar, isSeq, parseAllDocuments } from 'yaml';
import type { RosterMistake } from '../roster-spot.ts';
import {
  below,
  type Member,
  type Places,
  type Tree,
  type TreeValue,
  treeDepthMax,
} from './tree.ts';

/** Of one file: a document for each machine, and the configurations. */
export const documentsMax = 10_010;

/** The documents that hold something. What breaks the syntax is a mistake, and ends the list. */
export function yamlTrees(
  text: string,
  places: Places,
  mistakes: RosterMistake[],
): readonly Tree[] {
  let documents: ReturnType<typeof parseAllDocuments>;
  try {
    // Repeated members are looked for below: the library compares each name with all before it.
    documents = parseAllDocuments(text, { strict: true, uniqueKeys: false, prettyErrors: false });
  } catch (problem) {
    if (!(problem instanceof RangeError)) throw problem;
    mistakes.push(places.mistake(0, '', 'nested too deeply to be read'));
    return [];
  }
  const list = Array.isArray(documents) ? documents : [];
  if (list.length > documentsMax) {
    const what = `${list.length} documents in one file; at most ${documentsMax} are taken`;
    mistakes.push(places.mistake(0, '', what));
    return [];
  }
  for (const { errors } of list) {
    // What follows the first is mostly its echo.
    const [first] = errors;
    if (first === undefined) continue;
    const isDeep = first.message.startsWith('Maximum call stack');
    const what = isDeep ? 'nested too deeply to be read' : first.message.split('\n')[0];
    mistakes.push(places.mistake(first.pos[0], '', `no YAML: ${what}`));
  }
  if (mistakes.length > 0) return [];
  return list
    .filter(({ contents }) => contents !== null && !(isScalar(contents) && contents.value === null))
    .map(({ contents }, at) => {
      const root = list.length > 1 ? below('', at) : '';
      return grow(contents, root, 0, places, mistakes);
    });
}

function grow(
  node: unknown,
  pointer: string,
  depth: number,
  places: Places,
  mistakes: RosterMistake[],
): Tree {
  const at = offsetOf(node);
  if (depth > treeDepthMax) return { at, value: strange(`nested over ${treeDepthMax} levels`) };
  if (isAlias(node)) {
    return { at, value: strange('an alias (*); aliases are not followed: write it out') };
  }
  if (isMap(node)) {
    const members = new Map<string, Member>();
    for (const { key, value } of node.items) {
      const nameAt = offsetOf(key);
      const name = isScalar(key) ? (key.source ?? String(key.value)) : undefined;
      if (name === undefined) {
        mistakes.push(places.mistake(nameAt, pointer, 'the name of a member must be a text'));
        continue;
      }
      const path = below(pointer, name);
      if (members.has(name)) {
        mistakes.push(
          places.mistake(nameAt, path, `member ${JSON.stringify(name)} is there twice`),
        );
      }
      const tree = grow(value, path, depth + 1, places, mistakes);
      members.set(name, { nameAt, tree: tree.at < 0 ? { ...tree, at: nameAt } : tree });
    }
    return { at, value: { kind: 'object', members } };
  }
  if (isSeq(node)) {
    const items = node.items.map((item, n) =>
      grow(item, below(pointer, n), depth + 1, places, mistakes),
    );
    return { at, value: { kind: 'list', items } };
  }
  return { at, value: isScalar(node) ? scalar(node.value, node.source) : { kind: 'null' } };
}

/** Numbers as they are written: `00123` and `1.10` lose digits as values. */
function scalar(value: unknown, source: string | undefined): TreeValue {
  if (typeof value === 'string') return { kind: 'text', text: value };
  if (typeof value === 'number' || typeof value === 'bigint') {
    return { kind: 'number', source: source ?? String(value) };
  }
  if (typeof value === 'boolean') return { kind: 'truth', source: source ?? String(value) };
  return value === null ? { kind: 'null' } : strange('a value of a type that is not taken here');
}

function strange(says: string): TreeValue {
  return { kind: 'strange', says };
}

/** -1: nowhere, as the value of `name:` with nothing after it. */
function offsetOf(node: unknown): number {
  return (node as { readonly range?: readonly number[] | null } | null)?.range?.[0] ?? -1;
}
