/**
 * The methods that templates may call on what a machine holds: those of Go's `time.Time`, `time.Duration`,
 * `time.Month`, `time.Weekday` and `*time.Location` that give one value and change nothing.
 */

import { type Callable, type Parameter, refuse } from './callable.ts';
import { durationText, roundDuration, truncateDuration } from './duration.ts';
import {
  bytesType,
  durationType,
  intType,
  locationType,
  monthType,
  stringType,
  timeType,
  weekdayType,
} from './go-type.ts';
import { type Moment, ofBool, ofFloat, ofInt, ofInt64, ofString, type Value } from './go-value.ts';
import {
  addDate,
  addDuration,
  civil,
  compareMoments,
  dayNames,
  goStringOfMoment,
  isZero,
  locationName,
  monthNames,
  nanosecondsOf,
  rfc3339,
  roundMoment,
  subtract,
  textOfMoment,
  truncateMoment,
} from './moment.ts';
import { formatLayout } from './time-layout.ts';

/** Undefined when the type of `value` has no such method. */
export function methodOf(value: Value, name: string): Callable | undefined {
  const table = tables.get(value.type.name);
  const make = table !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
  return make?.(value);
}

type Table = Readonly<Record<string, (receiver: Value) => Callable>>;

const nothing = (give: (receiver: Value) => Value) => (receiver: Value) => ({
  takes: [],
  call: () => give(receiver),
});
const taking =
  (takes: readonly Parameter[], give: (receiver: Value, args: readonly Value[]) => Value) =>
  (receiver: Value): Callable => ({
    takes,
    call: (args) => give(receiver, args as readonly Value[]),
  });
const unusable = (text: string) => () => ({ takes: [], unusable: text, call: () => undefined });

const at = (value: Value): Moment => value.data as Moment;
const whole = (value: Value | undefined): bigint => (value?.data ?? 0n) as bigint;
const words = (value: Value | undefined): string => (value?.data ?? '') as string;
const time = (data: Moment): Value => ({ type: timeType, data });
const duration = (data: bigint): Value => ({ type: durationType, data: BigInt.asIntN(64, data) });
const bytes = (text: string): Value => ({
  type: bytesType,
  data: [...text].map((character) => ({
    type: bytesType.elem ?? intType,
    data: BigInt(character.charCodeAt(0)),
  })),
});
const part = (name: keyof ReturnType<typeof civil>) =>
  nothing((receiver) => ofInt(civil(at(receiver))[name]));

