/** float64 → text exactly as Go's strconv writes it: correctly rounded to any number of digits, halves to even. */

/** `%e`, `%f`, `%g`, `%x` and `%b`; `precision` undefined: as many digits as it takes to read the same value back. */
export function floatText(value: number, verb: string, precision: number | undefined): string {
  if (Number.isNaN(value)) return 'NaN';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const size = Math.abs(value);
  if (size === Number.POSITIVE_INFINITY) return sign === '-' ? '-Inf' : '+Inf';
  return sign + magnitude(size, verb, precision);
}

/** `digits` with the point before the digit at `point`: 0.digits times ten to the point. */
type Decimal = { readonly digits: string; readonly point: number };

function magnitude(size: number, verb: string, precision: number | undefined): string {
  switch (verb) {
    case 'e':
    case 'E': {
      const decimal =
        precision === undefined ? shortest(size) : rounded(exact(size), precision + 1);
      const fraction = precision ?? Math.max(decimal.digits.length - 1, 0);
      return scientific(decimal, fraction, verb);
    }
    case 'f': {
      const given = precision === undefined ? shortest(size) : exact(size);
      const decimal = precision === undefined ? given : rounded(given, given.point + precision);
      return plain(decimal, precision ?? Math.max(decimal.digits.length - decimal.point, 0));
    }
    case 'x':
    case 'X': {
      const text = hexadecimal(size, precision);
      return verb === 'X' ? text.toUpperCase() : text;
    }
    case 'b':
      return binary(size);
    default:
      return general(size, verb === 'G' ? 'E' : 'e', precision);
  }
}

/** An exponent below −4 and from the precision on; for the shortest form from 6 on, so a million is `1e+06`. */
const shortestPrecision = 6;

function general(size: number, letter: string, precision: number | undefined): string {
  const wanted = precision === 0 ? 1 : precision;
  const decimal = wanted === undefined ? shortest(size) : rounded(exact(size), wanted);
  const { digits, point } = trimmed(decimal);
  const limit =
    wanted === undefined
      ? shortestPrecision
      : wanted > digits.length && digits.length >= point
        ? digits.length
        : wanted;
  const exponent = digits === '' ? 0 : point - 1;
  if (exponent < -4 || exponent >= Math.max(limit, digits === '' ? 1 : 0)) {
    return scientific({ digits, point }, Math.max(digits.length - 1, 0), letter);
  }
  return plain({ digits, point }, Math.max(digits.length - point, 0));
}

function scientific({ digits, point }: Decimal, fraction: number, letter: string): string {
  const exponent = digits.replace(/0/g, '') === '' ? 0 : point - 1;
  const padded = digits.padEnd(fraction + 1, '0');
  const tail = fraction > 0 ? `.${padded.slice(1, fraction + 1)}` : '';
  const power = String(Math.abs(exponent)).padStart(2, '0');
  return `${padded[0]}${tail}${letter}${exponent < 0 ? '-' : '+'}${power}`;
}

function plain({ digits, point }: Decimal, fraction: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  if (fraction <= 0) return whole === '' ? '0' : whole;
  const zeros = '0'.repeat(Math.min(Math.max(-point, 0), fraction));
  const tail = (zeros + digits.slice(Math.max(point, 0))).padEnd(fraction, '0').slice(0, fraction);
  return `${whole === '' ? '0' : whole}.${tail}`;
}

function trimmed({ digits, point }: Decimal): Decimal {
  const kept = digits.replace(/0+$/, '');
  return { digits: kept, point: kept === '' ? 0 : point };
}

function shortest(size: number): Decimal {
  if (size === 0) return { digits: '', point: 0 };
  const [mantissa = '', exponent = '0'] = size.toExponential().split('e');
  return { digits: mantissa.replace('.', ''), point: Number(exponent) + 1 };
}

/** Every float64 is a whole number over a power of two, so it has finitely many decimal digits. */
function exact(size: number): Decimal {
  if (size === 0) return { digits: '', point: 0 };
  const { mantissa, exponent } = parts(size);
  const text =
    exponent >= 0
      ? (mantissa << BigInt(exponent)).toString()
      : (mantissa * 5n ** BigInt(-exponent)).toString();
  const point = exponent >= 0 ? text.length : text.length + exponent;
  return trimmed({ digits: text, point });
}

function rounded({ digits, point }: Decimal, count: number): Decimal {
  if (count >= digits.length) return { digits, point };
  if (count < 0) return { digits: '', point: 0 };
  const kept = digits.slice(0, count);
  const rest = digits.slice(count);
  const half = `5${'0'.repeat(rest.length - 1)}`;
  const isOdd = count > 0 && Number(kept.at(-1)) % 2 === 1;
  const isUp = rest > half || (rest === half && isOdd);
  if (!isUp) return count === 0 ? { digits: '', point: 0 } : { digits: kept, point };
  const raised = (BigInt(kept === '' ? '0' : kept) + 1n).toString().padStart(kept.length, '0');
  return { digits: raised, point: point + raised.length - kept.length };
}

/** size = mantissa × 2^exponent */
function parts(size: number): { mantissa: bigint; exponent: number } {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, size);
  const raw = bits.getBigUint64(0);
  const biased = Number((raw >> 52n) & 0x7ffn);
  const fraction = raw & 0xfffffffffffffn;
  if (biased === 0) return { mantissa: fraction, exponent: -1074 };
  return { mantissa: fraction | (1n << 52n), exponent: biased - 1075 };
}

function binary(size: number): string {
  const { mantissa, exponent } = parts(size);
  return `${mantissa}p${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
}

/** `0x1.8p+00` */
function hexadecimal(size: number, precision: number | undefined): string {
  let { mantissa, exponent } = parts(size);
  if (mantissa === 0n) {
    const zeros = precision === undefined || precision === 0 ? '' : `.${'0'.repeat(precision)}`;
    return `0x0${zeros}p+00`;
  }
  while (mantissa < 1n << 52n) {
    mantissa <<= 1n;
    exponent -= 1;
  }
  if (precision !== undefined && precision < 13) {
    const drop = BigInt(52 - precision * 4);
    const rest = mantissa & ((1n << drop) - 1n);
    const half = 1n << (drop - 1n);
    let kept = mantissa >> drop;
    if (rest > half || (rest === half && (kept & 1n) === 1n)) kept += 1n;
    mantissa = kept << drop;
    if (mantissa >= 1n << 53n) {
      mantissa >>= 1n;
      exponent += 1;
    }
  }
  const power = exponent + 52;
  const digits = (mantissa & ((1n << 52n) - 1n)).toString(16).padStart(13, '0');
  const tail =
    precision === undefined
      ? digits.replace(/0+$/, '')
      : digits.padEnd(precision, '0').slice(0, precision);
  const powerText = String(Math.abs(power)).padStart(2, '0');
  return `0x1${tail === '' ? '' : `.${tail}`}p${power < 0 ? '-' : '+'}${powerText}`;
}
