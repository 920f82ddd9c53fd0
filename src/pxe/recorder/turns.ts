/** Numbers in the order in which they were used last, in rows that each forget their oldest; moving one costs no memory. */

const none = -1;

export type Turns = {
  /** Puts it at the end of this row, out of whichever row it was in. */
  readonly used: (row: number, number: number) => void;
  readonly remove: (number: number) => void;
  /** The one that was not used for longest; undefined: the row is empty. */
  readonly oldest: (row: number) => number | undefined;
  readonly size: (row: number) => number;
};

/** @param max of numbers, which count from 0. */
export function createTurns(rows: number, max: number): Turns {
  const rowOf = new Int8Array(max).fill(none);
  const before = new Int32Array(max).fill(none);
  const after = new Int32Array(max).fill(none);
  const first = new Int32Array(rows).fill(none);
  const last = new Int32Array(rows).fill(none);
  const sizes = new Int32Array(rows);

  const remove = (number: number): void => {
    const row = rowOf[number] ?? none;
    if (row === none) return;
    const [left, right] = [before[number] ?? none, after[number] ?? none];
    if (left === none) first[row] = right;
    else after[left] = right;
    if (right === none) last[row] = left;
    else before[right] = left;
    rowOf[number] = none;
    sizes[row] = (sizes[row] ?? 1) - 1;
  };

  return {
    remove,
    used: (row, number) => {
      if (last[row] === number) return;
      remove(number);
      const left = last[row] ?? none;
      before[number] = left;
      after[number] = none;
      if (left === none) first[row] = number;
      else after[left] = number;
      last[row] = number;
      rowOf[number] = row;
      sizes[row] = (sizes[row] ?? 0) + 1;
    },
    oldest: (row) => {
      const number = first[row] ?? none;
      return number === none ? undefined : number;
    },
    size: (row) => sizes[row] ?? 0,
  };
}
