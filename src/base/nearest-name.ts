/** What somebody most likely meant who mistyped a name. */

const slipsMax = 2;

/** The known name that was most likely meant: one or two slips away, and not more than a third of it. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const [best] = known
    // So far apart in length, they are further apart in letters.
    .filter((other) => Math.abs(other.length - name.length) <= slipsMax)
    .map((other) => ({ other, slips: slipsBetween(name.toLowerCase(), other) }))
    .filter(({ other, slips }) => slips <= Math.min(slipsMax, Math.ceil(other.length / 3)))
    .toSorted((a, b) => a.slips - b.slips);
  return best?.other;
}

/** Letters to add, drop or replace (Levenshtein's distance). */
function slipsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