const timeMethods: Table = {
  Add: taking([durationType], (t, [d]) => time(addDuration(at(t), whole(d)))),
  AddDate: taking([intType, intType, intType], (t, [y, m, d]) =>
    time(addDate(at(t), whole(y), whole(m), whole(d))),
  ),
  After: taking([timeType], (t, [u]) => ofBool(compareMoments(at(t), at(u as Value)) > 0)),
  Before: taking([timeType], (t, [u]) => ofBool(compareMoments(at(t), at(u as Value)) < 0)),
  Equal: taking([timeType], (t, [u]) => ofBool(compareMoments(at(t), at(u as Value)) === 0)),
  Compare: taking([timeType], (t, [u]) => ofInt(compareMoments(at(t), at(u as Value)))),
  Sub: taking([timeType], (t, [u]) => duration(subtract(at(t), at(u as Value)))),
  Round: taking([durationType], (t, [d]) => time(roundMoment(at(t), whole(d)))),
  Truncate: taking([durationType], (t, [d]) => time(truncateMoment(at(t), whole(d)))),
  Format: taking([stringType], (t, [layout]) => ofString(formatLayout(at(t), words(layout)))),
  In: taking([locationType], (t, [location]) =>
    location?.data === undefined
      ? refuse('time: missing Location in call to Time.In')
      : time({ ...at(t), offset: Number(location.data) }),
  ),
  UTC: nothing((t) => time({ ...at(t), offset: 0 })),
  // The servers' own zone is UTC, wherever they stand.
  Local: nothing((t) => time({ ...at(t), offset: 0 })),
  Location: nothing((t) => ({ type: locationType, data: BigInt(at(t).offset) })),
  Year: part('year'),
  Month: nothing((t) => ({ type: monthType, data: BigInt(civil(at(t)).month) })),
  Day: part('day'),
  Hour: part('hour'),
  Minute: part('minute'),
  Second: part('second'),
  Nanosecond: nothing((t) => ofInt(at(t).nanoseconds)),
  YearDay: part('yearDay'),
  Weekday: nothing((t) => ({ type: weekdayType, data: BigInt(civil(at(t)).weekday) })),
  Unix: nothing((t) => ofInt64(at(t).seconds)),
  UnixMilli: nothing((t) => ofInt64(nanosecondsOf(at(t)) / 1_000_000n)),
  UnixMicro: nothing((t) => ofInt64(nanosecondsOf(at(t)) / 1000n)),
  UnixNano: nothing((t) => ofInt64(nanosecondsOf(at(t)))),
  IsZero: nothing((t) => ofBool(isZero(at(t)))),
  IsDST: nothing(() => ofBool(false)),
  String: nothing((t) => ofString(textOfMoment(at(t)))),
  GoString: nothing((t) => ofString(goStringOfMoment(at(t)))),
  MarshalText: nothing((t) => bytes(rfc3339(at(t)))),
  MarshalJSON: nothing((t) => bytes(`"${rfc3339(at(t))}"`)),
  Date: unusable('function Date has 3 return values; should be 1 or 2'),
  Clock: unusable('function Clock has 3 return values; should be 1 or 2'),
  ISOWeek: unusable(secondResult('ISOWeek', 'int')),
  Zone: unusable(secondResult('Zone', 'int')),
  ZoneBounds: unusable(secondResult('ZoneBounds', 'time.Time')),
};

function secondResult(name: string, type: string): string {
  return `invalid function signature for ${name}: second return value should be error; is ${type}`;
}

const fraction = (unit: bigint) =>
  nothing((d) => {
    const data = whole(d);
    return ofFloat(Number(data / unit) + Number(data % unit) / Number(unit));
  });
const count = (unit: bigint) => nothing((d) => ofInt64(whole(d) / unit));

const durationMethods: Table = {
  Abs: nothing((d) => duration(whole(d) < 0n ? -whole(d) : whole(d))),
  Hours: fraction(3_600_000_000_000n),
  Minutes: fraction(60_000_000_000n),
  Seconds: fraction(1_000_000_000n),
  Milliseconds: count(1_000_000n),
  Microseconds: count(1000n),
  Nanoseconds: count(1n),
  Round: taking([durationType], (d, [m]) => duration(roundDuration(whole(d), whole(m)))),
  Truncate: taking([durationType], (d, [m]) => duration(truncateDuration(whole(d), whole(m)))),
  String: nothing((d) => ofString(durationText(whole(d)))),
};

const tables: ReadonlyMap<string, Table> = new Map<string, Table>([
  [timeType.name, timeMethods],
  [durationType.name, durationMethods],
  [monthType.name, { String: nothing((value) => ofString(textOf(value) ?? '')) }],
  [weekdayType.name, { String: nothing((value) => ofString(textOf(value) ?? '')) }],
  [locationType.name, { String: nothing((value) => ofString(textOf(value) ?? '')) }],
]);

/** What the value's own `String` method gives, which is how Go prints it; undefined when it has none. */
export function textOf(value: Value): string | undefined {
  switch (value.type.name) {
    case timeType.name:
      return textOfMoment(at(value));
    case durationType.name:
      return durationText(whole(value));
    case monthType.name: {
      const month = Number(whole(value));
      return monthNames[month - 1] ?? `%!Month(${BigInt.asUintN(64, BigInt(month))})`;
    }
    case weekdayType.name:
      return dayNames[Number(whole(value))] ?? `%!Weekday(${whole(value)})`;
    case locationType.name:
      return locationName(Number(whole(value)));
    default:
      return undefined;
  }
}
