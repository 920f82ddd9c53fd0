/**
 * How commands print objects: `-o table|wide|json|yaml|csv|name|jsonpath=…`. A list is `{"items": […]}`, so that
 * `{.items[*].serial}` and `jq '.items[].serial'` read what kubectl's would; one object that was named is itself.
 */

import { fail, ok, type Result } from '../base/result.ts';
import { formatCsv } from './csv.ts';
import { exitCodes, Failure } from './failure.ts';
import { parsePath, parseTemplate, type Template } from './jsonpath/parse.ts';
import { runTemplate, textOf, valuesOf } from './jsonpath/run.ts';
import type { CliColumn, CliNoun } from './nouns/noun.ts';
import { type Paint, unpainted } from './style.ts';
import { formatTable, printable } from './table.ts';

const plainOutputs = ['table', 'wide', 'json', 'yaml', 'csv', 'name'] as const;
export const outputNames = [...plainOutputs, 'jsonpath=TEMPLATE'] as const;

export type Output =
  | { readonly kind: (typeof plainOutputs)[number] }
  | { readonly kind: 'jsonpath'; readonly template: Template };

export type Shown = {
  readonly output: Output;
  /** Of tables and CSV. */
  readonly headers: boolean;
  /** These columns and no others, by their titles or as paths (`.spec.bmc.ipv4`). */
  readonly columns?: readonly string[];
  /** Of the table that this goes on with; see `formatTable`. */
  readonly widths?: number[];
};

/** What printing needs of a noun. */
export type View = Pick<CliNoun, 'nameOf' | 'columns'>;

export function parseOutput(given: string): Result<Output, string> {
  // `-o=json` arrives as `=json`.
  const text = given.replace(/^=/, '');
  if (text.startsWith('jsonpath=')) {
    const template = parseTemplate(text.slice('jsonpath='.length));
    return template.ok
      ? ok({ kind: 'jsonpath', template: template.value })
      : fail(`the template: ${template.error}`);
  }
  const kind = plainOutputs.find((known) => known === text);
  return kind === undefined ? fail(`it must be one of ${outputNames.join(', ')}`) : ok({ kind });
}

/** The whole text with its last line end; empty where there is nothing to print. */
export async function formatObjects(
  view: View,
  objects: readonly unknown[],
  { output, headers, columns, widths }: Shown,
  isOne = false,
  paint: Paint = unpainted,
): Promise<string> {
  const whole = isOne ? objects[0] : { items: objects };
  switch (output.kind) {
    case 'json':
      return `${JSON.stringify(whole, null, 2)}\n`;
    case 'yaml': {
      // Loaded here: the other forms stay quick.
      const { stringify } = await import('yaml');
      return stringify(whole);
    }
    case 'jsonpath': {
      const text = runTemplate(output.template, whole);
      return text === '' || text.endsWith('\n') ? text : `${text}\n`;
    }
    case 'name':
      return objects.map((object) => `${printable(view.nameOf(object))}\n`).join('');
    case 'csv': {
      const chosen = chooseColumns(view, columns, () => true);
      const head = chosen.map(({ title }) => title.toLowerCase());
      const rows = objects.map((object) => chosen.map((column) => programText(column, object)));
      return formatCsv(headers ? [head, ...rows] : rows);
    }
    case 'table':
    case 'wide': {
      if (objects.length === 0) return '';
      const isWide = output.kind === 'wide';
      const chosen = chooseColumns(view, columns, ({ wide }) => isWide || !wide);
      return `${formatTable(chosen, objects, headers, widths, paint)}\n`;
    }
  }
}

/** For programs rather than people: a time instead of an age. */
function programText({ value, cell }: CliColumn, object: unknown): string {
  return (value ?? cell)(object);
}

function chooseColumns(
  view: View,
  names: readonly string[] | undefined,
  isUsual: (column: CliColumn) => boolean,
): readonly CliColumn[] {
  if (names === undefined) return view.columns.filter(isUsual);
  return names.map((name) => {
    if (name.startsWith('.')) return pathColumn(name);
    const found = view.columns.find(({ title }) => plainTitle(title) === plainTitle(name));
    if (found !== undefined) return found;
    const known = view.columns.map(({ title }) => title.toLowerCase()).join(', ');
    throw new Failure(
      `--columns: there is no column ${JSON.stringify(name)}`,
      `columns: ${known}; or a path such as .metadata.name`,
      exitCodes.usage,
    );
  });
}

function pathColumn(text: string): CliColumn {
  const path = parsePath(text);
  if (!path.ok) throw new Failure(`--columns ${text}: ${path.error}`, '', exitCodes.usage);
  const cell = (object: unknown): string => textOf(valuesOf(path.value, object));
  return { title: text, cell, wide: false };
}

/** `bmc-ipv4`, `BMC_IPV4` and `bmcIpv4` are one. */
function plainTitle(title: string): string {
  return title.toLowerCase().replace(/[-_ ]/g, '');
}
