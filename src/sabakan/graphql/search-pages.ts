/**
 * A search over a whole fleet, answered page by page: at a stroke, 10,000 machines would hold up DHCP for 50 ms and
 * 100,000 for a second. All pages are cut from one snapshot, so the answer is still of one moment.
 */

import type { Instant } from '../../base/time.ts';
import type { Machine } from '../../inventory/machine.ts';
import { goJsonText } from '../go-json.ts';

/** What `searchMachines` has found and which part of it is wanted now. */
export type SearchPages = {
  /** Set by the first page. */
  found: { readonly machines: readonly Machine[]; readonly now: Instant } | undefined;
  from: number;
  readonly length: number;
};

type Executed = { readonly data?: unknown; readonly errors?: readonly unknown[] };

/** About 2 ms of work. */
const machinesPerPage = 250;
const utf8 = new TextEncoder();
const comma = 0x2c;

/**
 * @param key the name under which the list stands in `data`: its alias, or `searchMachines`.
 * @param execute the query with `pages` in its context.
 * @returns the first result that is an error, or the whole answer as JSON.
 */
export async function searchInPages<R extends Executed>(
  key: string,
  execute: (pages: SearchPages) => R | Promise<R>,
  pause: () => Promise<void>,
): Promise<{ readonly refused: R } | { readonly body: Uint8Array }> {
  const pages: SearchPages = { found: undefined, from: 0, length: machinesPerPage };
  const texts: Uint8Array[] = [];
  do {
    if (pages.from > 0) await pause();
    const result = await execute(pages);
    const list = (result.data as Readonly<Record<string, unknown>> | null | undefined)?.[key];
    if (!Array.isArray(list) || (result.errors?.length ?? 0) > 0) return { refused: result };
    if (list.length > 0) texts.push(utf8.encode(goJsonText(list).slice(1, -1)));
    pages.from += machinesPerPage;
  } while (pages.from < (pages.found?.machines.length ?? 0));
  return { body: joined(`{"data":{${goJsonText(key)}:[`, texts, ']}}\n') };
}

function joined(open: string, texts: readonly Uint8Array[], close: string): Uint8Array {
  const size = texts.reduce((sum, { length }) => sum + length + 1, open.length + close.length);
  const bytes = new Uint8Array(size);
  let at = utf8.encodeInto(open, bytes).written;
  for (const [index, text] of texts.entries()) {
    if (index > 0) bytes[at++] = comma;
    bytes.set(text, at);
    at += text.length;
  }
  at += utf8.encodeInto(close, bytes.subarray(at)).written;
  return bytes.subarray(0, at);
}
