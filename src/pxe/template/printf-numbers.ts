/** Numbers under the verbs of Go's `fmt`. */

import { floatText } from './float-text.ts';
import { isSigned } from './go-type.ts';
import type { Complex, Value } from './go-value.ts';
import { isPrint, quoteCharacter } from './quote.ts';

export type Spec = {
  readonly minus: boolean;
  readonly plus: boolean;
  readonly sharp: boolean;
  readonly space: boolean;
  readonly zero: boolean;
  /** `%+v`: structs with the names of their fields. */
  readonly plusV: boolean;
  /** `%#v`: as Go source. */
  readonly sharpV: boolean;
  readonly width: number | undefined;
  readonly precision: number | undefined;
};

const radixes: Readonly<Record<string, readonly [radix: number, prefix: string]>> = {
  d: [10, ''],
  v: [10, ''],
  b: [2, '0b'],
  o: [8, '0'],
  O: [8, ''],
  x: [16, '0x'],
  X: [16, '0X'],
};

/** Undefined when the verb is not one of whole numbers. */
export function integerVerb(spec: Spec, value: Value, verb: string): string | undefined {
  const number = value.data as bigint;
  if (verb === 'c' || verb === 'q' || verb === 'U') return characterVerb(spec, number, verb);
  const sourceHex = verb === 'v' && spec.sharpV && !isSigned(value.type.kind);
  const radix = sourceHex ? radixes['x'] : radixes[verb];
  if (radix === undefined) return undefined;
  const isNegative = number < 0n;
  const sign = isNegative ? '-' : spec.plus ? '+' : spec.space ? ' ' : '';
  let least = spec.precision;
  if (least === 0 && number === 0n) return ' '.repeat(spec.width ?? 0);
  if (least === undefined && spec.zero && !spec.minus && spec.width !== undefined) {
    least = spec.width - (sign === '' ? 0 : 1);
  }
  const size = isNegative ? -number : number;
  let digits = size.toString(radix[0]).padStart(Math.max(least ?? 0, 0), '0');
  if (verb === 'X') digits = digits.toUpperCase();
  const isMarked = spec.sharp || sourceHex;
  const prefix =
    isMarked && !(radix[0] === 8 && digits.startsWith('0')) ? octalOr(radix, verb) : '';
  return padSpaces(spec, sign + (verb === 'O' ? '0o' : '') + prefix + digits);
}

function octalOr([, prefix]: readonly [number, string], verb: string): string {
  return verb === 'O' ? '0' : prefix;
}

const characterMax = 0x10ffff;

function characterVerb(spec: Spec, number: bigint, verb: string): string {
  const size = BigInt.asUintN(64, number);
  const isValid = size <= BigInt(characterMax) && !(size >= 0xd800n && size < 0xe000n);
  const code = isValid ? Number(size) : 0xfffd;
  if (verb === 'c') return pad(spec, String.fromCodePoint(code));
  if (verb === 'q') return pad(spec, quoteCharacter(code, spec.plus));
  const digits = size
    .toString(16)
    .toUpperCase()
    .padStart(Math.max(spec.precision ?? 4, 4), '0');
  const character = size <= BigInt(characterMax) ? String.fromCodePoint(Number(size)) : '';
  const shown = spec.sharp && isPrint(character) ? ` '${character}'` : '';
  return padSpaces(spec, `U+${digits}${shown}`);
}

const floatPrecisions: Readonly<Record<string, number | undefined>> = { e: 6, E: 6, f: 6, F: 6 };

export function floatVerb(spec: Spec, value: number, verb: string): string | undefined {
  if (!'vbgGxXfFeE'.includes(verb)) return undefined;
  const form = verb === 'v' ? 'g' : verb === 'F' ? 'f' : verb;
  const text = floatText(value, form, spec.precision ?? floatPrecisions[verb]);
  const hasSign = /^[+-]/.test(text);
  const sign = hasSign ? text.slice(0, 1) : '+';
  const bare = hasSign ? text.slice(1) : text;
  const shownSign = sign === '+' && spec.space && !spec.plus ? ' ' : sign;
  if (bare === 'Inf' || bare === 'NaN') {
    const isMarked = bare === 'Inf' || spec.space || spec.plus;
    return padSpaces(spec, (isMarked ? shownSign : '') + bare);
  }
  const digits = spec.sharp && form !== 'b' ? withPoint(bare, form, spec.precision) : bare;
  const isSigned = spec.plus || shownSign !== '+';
  if (!isSigned) return pad(spec, digits);
  if (spec.zero && !spec.minus) {
    return shownSign + digits.padStart((spec.width ?? 0) - 1, '0');
  }
  return pad(spec, shownSign + digits);
}

/** `#`: a decimal point always, and for `%g` and `%x` trailing zeros. */
function withPoint(text: string, form: string, precision: number | undefined): string {
  const [, mantissa = '', tail = ''] = /^(0[xX][^pP]*|[^eE]*)(.*)$/.exec(text) ?? [];
  const point = mantissa.includes('.') ? '' : '.';
  if (!'gGx'.includes(form)) return mantissa + point + tail;
  // The `x` of a hexadecimal form counts as a digit, in Go as well.
  const shown = mantissa.replace('.', '').replace(/^0+/, '').length;
  const wanted = precision ?? 6;
  const digits = form === 'x' ? shown : Math.max(shown, 1);
  const missing = (wanted === 0 && form !== 'x' ? 1 : wanted) - digits;
  return mantissa + point + '0'.repeat(Math.max(missing, 0)) + tail;
}

export function complexVerb(
  spec: Spec,
  { real, imaginary }: Complex,
  verb: string,
): string | undefined {
  if (!'vbgGxXfFeE'.includes(verb)) return undefined;
  const first = floatVerb(spec, real, verb);
  const second = floatVerb({ ...spec, plus: true }, imaginary, verb);
  return `(${first}${second}i)`;
}

/** Zeros only to the left. */
export function pad(spec: Spec, text: string): string {
  const missing = (spec.width ?? 0) - [...text].length;
  if (missing <= 0) return text;
  if (spec.minus) return text + ' '.repeat(missing);
  return (spec.zero ? '0' : ' ').repeat(missing) + text;
}

function padSpaces(spec: Spec, text: string): string {
  return pad({ ...spec, zero: false }, text);
}
