/** One line of a benchmark's table, and the arithmetic behind most of them. */

export type Row = { readonly what: string; readonly figure: string; readonly target: string };

export function printTable(title: string, rows: readonly Row[]): void {
  const all = [{ what: title, figure: 'figure', target: 'target' }, ...rows];
  const width = (name: keyof Row): number => Math.max(...all.map((row) => row[name].length));
  const [what, figure] = [width('what'), width('figure')];
  for (const row of all)
    console.log(`${row.what.padEnd(what)}  ${row.figure.padEnd(figure)}  ${row.target}`);
  console.log('');
}

/** The value below which this share of the samples lies. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? Number.NaN;
}

export function ms(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;
}

export function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
