/** What the commands know of a noun: its names, what it is selected by, and what people see of it. */

export type CliNoun = {
  /** As people type it; the first is the one in paths. */
  readonly names: readonly string[];
  readonly describes: string;
  readonly nameOf: (object: unknown) => string;
  readonly columns: readonly CliColumn[];
  /** What it is selected and sorted by. */
  readonly selectable: Readonly<Record<string, string>>;
  readonly hasLabels: boolean;
  /** Of columns that cannot hold just anything: what they can hold. */
  readonly values: Readonly<Record<string, Values>>;
};

export type Values = { readonly test: (value: string) => boolean; readonly says: string };

export type CliColumn = {
  readonly title: string;
  readonly cell: (object: unknown) => string;
  /** Only with `-o wide`. */
  readonly wide: boolean;
};

/** Title, cell, and whether it is shown with `-o wide` alone. */
export type Row<T> = readonly [title: string, cell: (object: T) => string, wide?: 'wide'];

export function columnsOf<T>(rows: readonly Row<T>[]): readonly CliColumn[] {
  return rows.map(([title, cell, wide]) => ({
    title,
    cell: (object) => cell(object as T),
    wide: wide === 'wide',
  }));
}

export function pairs(of: Readonly<Record<string, string | number>>): string {
  return Object.entries(of)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}

export function withoutZeros(
  of: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(of).filter(([, count]) => count > 0));
}
