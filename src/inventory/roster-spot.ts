/** Where in a file something stands, and what is wrong there. */

export type Spot =
  /** Of a table, as a spreadsheet counts: the header is row 1, the first column is 1 (A). */
  | {
      readonly kind: 'cell';
      readonly row: number;
      readonly column: number;
      /** The column's name in the header; empty: none. */
      readonly name: string;
    }
  /** Of a text: both from 1, the column in UTF-16 units as editors count. */
  | {
      readonly kind: 'text';
      readonly line: number;
      readonly column: number;
      /** RFC 6901, into the document. */
      readonly pointer: string;
    };

export type RosterMistake = {
  readonly spot: Spot;
  /** One sentence without the place: what is wrong and what would be right. */
  readonly text: string;
};

/** Where so many are found, nobody looks for more: a hostile file has millions. */
export const mistakesFoundMax = 20_000;

/** `cell C17 (rack)` or `/machines/3/rack`; empty: the whole file. */
export function spotName(spot: Spot): string {
  if (spot.kind === 'text') return spot.pointer;
  const name = spot.name === '' ? '' : ` (${spot.name})`;
  return `cell ${columnLetters(spot.column)}${spot.row}${name}`;
}

/** `row 17` or `line 17`. */
export function spotLine(spot: Spot): string {
  return spot.kind === 'cell' ? `row ${spot.row}` : `line ${spot.line}`;
}

export function compareSpots(a: Spot, b: Spot): number {
  const rows = (spot: Spot) => (spot.kind === 'cell' ? spot.row : spot.line);
  return rows(a) - rows(b) || a.column - b.column;
}

/** 1 is A, 27 is AA: as every spreadsheet names its columns. */
function columnLetters(column: number): string {
  let letters = '';
  for (let rest = column; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    letters = String.fromCharCode(0x41 + ((rest - 1) % 26)) + letters;
  }
  return letters;
}
