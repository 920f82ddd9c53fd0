/**
 * A map whose entries have an age: what is set goes to the young end, and the old end can be taken off.
 *
 * A plain `Map` keeps the places of deleted entries until it is rebuilt, and each new iteration walks over them: in one
 * where entries come and go, looking at the oldest costs as much as there are entries. Here one iteration goes on.
 */

export type Aging<Key, Value> = {
  readonly get: (key: Key) => Value | undefined;
  readonly has: (key: Key) => boolean;
  /** The youngest from now on, whatever it was. */
  readonly set: (key: Key, value: Value) => void;
  readonly delete: (key: Key) => void;
  /** Takes off the oldest ones, up to the first that `isOver` says no to. */
  readonly dropOldest: (isOver: (value: Value, key: Key) => boolean) => void;
  readonly size: () => number;
};

export function createAging<Key, Value>(
  onDrop: (key: Key, value: Value) => void = () => {},
): Aging<Key, Value> {
  type Aged = { readonly key: Key; readonly value: Value };
  const entries = new Map<Key, Aged>();
  let walk = entries.values();
  /** What the walk came to last: the oldest, unless it was set anew or deleted since. */
  let reached: Aged | undefined;

  const oldest = (): Aged | undefined => {
    while (reached === undefined || entries.get(reached.key) !== reached) {
      const next = walk.next();
      if (next.done === true) {
        // An iteration that came to its end stays there, whatever is added.
        walk = entries.values();
        reached = undefined;
        return undefined;
      }
      reached = next.value;
    }
    return reached;
  };

  return {
    get: (key) => entries.get(key)?.value,
    has: (key) => entries.has(key),
    set: (key, value) => {
      entries.delete(key);
      entries.set(key, { key, value });
    },
    delete: (key) => {
      entries.delete(key);
    },
    dropOldest: (isOver) => {
      for (let aged = oldest(); aged !== undefined; aged = oldest()) {
        if (!isOver(aged.value, aged.key)) return;
        entries.delete(aged.key);
        onDrop(aged.key, aged.value);
      }
    },
    size: () => entries.size,
  };
}
