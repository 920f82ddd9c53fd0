/** Number and character constants of templates → values, with Go's rules and oddities. */

import { fail, ok, type Result } from '../../base/result.ts';
import { complex128Type } from './go-type.ts';
import { ofFloat, ofInt, type Value } from './go-value.ts';
import { quote, unquoteOne } from './quote.ts';

const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;
const uint64Max = 2n ** 64n - 1n;

/**
 * The value is undefined where Go finds out only when it is used that the number is too large for an `int`; the error
 * is the text of a syntax error.
 */
export function parseNumber(text: string): Result<Value | undefined, string> {
  if (text.endsWith('i')) {
    const imaginary = parseFloating(text.slice(0, -1));
    if (imaginary !== undefined) return ok(complexValue(0, imaginary));
  }
  const whole = parseWhole(text);
  // Go looks for these letters before it looks for hexadecimal digits, but for `0x` at the very beginning.
  const isFraction = /[.eEpP]/.test(text) && !/^0[xX][^pP]+$/.test(text);
  const fraction = whole === undefined ? parseFloating(text) : Number(whole);
  if (fraction === undefined) return fail(`illegal number syntax: ${quote(text)}`);
  if (isFraction) return ok(ofFloat(fraction));
  if (whole === undefined) return fail(`integer overflow: ${quote(text)}`);
  return ok(whole > int64Max ? undefined : ofInt(whole));
}

/** `1+2i` */
export function parseComplex(text: string): Result<Value, string> {
  const split = /^(.*[^eEpP])([+-].*)i$/.exec(text);
  const [real, imaginary] = [parseFloating(split?.[1] ?? ''), parseFloating(split?.[2] ?? '')];
  if (real === undefined || imaginary === undefined)
    return fail('syntax error scanning complex number');
  return ok(complexValue(real, imaginary));
}

function complexValue(real: number, imaginary: number): Value {
  return { type: complex128Type, data: { real, imaginary } };
}

/** `'x'`: a number, as in Go. */
export function parseCharacter(text: string): Result<Value, string> {
  const one = unquoteOne(text, 1, "'");
  if (one === undefined) return fail('invalid syntax');
  if (text.slice(1 + one.length) !== "'") return fail(`malformed character constant: ${text}`);
  const code = one.code >= 0xd800 && one.code < 0xe000 ? 0xfffd : one.code;
  return ok(ofInt(code));
}

/** Decimal, `0x`, `0b`, `0o` and `0` for octal; underscores between digits. */
function parseWhole(text: string): bigint | undefined {
  const parts =
    /^([+-]?)(0[xX]_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*|0[bB]_?[01]+(?:_[01]+)*|0[oO]_?[0-7]+(?:_[0-7]+)*|0(?:_?[0-7]+)*|[1-9][0-9]*(?:_[0-9]+)*)$/.exec(
      text,
    );
  if (parts === null) return undefined;
  const digits = (parts[2] ?? '').replaceAll('_', '');
  const value = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  if (parts[1] === '-') return -value < int64Min ? undefined : -value;
  // A sign makes it no unsigned number, which could be larger.
  if (parts[1] === '+') return value > int64Max ? undefined : value;
  return value > uint64Max ? undefined : value;
}

function parseFloating(text: string): number | undefined {
  const digits = text.replaceAll(/(?<=[0-9a-fA-FxX])_(?=[0-9a-fA-F])/g, '');
  if (/^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/.test(digits)) {
    const value = Number(digits);
    return Number.isFinite(value) ? value : undefined;
  }
  const hex = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?[0-9]+)$/.exec(digits);
  if (hex === null) return undefined;
  const [, sign = '', whole = '', part = '', exponent = ''] = hex;
  if (whole + part === '') return undefined;
  const mantissa = Number(BigInt(`0x${whole}${part}`));
  const value = mantissa * 2 ** (Number(exponent) - 4 * part.length);
  return Number.isFinite(value) ? (sign === '-' ? -value : value) : undefined;
}
