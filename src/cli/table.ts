/** Rows for people: columns as wide as their widest cell, two spaces between. */

import { type Paint, type Style, unpainted } from './style.ts';

export type Column<T> = {
  readonly title: string;
  readonly cell: (row: T) => string;
  readonly style?: (row: T) => Style;
};

/** @param widths of what was printed above, where this goes on with it; brought up to date */
export function formatTable<T>(
  columns: readonly Column<T>[],
  rows: readonly T[],
  headers = true,
  widths: number[] = [],
  paint: Paint = unpainted,
): string {
  const lines = [
    ...(headers ? [columns.map(({ title }) => title)] : []),
    ...rows.map((row) => columns.map(({ cell }) => printable(cell(row)))),
  ];
  for (const at of columns.keys()) {
    // Not by spreading: a hundred thousand arguments are too many for a call.
    widths[at] = lines.reduce(
      (most, line) => Math.max(most, line[at]?.length ?? 0),
      widths[at] ?? 0,
    );
  }
  return lines
    .map((line, lineAt) => {
      const row = rows[headers ? lineAt - 1 : lineAt];
      // Colours are put on last: they take no room on the terminal.
      const cells = line.map((cell, at) => {
        const style = row === undefined ? undefined : columns[at]?.style?.(row);
        const room = ' '.repeat(Math.max((widths[at] ?? 0) - cell.length, 0));
        return (style === undefined || cell === '' ? cell : paint(style, cell)) + room;
      });
      return cells.join('  ').trimEnd();
    })
    .join('\n');
}

/** Labels and serials come from outside; a terminal must not obey them. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '\u{FFFD}');
}

/** 90061 seconds → `1d1h`: the two largest units, as kubectl prints ages. */
export function formatAge(seconds: number): string {
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const;
  let rest = Math.max(Math.floor(seconds), 0);
  const parts: string[] = [];
  for (const [name, size] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count}${name}`);
  }
  return parts.slice(0, 2).join('') || '0s';
}
