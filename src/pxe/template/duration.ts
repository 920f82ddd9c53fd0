/** Go's `time.Duration`: nanoseconds in 64 bits. */

const second = 1_000_000_000n;
const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;

/** `1h2m3.5s`, `1.5µs`, `0s` */
export function durationText(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s';
  const sign = nanoseconds < 0n ? '-' : '';
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  if (size < 1000n) return `${sign}${size}ns`;
  if (size < 1_000_000n) return `${sign}${decimal(size, 3)}µs`;
  if (size < second) return `${sign}${decimal(size, 6)}ms`;
  const minutes = size / (60n * second);
  const hours = minutes / 60n;
  const large = hours > 0n ? `${hours}h${minutes % 60n}m` : minutes > 0n ? `${minutes}m` : '';
  return `${sign}${large}${decimal(size % (60n * second), 9)}s`;
}

/** `size` over ten to the `digits`, without trailing zeros. */
function decimal(size: bigint, digits: number): string {
  const scale = 10n ** BigInt(digits);
  const fraction = (size % scale).toString().padStart(digits, '0').replace(/0+$/, '');
  return `${size / scale}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Towards zero, to a multiple of `unit`. */
export function truncateDuration(nanoseconds: bigint, unit: bigint): bigint {
  return unit <= 0n ? nanoseconds : nanoseconds - (nanoseconds % unit);
}

/** To the nearest multiple of `unit`, halves away from zero. */
export function roundDuration(nanoseconds: bigint, unit: bigint): bigint {
  if (unit <= 0n) return nanoseconds;
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const rest = size % unit;
  const rounded = rest * 2n < unit ? size - rest : size + unit - rest;
  return saturate(nanoseconds < 0n ? -rounded : rounded);
}

export function saturate(nanoseconds: bigint): bigint {
  if (nanoseconds > int64Max) return int64Max;
  return nanoseconds < int64Min ? int64Min : nanoseconds;
}
