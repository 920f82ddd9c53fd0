/** The methods of Go's `time.Time` that templates call on `.Spec.RegisterDate` and the like. */

import { instantOf, type Rfc3339 } from '../../base/time.ts';
import { formatTime, type GoTime, type GoValue } from './go-value.ts';

type Parts = {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** Nine digits. */
  readonly fraction: string;
  /** `Z` or `+09:00`. */
  readonly offset: string;
};

const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const dayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** What a method gives, or undefined when templates cannot call one of this name. */
export function timeMethod(
  time: GoTime,
  name: string,
  args: readonly GoValue[],
): { readonly value: GoValue } | undefined {
  const parts = partsOf(time.text);
  switch (name) {
    case 'Year':
      return { value: BigInt(parts.year) };
    case 'Month':
      return { value: monthNames[parts.month - 1] };
    case 'Day':
      return { value: BigInt(parts.day) };
    case 'Hour':
      return { value: BigInt(parts.hour) };
    case 'Minute':
      return { value: BigInt(parts.minute) };
    case 'Second':
      return { value: BigInt(parts.second) };
    case 'Unix':
      return { value: BigInt(Math.floor(instantOf(time.text) / 1000)) };
    case 'String':
      return { value: formatTime(time.text) };
    case 'Format':
      return typeof args[0] === 'string' ? { value: formatLayout(parts, args[0]) } : undefined;
    default:
      return undefined;
  }
}

/** Go's reference layout: Mon Jan 2 15:04:05 -0700 2006. */
function formatLayout(parts: Parts, layout: string): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const hour12 = parts.hour % 12 === 0 ? 12 : parts.hour % 12;
  const weekday =
    dayNames[new Date(Date.UTC(parts.year, parts.month - 1, parts.day)).getUTCDay()] ?? '';
  const month = monthNames[parts.month - 1] ?? '';
  const isUtc = parts.offset === 'Z' || parts.offset === '+00:00';
  const numeric = isUtc ? '+00:00' : parts.offset;
  const pieces: Readonly<Record<string, () => string>> = {
    '2006': () => String(parts.year).padStart(4, '0'),
    January: () => month,
    Jan: () => month.slice(0, 3),
    Monday: () => weekday,
    Mon: () => weekday.slice(0, 3),
    MST: () => (isUtc ? 'UTC' : numeric.replace(':', '')),
    'Z07:00': () => (isUtc ? 'Z' : numeric),
    Z0700: () => (isUtc ? 'Z' : numeric.replace(':', '')),
    '-07:00': () => numeric,
    '-0700': () => numeric.replace(':', ''),
    '01': () => two(parts.month),
    '02': () => two(parts.day),
    '03': () => two(hour12),
    '04': () => two(parts.minute),
    '05': () => two(parts.second),
    '06': () => two(parts.year % 100),
    '15': () => two(parts.hour),
    PM: () => (parts.hour >= 12 ? 'PM' : 'AM'),
    pm: () => (parts.hour >= 12 ? 'pm' : 'am'),
    _2: () => String(parts.day).padStart(2),
    '1': () => String(parts.month),
    '2': () => String(parts.day),
    '3': () => String(hour12),
    '4': () => String(parts.minute),
    '5': () => String(parts.second),
  };
  return layout.replace(
    /2006|January|Jan|Monday|Mon|MST|Z07:00|Z0700|-07:00|-0700|[.,]0+(?!\d)|[.,]9+(?!\d)|0[1-6]|15|PM|pm|_2|[1-5]/g,
    (piece) => {
      if (!/^[.,]/.test(piece)) return pieces[piece]?.() ?? piece;
      const digits = parts.fraction.slice(0, piece.length - 1);
      const kept = piece[1] === '9' ? digits.replace(/0+$/, '') : digits;
      return kept === '' ? '' : `${piece[0]}${kept}`;
    },
  );
}

function partsOf(text: Rfc3339): Parts {
  const found = /^(\d+)-(\d+)-(\d+)[Tt](\d+):(\d+):(\d+)(?:\.(\d+))?(.*)$/.exec(text) ?? [];
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = found
    .slice(1, 7)
    .map(Number);
  const offset = (found[8] ?? 'Z').toUpperCase();
  return {
    year,
    month,
    day,
    hour,
    minute,
    second,
    fraction: (found[7] ?? '').padEnd(9, '0'),
    offset,
  };
}
