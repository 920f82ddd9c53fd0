/** Rows of changes as they come, under one head, in columns that keep their places. */

import { formatObjects, type Shown, type View } from '../output.ts';
import { printable } from '../table.ts';
import type { Change } from '../watch/follow.ts';

/** @returns the text for each batch of changes; JSON is one event a line, YAML one a document. */
export function createChangePrinter(
  view: View,
  shown: Shown,
): (changes: readonly Change[]) => Promise<string> {
  const kinds = new WeakMap<object, string>();
  const event = {
    title: 'EVENT',
    cell: (object: unknown) => kinds.get(object as object) ?? '',
    wide: false,
  };
  const eventful = { ...view, columns: [event, ...view.columns] };
  const widths: number[] = [];
  let isFirst = true;
  return async (changes) => {
    const { output } = shown;
    const each = async (print: (change: Change) => Promise<string> | string): Promise<string> =>
      (await Promise.all(changes.map(print))).join('');
    switch (output.kind) {
      case 'json':
        return each((change) => `${JSON.stringify(change)}\n`);
      case 'yaml':
        return each(async (change) => `---\n${await formatObjects(view, [change], shown, true)}`);
      case 'name':
        return each(({ kind, name }) => `${kind} ${printable(name)}\n`);
      case 'jsonpath':
        return each(({ object }) => formatObjects(view, [object], shown, true));
      case 'csv':
      case 'table':
      case 'wide': {
        if (changes.length === 0) return '';
        for (const { kind, object } of changes) kinds.set(object as object, kind);
        const objects = changes.map(({ object }) => object);
        const headers = shown.headers && isFirst;
        isFirst = false;
        return formatObjects(eventful, objects, { ...shown, headers, widths });
      }
    }
  };
}
