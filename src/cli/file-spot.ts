/** Places in files, as compilers print them, so that editors and terminals find them. */

import type { Spot } from '../inventory/roster-spot.ts';
import { printable } from './table.ts';

export type FileSpot = { readonly file: string; readonly spot: Spot };

/** `machines.csv:17:3: text`: row and column of a table, line and column of other files. */
export function placed({ file, spot }: FileSpot, text: string): string {
  const line = spot.kind === 'cell' ? spot.row : spot.line;
  return printable(`${file}:${line}:${spot.column}: ${text}`);
}
