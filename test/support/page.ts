/** A page of the documentation as what it tells people to do. */

import { readFile } from 'node:fs/promises';

/**
 * The fences of a page and what they mean:
 * - `sh`: is run, in order, in one folder, against a server of the page's own
 * - `sh exit=4`: is run, and ends with 4
 * - `sh not-run: REASON`: cannot be run here
 * - `output`: what the commands before it print, among other things; `…` stands for anything
 * - `yaml NAME`, `json NAME`, `csv NAME`, `text NAME`: a file that the reader makes
 * - `yaml`, `json`, `text` alone: only shown
 */
export type Step =
  | { readonly kind: 'run'; readonly line: number; readonly script: string; readonly exit: number }
  | { readonly kind: 'output'; readonly line: number; readonly lines: readonly string[] }
  | { readonly kind: 'file'; readonly line: number; readonly name: string; readonly text: string };

export type Page = {
  readonly name: string;
  readonly steps: readonly Step[];
  /** Of the server it is run against, beside the usual configuration: `<!-- server: auth: required -->`. */
  readonly configuration: string;
};

const languages = ['sh', 'output', 'yaml', 'json', 'csv', 'text', 'typescript', 'python', 'go'];

/** Throws for a fence that means nothing: a command that is never tried must say why. */
export async function readPage(name: string): Promise<Page> {
  const text = await readFile(name, 'utf8');
  const steps: Step[] = [];
  let open: { readonly info: string; readonly line: number; readonly lines: string[] } | undefined;
  for (const [at, line] of text.split('\n').entries()) {
    if (!line.startsWith('```')) open?.lines.push(line);
    else if (open === undefined) open = { info: line.slice(3).trim(), line: at + 1, lines: [] };
    else {
      steps.push(...stepsOf(name, open));
      open = undefined;
    }
  }
  const configuration = [...text.matchAll(/<!-- server: (.*?) -->/gs)].map(([, yaml]) => yaml);
  return { name, steps, configuration: configuration.join('\n') };
}

function stepsOf(
  page: string,
  { info, line, lines }: { readonly info: string; readonly line: number; readonly lines: string[] },
): readonly Step[] {
  const [language = '', ...words] = info.split(' ');
  const more = words.join(' ');
  const where = `${page}:${line}`;
  if (!languages.includes(language)) {
    throw new Error(`${where}: a fence is one of ${languages.join(', ')}, not "${info}"`);
  }
  if (language === 'output') return [{ kind: 'output', line, lines }];
  if (language !== 'sh') {
    if (more === '') return [];
    return [{ kind: 'file', line, name: more, text: `${lines.join('\n')}\n` }];
  }
  if (/^not-run: .{8}/.test(more)) return [];
  const exit = /^exit=(\d+)$/.exec(more)?.[1];
  if (more !== '' && exit === undefined) {
    throw new Error(`${where}: sh, sh exit=N or sh not-run: REASON, not "${info}"`);
  }
  return [{ kind: 'run', line, script: lines.join('\n'), exit: Number(exit ?? 0) }];
}

/** Which wanted lines are missing, in order, in what was printed; runs of spaces are one. */
export function missingLine(wanted: readonly string[], printed: string): string | undefined {
  const lines = printed.split('\n').map(plain);
  let at = 0;
  for (const want of wanted) {
    if (plain(want) === '…' || plain(want) === '') continue;
    const pattern = new RegExp(`^${plain(want).split('…').map(literal).join('.*')}$`);
    const found = lines.findIndex((line, index) => index >= at && pattern.test(line));
    if (found === -1) return want;
    at = found + 1;
  }
  return undefined;
}

function plain(line: string): string {
  return line.trim().replace(/\s+/g, ' ');
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
