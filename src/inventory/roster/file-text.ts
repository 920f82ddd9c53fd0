/** The bytes of a file as text, or what they are instead and how to save them. */

import { fail, ok, type Result } from '../../base/result.ts';

/** What is wrong with bytes, and at which of them. */
export type NoText = { readonly at: number; readonly text: string; readonly before: string };

/** Excel's "Unicode text" and PowerShell's `>` write UTF-16; both begin with its mark. */
const marks = [
  { encoding: 'utf-16le', bytes: [0xff, 0xfe] },
  { encoding: 'utf-16be', bytes: [0xfe, 0xff] },
  { encoding: 'utf-8', bytes: [0xef, 0xbb, 0xbf] },
] as const;
/** What .xlsx and .ods begin with: they are zip archives. */
const zip = [0x50, 0x4b, 0x03, 0x04];

const saveAs = 'save it as "CSV UTF-8 (comma delimited)", or as UTF-8 in a text editor';

/** UTF-8 with or without a byte order mark, or UTF-16 with one. The text begins after the mark. */
export function fileText(bytes: Uint8Array): Result<string, NoText> {
  const begins = (with_: readonly number[]) => with_.every((octet, at) => bytes[at] === octet);
  if (begins(zip)) {
    const text = `is a workbook or another zip archive, not a text: ${saveAs}`;
    return fail({ at: 0, text, before: '' });
  }
  const mark = marks.find((one) => begins(one.bytes));
  const encoding = mark?.encoding ?? 'utf-8';
  const body = bytes.subarray(mark?.bytes.length ?? 0);
  const text = decoded(body, encoding);
  if (text === undefined) {
    const before = validPart(body, encoding);
    return fail({ at: before.length, before, text: `holds bytes that are no text: ${saveAs}` });
  }
  const nul = text.indexOf('\0');
  if (nul < 0) return ok(text);
  const what = 'holds a NUL character: a binary file, or UTF-16 without its mark';
  return fail({ at: nul, before: text.slice(0, nul), text: `${what}; ${saveAs}` });
}

function decoded(bytes: Uint8Array, encoding: string): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** All before the first byte that is no text: halving is quick enough, and there is no decoder that says where it failed. */
function validPart(bytes: Uint8Array, encoding: string): string {
  let [good, bad] = [0, bytes.length];
  const part = (end: number): string | undefined => {
    try {
      const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
      // What is cut in the middle of a character is not wrong yet.
      return decoder.decode(bytes.subarray(0, end), { stream: true });
    } catch {
      return undefined;
    }
  };
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (part(middle) === undefined) bad = middle;
    else good = middle;
  }
  return part(good) ?? '';
}
