/** Go's `fmt.Sprintf`, `Sprint` and `Sprintln` over template values. */

import {
  formatFloat,
  formatValue,
  type GoValue,
  isList,
  isMap,
  isStruct,
  isTime,
  typeName,
} from './go-value.ts';

/** A width or precision beyond this is answered as Go does, with a bad-width mark: nobody pads a gigabyte. */
const widthMax = 1_000_000;

type Spec = {
  readonly flags: string;
  readonly width: number | undefined;
  readonly precision: number | undefined;
  readonly verb: string;
};

export function sprintf(format: string, args: readonly GoValue[]): string {
  let used = 0;
  let reordered = false;
  const take = (): { found: boolean; value: GoValue } => {
    const found = used < args.length;
    const value = args[used];
    used += 1;
    return { found, value };
  };
  const text = format.replace(
    /%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d+)?)?(\[\d+\])?([\s\S])?/gu,
    (
      whole: string,
      flags: string,
      widthText?: string,
      precisionText?: string,
      index?: string,
      verb?: string,
    ) => {
      if (verb === undefined) return '%!(NOVERB)';
      if (verb === '%') return '%';
      if (index !== undefined) {
        used = Number(index.slice(1, -1)) - 1;
        reordered = true;
      }
      const number = (part: string | undefined): number | undefined => {
        const value =
          part === '*'
            ? Number(take().value ?? Number.NaN)
            : part === undefined
              ? undefined
              : Number(part);
        return value;
      };
      const width = number(widthText);
      const hasPoint = whole.includes('.');
      const precision = number(precisionText) ?? (hasPoint ? 0 : undefined);
      if (width !== undefined && !(Math.abs(width) <= widthMax)) return '%!(BADWIDTH)';
      if (precision !== undefined && !(precision >= 0 && precision <= widthMax))
        return '%!(BADPREC)';
      const { found, value } = take();
      if (!found)
        return `%!${verb}(${index === undefined ? '' : 'BADINDEX'}${index === undefined ? 'MISSING' : ''})`;
      const leftward = width !== undefined && width < 0 ? `${flags}-` : flags;
      return formatOne(
        {
          flags: leftward,
          width: width === undefined ? undefined : Math.abs(width),
          precision,
          verb,
        },
        value,
      );
    },
  );
  if (reordered || used >= args.length) return text;
  const extra = args
    .slice(used)
    .map((value) => (value === undefined ? '<nil>' : `${typeName(value)}=${formatValue(value)}`));
  return `${text}%!(EXTRA ${extra.join(', ')})`;
}

/** Operands side by side; a space between two neighbours when neither is text. */
export function sprint(args: readonly GoValue[]): string {
  return args
    .map((value, at) => {
      const gap =
        at > 0 && typeof value !== 'string' && typeof args[at - 1] !== 'string' ? ' ' : '';
      return gap + formatValue(value);
    })
    .join('');
}

export function sprintln(args: readonly GoValue[]): string {
  return `${args.map(formatValue).join(' ')}\n`;
}

function formatOne(spec: Spec, value: GoValue): string {
  const { verb } = spec;
  if (verb === 'T') return pad(spec, value === undefined ? '<nil>' : typeName(value));
  if (value === undefined) return pad(spec, verb === 'v' ? '<nil>' : `%!${verb}(<nil>)`);
  if (isList(value)) return `[${value.map((item) => formatOne(spec, item)).join(' ')}]`;
  if (isMap(value)) {
    const names = [...value.entries.keys()].sort();
    const inner = names.map(
      (name) => `${formatOne(spec, name)}:${formatOne(spec, value.entries.get(name))}`,
    );
    return `map[${inner.join(' ')}]`;
  }
  if (isStruct(value)) {
    const inner = [...value.fields].map(
      ([name, field]) => `${spec.flags.includes('+') ? `${name}:` : ''}${formatOne(spec, field)}`,
    );
    return `{${inner.join(' ')}}`;
  }
  const scalar = isTime(value) ? formatValue(value) : value;
  if (typeof scalar === 'string') return formatText(spec, scalar);
  if (typeof scalar === 'boolean')
    return verb === 't' || verb === 'v' ? pad(spec, String(scalar)) : bad(spec, scalar);
  if (typeof scalar === 'bigint') return formatInteger(spec, scalar);
  return formatFraction(spec, scalar);
}

function formatText(spec: Spec, value: string): string {
  const cut = spec.precision === undefined ? value : [...value].slice(0, spec.precision).join('');
  switch (spec.verb) {
    case 's':
    case 'v':
      return pad(spec, spec.verb === 'v' && spec.flags.includes('#') ? quote(cut) : cut);
    case 'q':
      return pad(spec, spec.flags.includes('#') && !cut.includes('`') ? `\`${cut}\`` : quote(cut));
    case 'x':
    case 'X': {
      const bytes = [...new TextEncoder().encode(cut)].map((octet) =>
        octet.toString(16).padStart(2, '0'),
      );
      const hex =
        (spec.flags.includes('#') && bytes.length > 0 ? '0x' : '') +
        bytes.join(spec.flags.includes(' ') ? ' ' : '');
      return pad(spec, spec.verb === 'X' ? hex.toUpperCase() : hex);
    }
    default:
      return bad(spec, value);
  }
}

