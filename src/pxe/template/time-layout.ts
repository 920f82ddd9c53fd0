/** Go's reference layout for `Format`: Mon Jan 2 15:04:05 -0700 MST 2006. */

import type { Moment } from './go-value.ts';
import { type Civil, civil, dayNames, monthNames, offsetText, yearText } from './moment.ts';

const pattern =
  /2006|January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|Z070000|Z07:00:00|Z07:00|Z0700|Z07|-070000|-07:00:00|-07:00|-0700|-07|[.,]0+(?![0-9])|[.,]9+(?![0-9])|0[1-6]|002|15|PM|pm|__2|_2006|_2|[1-5]/g;

export function formatLayout(moment: Moment, layout: string): string {
  const now = civil(moment);
  return layout.replace(pattern, (piece) => {
    if (/^[.,]/.test(piece)) return fraction(moment, piece);
    if (/^[Z-]/.test(piece)) return zone(moment.offset, piece);
    return pieces[piece]?.(now, moment) ?? piece;
  });
}

function fraction(moment: Moment, piece: string): string {
  const digits = String(moment.nanoseconds)
    .padStart(9, '0')
    .slice(0, piece.length - 1);
  const kept = piece[1] === '9' ? digits.replace(/0+$/, '') : digits.padEnd(piece.length - 1, '0');
  return kept === '' ? '' : `${piece[0]}${kept}`;
}

function zone(offset: number, piece: string): string {
  if (piece.startsWith('Z') && offset === 0) return 'Z';
  const colon = piece.includes(':') ? ':' : '';
  const text = offsetText(offset, colon);
  const digits = piece.replaceAll(/\D/g, '').length;
  if (digits === 2) return text.slice(0, 3);
  return digits === 6 ? `${text}${colon}00` : text;
}

const two = (value: number): string => String(value).padStart(2, '0');
const hour12 = ({ hour }: Civil): number => (hour % 12 === 0 ? 12 : hour % 12);

const pieces: Readonly<Record<string, (now: Civil, moment: Moment) => string>> = {
  '2006': ({ year }) => yearText(year),
  _2006: ({ year }) => `_${yearText(year)}`,
  January: ({ month }) => monthNames[month - 1] ?? '',
  Jan: ({ month }) => (monthNames[month - 1] ?? '').slice(0, 3),
  Monday: ({ weekday }) => dayNames[weekday] ?? '',
  Mon: ({ weekday }) => (dayNames[weekday] ?? '').slice(0, 3),
  MST: (_, { offset }) => (offset === 0 ? 'UTC' : offsetText(offset, '')),
  '01': ({ month }) => two(month),
  '02': ({ day }) => two(day),
  '03': (now) => two(hour12(now)),
  '04': ({ minute }) => two(minute),
  '05': ({ second }) => two(second),
  '06': ({ year }) => two(Math.abs(year) % 100),
  '002': ({ yearDay }) => String(yearDay).padStart(3, '0'),
  '15': ({ hour }) => two(hour),
  PM: ({ hour }) => (hour >= 12 ? 'PM' : 'AM'),
  pm: ({ hour }) => (hour >= 12 ? 'pm' : 'am'),
  _2: ({ day }) => String(day).padStart(2),
  __2: ({ yearDay }) => String(yearDay).padStart(3),
  '1': ({ month }) => String(month),
  '2': ({ day }) => String(day),
  '3': (now) => String(hour12(now)),
  '4': ({ minute }) => String(minute),
  '5': ({ second }) => String(second),
};
