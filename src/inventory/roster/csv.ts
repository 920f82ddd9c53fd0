/** A table with a header, as spreadsheets save it (RFC 4180, and what they make of it). */

import { CsvError, parse } from 'csv-parse/sync';
import { nearestName } from '../../base/nearest-name.ts';
import { machinesPerRequestMax } from '../machine.ts';
import { showValue } from '../mistake.ts';
import type { RosterMistake, Spot } from '../roster-spot.ts';
import type { Given, RawField, RawMachine, RawName } from './raw.ts';

/** Serial, rack, role, BMC type, retire date and 64 labels, with room for what is said to be wrong. */
const columnsMax = 80;
/** All columns filled with the longest values there are. */
const rowCharactersMax = 64 * 1024;
/** The header, too. */
const rowsMax = machinesPerRequestMax + 1;

const columnNames = {
  serial: 'serial',
  rack: 'rack',
  role: 'role',
  bmcType: 'bmc-type',
  retireDate: 'retire-date',
} as const satisfies Record<RawName, string>;
const required: readonly RawName[] = ['serial', 'rack', 'role', 'bmcType'];
const known = Object.entries(columnNames) as readonly [RawName, string][];
/** What `tetsu get machines` shows beside what one may say. */
const assigned =
  /^(index|indexinrack|ipv4|ipv6|bmcipv4|bmcipv6|state|since|registerdate|revision)$/;

type Column =
  | { readonly kind: 'field'; readonly field: RawName; readonly title: string }
  | { readonly kind: 'label'; readonly label: string; readonly title: string }
  | { readonly kind: 'none'; readonly title: string };
type Row = { readonly number: number; readonly cells: readonly string[] };

/**
 * One row at a time, so that whoever has seen enough mistakes stops. Rows are counted as spreadsheets do, comments and
 * empty rows included.
 * @param text without a byte order mark.
 */
export function* readCsv(text: string, mistakes: RosterMistake[]): Iterable<RawMachine> {
  const rows = readRows(text, mistakes);
  const [header, ...body] = rows;
  if (header === undefined) {
    if (mistakes.length === 0) mistakes.push({ spot: cell(1, 1, ''), text: needsHeader });
    return;
  }
  const columns = readHeader(header, mistakes);
  if (columns === undefined) return;
  for (const row of body) yield rawMachine(row, columns, mistakes);
}

const needsHeader =
  'the file is empty; its first row must name the columns: serial, rack, role, bmc-type';

/** All rows that hold something; what breaks the table ends it, since nobody knows where the next row begins. */
function readRows(text: string, mistakes: RosterMistake[]): readonly Row[] {
  const rows: Row[] = [];
  let count = 0;
  // Excel's own line about the separator is no row to it.
  const told = /^sep=(.)\r?\n/i.exec(text);
  const body = told === null ? text : text.slice(told[0].length);
  try {
    parse(body, {
      delimiter: told?.[1] ?? delimiterOf(body),
      comment: '#',
      comment_no_infix: true,
      relax_column_count: true,
      // Rows of their own for spreadsheets; a single empty cell to us.
      skip_empty_lines: false,
      max_record_size: rowCharactersMax,
      on_record: (cells: string[], { records, comment_lines: comments }) => {
        const isNothing = cells.every((one) => one.trim() === '') || cells[0]?.startsWith('#');
        if (isNothing) return null;
        count += 1;
        if (count <= rowsMax) rows.push({ number: records + comments, cells });
        return null;
      },
    });
  } catch (problem) {
    if (!(problem instanceof CsvError)) throw problem;
    mistakes.push(brokenTable(problem, rows));
  }
  if (count > rowsMax) {
    const text = `the table has ${count - 1} machines; at most ${machinesPerRequestMax} are taken at once`;
    mistakes.push({ spot: cell(1, 1, ''), text });
  }
  return rows;
}

/** The separator that the header has most of; a header's names hold none of them. */
function delimiterOf(text: string): string {
  const header = firstRow(text);
  const [best = ','] = [',', ';', '\t'].toSorted(
    (a, b) => header.split(b).length - header.split(a).length,
  );
  return best;
}

/** Line by line: a regular expression looks at the rest of the file again and again. */
function firstRow(text: string): string {
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end < 0 ? text.length : end).trim();
    if (line !== '' && !line.startsWith('#')) return line;
    at = end < 0 ? text.length : end + 1;
  }
  return '';
}

