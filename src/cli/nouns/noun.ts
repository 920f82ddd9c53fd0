/** What the commands know of a noun: its names, what it is selected by, and what people see of it. */

import type { Style } from '../style.ts';

export type CliNoun = {
  /** As people type it; the first is the one in paths. */
  readonly names: readonly string[];
  readonly describes: string;
  readonly nameOf: (object: unknown) => string;
  /** What `describe` asks for, below the path of the object; absent: the object itself. */
  readonly describedBelow?: string;
  /** What `describe` prints in place of the object's outline. */
  readonly page?: (object: unknown) => string;
  /** The column by which a name that is no object's own stands for several: `get boots SERIAL`; undefined: it is one's own. */
  readonly ownerColumn?: (name: string) => string | undefined;
  /** Its owner has a later one; absent: an owner has one. */
  readonly isFormer?: (object: unknown) => boolean;
  /** Such a name stands for one of them: where there is none it is told, as an unknown name is. */
  readonly ownersAreNames?: true;
  /** Where it stands, for ranges such as `rack3`; absent: ranges of racks do not select it. */
  readonly rackOf?: (object: unknown) => number;
  readonly columns: readonly CliColumn[];
  /** What it is selected and sorted by. */
  readonly selectable: Readonly<Record<string, string>>;
  readonly hasLabels: boolean;
  /** A list of what can be read is shown where some of it cannot (`partial=true`). */
  readonly mayBePartial?: true;
  /** `tetsu delete` takes it. */
  readonly deletable?: true;
  /** It is listed, and has come to its end: there is nothing to delete. */
  readonly isOver?: (object: unknown) => boolean;
  /** Of columns that cannot hold just anything: what they can hold. */
  readonly values: Readonly<Record<string, Values>>;
};

/** As one of them is called; the plural where there is no other word. */
export function oneOf({ names }: Pick<CliNoun, 'names'>): string {
  return names[1] ?? names[0] ?? '';
}

export type Values = {
  readonly test: (value: string) => boolean;
  readonly says: string;
  /** All of them, where they are few: a shell completes by them. */
  readonly choices?: readonly string[];
};

/** @param before how the list of them begins where it is told, as in `states: ` */
export function among(choices: readonly string[], before = ''): Values {
  return {
    test: (value) => choices.includes(value),
    says: `${before}${choices.join(', ')}`,
    choices,
  };
}

export const trueOrFalse: Values = { ...among(['true', 'false']), says: 'true or false' };

export type CliColumn = {
  readonly title: string;
  readonly cell: (object: unknown) => string;
  /** For programs (`-o csv`), where people are shown something shorter: a time instead of an age. */
  readonly value?: (object: unknown) => string;
  /** On a terminal. */
  readonly style?: (object: unknown) => Style;
  /** Only with `-o wide`. */
  readonly wide: boolean;
};

/** Title, cell, whether it is shown with `-o wide` alone, and what programs read instead of the cell. */
export type Row<T> = readonly [
  title: string,
  cell: (object: T) => string,
  wide?: 'wide' | 'always',
  value?: (object: T) => string,
  style?: (object: T) => Style,
];

export function columnsOf<T>(rows: readonly Row<T>[]): readonly CliColumn[] {
  return rows.map(([title, cell, wide, value, style]) => ({
    title,
    cell: (object) => cell(object as T),
    wide: wide === 'wide',
    ...(value === undefined ? {} : { value: (object) => value(object as T) }),
    ...(style === undefined ? {} : { style: (object) => style(object as T) }),
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
