/** JSON as strangers send it. */

import { fail, ok, type Result } from '../base/result.ts';
import { utf8Text } from './exchange.ts';

/** Nothing we take is deeper than an Ignition document; functions that walk a value call themselves per level. */
export const jsonDepthMax = 100;

/** The error says what is wrong with the text; no part of it is repeated. */
export function parseJson(bytes: Uint8Array): Result<unknown, string> {
  const text = utf8Text(bytes);
  if (text === undefined) return fail('the body is not UTF-8');
  if (depthOf(text) > jsonDepthMax) return fail(`the body is nested over ${jsonDepthMax} levels`);
  try {
    return ok(JSON.parse(text));
  } catch (problem) {
    return fail(`the body is not JSON: ${complaint(problem)}`);
  }
}

/** Brackets within strings do not count. By hand: a regular expression runs out of stack on long strings. */
function depthOf(text: string): number {
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
    }
  }
  return deepest;
}

/** What V8 says, without the piece of the body it quotes. */
function complaint(problem: unknown): string {
  const text = problem instanceof Error ? problem.message : 'unreadable';
  return text.replace(/,? *"[\s\S]*"\.* is not valid JSON$/, '').replace(/^(.{200}).*$/s, '$1…');
}