function brokenTable(problem: CsvError, rows: readonly Row[]): RosterMistake {
  const {
    records,
    comment_lines: comments,
    column,
  } = problem as unknown as {
    readonly records?: number;
    readonly comment_lines?: number;
    readonly column?: number;
  };
  const row = (records ?? rows.length) + (comments ?? 0) + 1;
  const why = /QUOTE/.test(problem.code)
    ? 'a quote is out of place: a cell with quotes in it is written "…", with each inner quote doubled'
    : problem.code === 'CSV_MAX_RECORD_SIZE'
      ? `the row has more than ${rowCharactersMax} characters: is a quote not closed?`
      : problem.message;
  const text = `${why}; nothing after this place was read`;
  return { spot: cell(row, typeof column === 'number' ? column + 1 : 1, ''), text };
}

/** Undefined: without these columns every row would only be wrong in the same way. */
function readHeader(
  { number, cells }: Row,
  mistakes: RosterMistake[],
): readonly Column[] | undefined {
  const before = mistakes.length;
  const titles = trimEnd(cells.map((one) => one.trim()));
  if (titles.length > columnsMax) {
    const text = `the table has ${titles.length} columns; at most ${columnsMax} are taken`;
    mistakes.push({ spot: cell(number, columnsMax + 1, ''), text });
    return undefined;
  }
  const first = new Map<string, number>();
  const columns = titles.map((title, at): Column => {
    const spot = cell(number, at + 1, title);
    const column = columnOf(title);
    if (column === undefined) {
      mistakes.push({ spot, text: unknownColumn(title) });
      return { kind: 'none', title };
    }
    const name = column.kind === 'label' ? `label:${column.label}` : column.title;
    const earlier = first.get(name);
    if (column.kind !== 'none' && earlier !== undefined) {
      mistakes.push({ spot, text: `column ${name} is there twice: it is column ${earlier}, too` });
    }
    first.set(name, at + 1);
    return column;
  });
  for (const field of required) {
    if (columns.some((column) => column.kind === 'field' && column.field === field)) continue;
    const text = `column ${columnNames[field]} is missing; the first row must name ${required
      .map((one) => columnNames[one])
      .join(', ')}`;
    mistakes.push({ spot: cell(number, 1, ''), text });
  }
  return mistakes.length === before ? columns : undefined;
}

function columnOf(title: string): Column | undefined {
  if (title === '') return { kind: 'none', title };
  const label = /^labels?[:.](.*)$/i.exec(title)?.[1]?.trim();
  if (label !== undefined) return label === '' ? undefined : { kind: 'label', label, title };
  const bare = bareName(title);
  const found = known.find(([, name]) => bareName(name) === bare);
  return found === undefined ? undefined : { kind: 'field', field: found[0], title: found[1] };
}

/** `BMC_Type`, `bmc type` and `bmcType` are all `bmc-type`. */
function bareName(title: string): string {
  return title.toLowerCase().replace(/[-_\s.]/g, '');
}

function unknownColumn(title: string): string {
  const bare = bareName(title);
  if (assigned.test(bare)) {
    return `column ${showValue(title)} is what the server assigns: leave it out`;
  }
  const names = known.map(([, name]) => name);
  const near = nearestName(title, names);
  const meant = near === undefined ? '' : ` (is it ${near}?)`;
  return `column ${showValue(title)} is unknown${meant}; known are ${names.join(', ')} and label:NAME`;
}

function rawMachine(
  { number, cells }: Row,
  columns: readonly Column[],
  mistakes: RosterMistake[],
): RawMachine {
  const fields: Partial<Record<RawName, RawField>> = {};
  const labels: RawMachine['labels'][number][] = [];
  // A row may end early: what it does not say is missing in its own column.
  for (let at = 0; at < Math.max(cells.length, columns.length); at += 1) {
    const text = cells[at]?.trim() ?? '';
    const column = columns[at];
    const spot = cell(number, at + 1, column?.title ?? '');
    if (column === undefined || column.kind === 'none') {
      if (text === '') continue;
      mistakes.push({ spot, text: `${showValue(text)} stands in a column without a name` });
    } else if (column.kind === 'label') {
      if (at >= cells.length) continue;
      // An empty cell says that this machine has no such label.
      const given: Given = text === '' ? { kind: 'null' } : { kind: 'text', text };
      labels.push([column.label, { given, spot }, spot]);
    } else {
      const given: Given = text === '' ? { kind: 'null' } : givenIn(column.field, text);
      fields[column.field] = { given, spot };
    }
  }
  return { spot: cell(number, 1, ''), names: columnNames, fields, labels };
}

/** Cells have no types: digits are a number where one is due, and nowhere else. */
function givenIn(field: RawName, text: string): Given {
  if (field === 'rack' && /^\d+$/.test(text)) {
    return { kind: 'number', source: text.replace(/^0+(?=\d)/, '') };
  }
  return { kind: 'text', text };
}

function trimEnd(titles: readonly string[]): readonly string[] {
  return titles.slice(0, titles.findLastIndex((title) => title !== '') + 1);
}

function cell(row: number, column: number, name: string): Spot {
  return { kind: 'cell', row, column, name };
}
