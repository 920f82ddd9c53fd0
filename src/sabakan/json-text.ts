/** JSON as strangers send it. */

import { fail, ok, type Result } from '../base/result.ts';
import { utf8Text } from './exchange.ts';

/** Nothing we take is deeper than an Ignition document; functions that walk a value call themselves per level. */
export const jsonDepthMax = 100;

/**
 * The first value of a text; what follows it is ignored, as Go's decoder does. The error says what is wrong with the
 * text; no part of it is repeated.
 */
export function parseJson(bytes: Uint8Array): Result<unknown, string> {
  return parseWith(bytes, () => undefined);
}

/**
 * The same for bodies whose numbers are all unsigned: Go takes digits only there, so `1.0`, `1e2` and `-0` become NaN,
 * which no parser of ours takes for a number.
 */
export function parseJsonOfCounts(bytes: Uint8Array): Result<unknown, string> {
  return parseWith(bytes, (text) => (mayHoldOddNumber.test(text) ? oddNumberAsNaN : undefined));
}

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** Also true of some strings, which costs time only. */
const mayHoldOddNumber = /(^|[:[,\s])(-|\d+[.eE])/;
const oddNumberAsNaN: Reviver = (_, value, { source }) =>
  typeof value === 'number' && /[.eE]|^-0$/.test(source ?? '') ? Number.NaN : value;

function parseWith(
  bytes: Uint8Array,
  reviverFor: (text: string) => Reviver | undefined,
): Result<unknown, string> {
  const body = utf8Text(bytes);
  if (body === undefined) return fail('the body is not UTF-8');
  const { deepest, end } = firstValue(body);
  if (deepest > jsonDepthMax) return fail(`the body is nested over ${jsonDepthMax} levels`);
  const text = body.slice(0, end);
  try {
    // TypeScript's library does not know the third argument of a reviver yet.
    return ok(JSON.parse(text, reviverFor(text) as Parameters<typeof JSON.parse>[1]));
  } catch (problem) {
    return fail(`the body is not JSON: ${complaint(problem)}`);
  }
}

/**
 * How deep the first list or object goes and where it ends; a scalar is not looked for and ends with the text. Brackets
 * within strings do not count. By hand: a regular expression runs out of stack on long strings.
 */
function firstValue(text: string): { readonly deepest: number; readonly end: number } {
  let [depth, deepest, inString] = [0, 0, false];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === 0x5c) at += 1;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) {
      inString = true;
    } else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      deepest = Math.max(deepest, depth);
    } else if (code === 0x5d || code === 0x7d) {
      depth -= 1;
      if (depth === 0) return { deepest, end: at + 1 };
    }
  }
  return { deepest, end: text.length };
}

/** What V8 says, without the piece of the body it quotes. */
function complaint(problem: unknown): string {
  const text = problem instanceof Error ? problem.message : 'unreadable';
  return text.replace(/,? *"[\s\S]*"\.* is not valid JSON$/, '').replace(/^(.{200}).*$/s, '$1…');
}
