/** `90s`, `15m`, `2h`, `1d12h` as people type it. */

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** In seconds; undefined when it is none, or nothing at all. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d{1,9}[smhd])+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+)([smhd])/g)];
  const seconds = parts.reduce(
    (sum, [, count, unit = '']) => sum + Number(count) * (unitSeconds[unit] ?? 0),
    0,
  );
  return seconds > 0 ? seconds : undefined;
}

export const durationForm = 'a duration such as 90s, 15m, 2h or 1d12h';
