/**
 * Template ids are loose versions: `1`, `1527731687`, `v1.0`, `1.2.3.4`, `1.0.0-rc1`, `1.0+build`.
 * Sabakan 3.1.9 orders them number by number, a pre-release below its release, metadata ignored.
 */

export type Version = { readonly numbers: readonly bigint[]; readonly prerelease: string };

const pattern =
  /^v?([0-9]+(?:\.[0-9]+)*)(-([0-9]+[0-9A-Za-z\-~]*(?:\.[0-9A-Za-z\-~]+)*)|(?:-?([A-Za-z\-~]+[0-9A-Za-z\-~]*(?:\.[0-9A-Za-z\-~]+)*)))?(?:\+[0-9A-Za-z\-~]+(?:\.[0-9A-Za-z\-~]+)*)?$/;

/** Undefined when the text is no version. */
export function parseVersion(text: string): Version | undefined {
  const parts = text.length > versionLengthMax ? null : pattern.exec(text);
  if (parts === null) return undefined;
  const numbers = (parts[1] ?? '').split('.').map(BigInt);
  if (numbers.some((number) => number > int64Max)) return undefined;
  return { numbers, prerelease: parts[3] ?? parts[4] ?? '' };
}

const versionLengthMax = 128;
const int64Max = 2n ** 63n - 1n;

/** Negative when `a` is the lower version. Missing numbers count as 0. */
export function compareVersions(a: Version, b: Version): number {
  const length = Math.max(a.numbers.length, b.numbers.length);
  for (let at = 0; at < length; at += 1) {
    const [x, y] = [a.numbers[at] ?? 0n, b.numbers[at] ?? 0n];
    if (x !== y) return x < y ? -1 : 1;
  }
  if (a.prerelease === b.prerelease) return 0;
  if (a.prerelease === '') return 1;
  if (b.prerelease === '') return -1;
  return comparePrereleases(a.prerelease.split('.'), b.prerelease.split('.'));
}

function comparePrereleases(a: readonly string[], b: readonly string[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const [x, y] = [a[at] ?? '', b[at] ?? ''];
    if (x === y) continue;
    if (x === '' || y === '') return comparePart(x, y);
    const [numericX, numericY] = [/^\d+$/.test(x), /^\d+$/.test(y)];
    if (numericX && numericY) return BigInt(x) < BigInt(y) ? -1 : 1;
    if (numericX !== numericY) return numericX ? -1 : 1;
    return x < y ? -1 : 1;
  }
  return 0;
}

/** More parts win over fewer, except that a further number loses against none being there for letters. */
function comparePart(x: string, y: string): number {
  if (x === '') return /^\d+$/.test(y) ? -1 : 1;
  return /^\d+$/.test(x) ? 1 : -1;
}