const radixes: Readonly<Record<string, readonly [radix: number, prefix: string]>> = {
  d: [10, ''],
  v: [10, ''],
  b: [2, '0b'],
  o: [8, '0'],
  O: [8, '0o'],
  x: [16, '0x'],
  X: [16, '0X'],
};

function formatInteger(spec: Spec, value: bigint): string {
  if (spec.verb === 'c') return pad(spec, String.fromCodePoint(Number(BigInt.asUintN(21, value))));
  if (spec.verb === 'q')
    return pad(spec, `'${String.fromCodePoint(Number(BigInt.asUintN(21, value)))}'`);
  if (spec.verb === 'U') return pad(spec, `U+${value.toString(16).toUpperCase().padStart(4, '0')}`);
  const radix = radixes[spec.verb];
  if (radix === undefined) return bad(spec, value);
  const magnitude = value < 0n ? -value : value;
  const raw = magnitude.toString(radix[0]).padStart(spec.precision ?? 0, '0');
  const digits = spec.verb === 'X' ? raw.toUpperCase() : raw;
  const prefix = spec.flags.includes('#') || spec.verb === 'O' ? radix[1] : '';
  return padNumber(spec, sign(spec, value < 0n), prefix + digits, spec.precision === undefined);
}

function formatFraction(spec: Spec, value: number): string {
  const negative = value < 0 || Object.is(value, -0);
  const magnitude = Math.abs(value);
  const digits = fraction(spec, magnitude);
  if (digits === undefined) return bad(spec, value);
  const finite = Number.isFinite(value);
  return padNumber(
    spec,
    Number.isNaN(value) ? '' : sign(spec, negative) || (finite ? '' : '+'),
    digits,
    finite,
  );
}

function fraction({ verb, precision }: Spec, magnitude: number): string | undefined {
  if (!Number.isFinite(magnitude)) return Number.isNaN(magnitude) ? 'NaN' : 'Inf';
  switch (verb) {
    case 'v':
      return precision === undefined ? formatFloat(magnitude) : general(magnitude, precision);
    case 'f':
    case 'F':
      return magnitude < 1e21
        ? magnitude.toFixed(Math.min(precision ?? 6, 100))
        : BigInt(magnitude).toString();
    case 'e':
    case 'E': {
      const text = twoDigitExponent(magnitude.toExponential(Math.min(precision ?? 6, 100)));
      return verb === 'E' ? text.toUpperCase() : text;
    }
    case 'g':
    case 'G': {
      const text = precision === undefined ? formatFloat(magnitude) : general(magnitude, precision);
      return verb === 'G' ? text.toUpperCase() : text;
    }
    default:
      return undefined;
  }
}

/** `%.Ng`: N significant digits, trailing zeros dropped. */
function general(magnitude: number, precision: number): string {
  const digits = Math.min(Math.max(precision, 1), 100);
  const [mantissa = '', exponent = '0'] = magnitude.toExponential(digits - 1).split('e');
  const scale = Number(exponent);
  const trim = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);
  if (scale < -4 || scale >= digits) return twoDigitExponent(`${trim(mantissa)}e${exponent}`);
  return trim(magnitude.toFixed(Math.max(digits - 1 - scale, 0)));
}

function twoDigitExponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

function sign(spec: Spec, negative: boolean): string {
  return negative ? '-' : spec.flags.includes('+') ? '+' : spec.flags.includes(' ') ? ' ' : '';
}

function padNumber(spec: Spec, signText: string, digits: string, zeroAllowed: boolean): string {
  const zero = spec.flags.includes('0') && !spec.flags.includes('-') && zeroAllowed;
  if (!zero) return pad(spec, signText + digits);
  return signText + digits.padStart((spec.width ?? 0) - signText.length, '0');
}

function pad(spec: Spec, text: string): string {
  const missing = (spec.width ?? 0) - [...text].length;
  if (missing <= 0) return text;
  return spec.flags.includes('-') ? text + ' '.repeat(missing) : ' '.repeat(missing) + text;
}

function bad(spec: Spec, value: GoValue): string {
  return `%!${spec.verb}(${typeName(value)}=${formatValue(value)})`;
}

function quote(text: string): string {
  const inner = [...text].map((character) => {
    const named = quoted.get(character);
    if (named !== undefined) return named;
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, '0')}`;
    return character;
  });
  return `"${inner.join('')}"`;
}

const quoted: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
]);
