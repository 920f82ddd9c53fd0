/** What a query may cost, decided on its document before anything runs. */

import { type DocumentNode, Kind, type SelectionSetNode } from 'graphql/index.js';

/** CKE's query is 4 deep; the schema itself ends at 5. */
export const depthMax = 10;
/** Fields a document may name, fragments counted where they are used: an alias bomb has thousands. */
export const fieldsMax = 500;
/** Nobody needs one thing under so many names; tools use none. */
export const aliasesMax = 50;
/** Each root field may list the whole fleet. */
export const rootFieldsMax = 10;

/** Why the document is refused, or undefined. Fields of introspection count for number, not for depth. */
export function whyTooCostly(document: DocumentNode): string | undefined {
  const fragments = new Map(
    document.definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION
        ? [[definition.name.value, definition.selectionSet] as const]
        : [],
    ),
  );
  let fields = 0;
  let aliases = 0;
  let deepest = 0;

  const walk = (
    selections: SelectionSetNode,
    depth: number,
    counted: boolean,
    within: ReadonlySet<string>,
  ): void => {
    for (const selection of selections.selections) {
      if (fields > fieldsMax) return;
      if (selection.kind === Kind.FIELD) {
        fields += 1;
        if (selection.alias !== undefined) aliases += 1;
        const isCounted = counted && !selection.name.value.startsWith('__');
        if (isCounted) deepest = Math.max(deepest, depth);
        if (selection.selectionSet !== undefined && deepest <= depthMax) {
          walk(selection.selectionSet, depth + 1, isCounted, within);
        }
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        walk(selection.selectionSet, depth, counted, within);
      } else {
        const name = selection.name.value;
        const spread = fragments.get(name);
        fields += 1;
        // A fragment within itself is for the validator to refuse.
        if (spread === undefined || within.has(name)) continue;
        walk(spread, depth, counted, new Set([...within, name]));
      }
    }
  };

  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    if (definition.selectionSet.selections.length > rootFieldsMax) {
      return `more than ${rootFieldsMax} fields at the root of an operation`;
    }
    walk(definition.selectionSet, 1, true, new Set());
  }
  if (fields > fieldsMax) return `more than ${fieldsMax} fields in one request`;
  if (aliases > aliasesMax) return `more than ${aliasesMax} aliases in one request`;
  if (deepest > depthMax) return `deeper than ${depthMax} fields`;
  return undefined;
}
