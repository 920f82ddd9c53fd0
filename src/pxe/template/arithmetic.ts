/** `add`, `sub`, `mul`, `div` of Sabakan 3.1.9. */

import { refuse } from './callable.ts';
import { type MaybeValue, ofFloat, ofInt64, type Value } from './go-value.ts';

export type Arithmetic = 'add' | 'sub' | 'mul' | 'div';

/** Two whole numbers give a 64-bit whole number; any fraction makes it a float. */
export function arithmetic(name: Arithmetic, a: MaybeValue, b: MaybeValue): Value {
  const [x, y] = [wholeOf(a), wholeOf(b)];
  if (x !== undefined && y !== undefined) {
    if (name === 'div' && y === 0n) refuse('zero division');
    const results = { add: () => x + y, sub: () => x - y, mul: () => x * y, div: () => x / y };
    return ofInt64(results[name]());
  }
  const [v, w] = [numberOf(a), numberOf(b)];
  if (v === undefined || w === undefined) return refuse('not a float');
  if (name === 'div' && w === 0) refuse('zero division');
  const results = { add: () => v + w, sub: () => v - w, mul: () => v * w, div: () => v / w };
  return ofFloat(results[name]());
}

const wholeTypes: ReadonlySet<string> = new Set(['int', 'int64', 'uint', 'uint8']);

/** Types with a name of their own, such as time.Duration, are no numbers to these functions. */
function wholeOf(value: MaybeValue): bigint | undefined {
  if (value === undefined || !wholeTypes.has(value.type.name)) return undefined;
  return BigInt.asIntN(64, value.data as bigint);
}

function numberOf(value: MaybeValue): number | undefined {
  if (value?.type.name === 'float64') return value.data as number;
  const whole = wholeOf(value);
  return whole === undefined ? undefined : Number(whole);
}
