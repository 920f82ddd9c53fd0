/**
 * A bounded map for what is seen again and again: setting what is there already writes nothing, so that thousands of those
 * a second cost a look. What was not set for longest is forgotten first, as exactly as two halves tell: entries are in the
 * younger half, and when that is full it becomes the older one, whose entries go unless they are set meanwhile.
 */

export type Recent<Key, Value> = {
  readonly get: (key: Key) => Value | undefined;
  readonly set: (key: Key, value: Value) => void;
  /** No more than the bound; an entry that is in both halves counts twice. */
  readonly size: () => number;
};

/** @param max at least the `max / 2` that were set last are kept, and never more than `max`. */
export function createRecent<Key, Value>(max: number): Recent<Key, Value> {
  const half = Math.floor(max / 2);
  let younger = new Map<Key, Value>();
  let older: ReadonlyMap<Key, Value> = new Map();
  return {
    get: (key) => younger.get(key) ?? older.get(key),
    set: (key, value) => {
      if (younger.get(key) === value) return;
      if (younger.size >= half && !younger.has(key)) {
        older = younger;
        younger = new Map();
      }
      younger.set(key, value);
    },
    size: () => younger.size + older.size,
  };
}
