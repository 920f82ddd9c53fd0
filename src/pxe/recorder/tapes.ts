/**
 * Octets of many tapes, in memory that is taken once and never moved: blocks of one size, chained for each tape. Thousands
 * of records a second are written; an object for each of them would be copied by every collection while it is young.
 */

/** Small against a boot, so that a machine's last block, which is half empty, wastes little. */
export const blockBytes = 1_024;
/** Memory is taken in pieces of this many blocks, as they are needed. */
const pieceBlocks = 1_024;
const none = -1;

export type Tapes = {
  /** How many blocks more `length` octets would take. */
  readonly growth: (tape: number, length: number) => number;
  /** Writes the first `length` octets at the end, as one record. The caller keeps within `blocksMax`. */
  readonly write: (tape: number, octets: Uint8Array, length: number) => void;
  /** Forgets the oldest block. @returns how many records went with it. */
  readonly shorten: (tape: number) => number;
  /** Forgets all of a tape. @returns how many records that were. */
  readonly clear: (tape: number) => number;
  /** Whole records, oldest first, one after the other. */
  readonly read: (tape: number) => Uint8Array;
  readonly blocksOf: (tape: number) => number;
  readonly blocks: () => number;
};

export function createTapes(tapesMax: number, blocksMax: number): Tapes {
  const pieces: Uint8Array[] = [];
  /** Of each block: the one after it, where the first record begins that begins in it, and how many begin. */
  const after = new Int32Array(blocksMax);
  const beginsAt = new Uint16Array(blocksMax);
  const beginnings = new Uint16Array(blocksMax);
  /** Of each tape: its ends, how many blocks it has, and how far the last one is written. */
  const first = new Int32Array(tapesMax).fill(none);
  const last = new Int32Array(tapesMax).fill(none);
  const count = new Uint16Array(tapesMax);
  const written = new Uint16Array(tapesMax);
  let free = none;
  let untouched = 0;
  let used = 0;

  const take = (): number => {
    used += 1;
    if (free !== none) {
      const block = free;
      free = after[block] ?? none;
      return block;
    }
    const block = untouched;
    untouched += 1;
    if (block % pieceBlocks === 0) pieces.push(new Uint8Array(pieceBlocks * blockBytes));
    return block;
  };

  const grow = (tape: number): number => {
    const block = take();
    after[block] = none;
    beginnings[block] = 0;
    const before = last[tape] ?? none;
    if (before === none) first[tape] = block;
    else after[before] = block;
    last[tape] = block;
    count[tape] = (count[tape] ?? 0) + 1;
    written[tape] = 0;
    return block;
  };

  const dropFirst = (tape: number): number => {
    const block = first[tape] ?? none;
    if (block === none) return 0;
    first[tape] = after[block] ?? none;
    if (first[tape] === none) last[tape] = none;
    count[tape] = (count[tape] ?? 1) - 1;
    after[block] = free;
    free = block;
    used -= 1;
    return beginnings[block] ?? 0;
  };

  const room = (tape: number): number =>
    last[tape] === none ? 0 : blockBytes - (written[tape] ?? 0);

  return {
    blocks: () => used,
    blocksOf: (tape) => count[tape] ?? 0,
    growth: (tape, length) => Math.ceil(Math.max(length - room(tape), 0) / blockBytes),
    write: (tape, octets, length) => {
      let block = room(tape) === 0 ? grow(tape) : (last[tape] ?? none);
      let at = written[tape] ?? 0;
      if (beginnings[block] === 0) beginsAt[block] = at;
      beginnings[block] = (beginnings[block] ?? 0) + 1;
      for (let done = 0; ; ) {
        const end = Math.min(done + blockBytes - at, length);
        const piece = pieces[Math.floor(block / pieceBlocks)];
        piece?.set(octets.subarray(done, end), (block % pieceBlocks) * blockBytes + at);
        at += end - done;
        done = end;
        if (done === length) break;
        block = grow(tape);
        at = 0;
      }
      written[tape] = at;
    },
    shorten: (tape) => {
      const gone = dropFirst(tape);
      // What is left of the record that was cut.
      while (first[tape] !== none && beginnings[first[tape] ?? 0] === 0) dropFirst(tape);
      return gone;
    },
    clear: (tape) => {
      let gone = 0;
      while (first[tape] !== none) gone += dropFirst(tape);
      return gone;
    },
    read: (tape) => {
      const octets = new Uint8Array((count[tape] ?? 0) * blockBytes);
      let length = 0;
      for (let block = first[tape] ?? none; block !== none; block = after[block] ?? none) {
        const piece = pieces[Math.floor(block / pieceBlocks)];
        const base = (block % pieceBlocks) * blockBytes;
        const from = length === 0 ? (beginsAt[block] ?? 0) : 0;
        const to = block === last[tape] ? (written[tape] ?? 0) : blockBytes;
        if (piece !== undefined) octets.set(piece.subarray(base + from, base + to), length);
        length += to - from;
      }
      return octets.subarray(0, length);
    },
  };
}
