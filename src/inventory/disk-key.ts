/** What may be a disk key and its address: a machine's serial and one more path segment, a disk's id as a rule. */

/** Sabakan's limits. Its client sends 64 bytes under an id of 32 hexadecimal digits. */
export const diskKeyBytesMax = 4096;
/**
 * Keys come from machines without credentials, so what one of them can fill the store with is bounded. Sabakan has no
 * bound; 60 disks formatted anew at 17 boots in a row stay below this one.
 */
export const diskKeysPerMachineMax = 1024;
/** `/dev/disk/by-path` names are shorter than a file name may be. */
const segmentCharactersMax = 255;

/** Control and invisible characters, and what some part of a path is cut at. */
const unsafeInSegment = /[\p{Cc}\p{Cf}\p{Cs}\p{NChar}\p{Zl}\p{Zp}\/\\]/v;

/**
 * Why this must not become part of a stored key's name; undefined when it may. Milder than the rule for serials of new
 * machines: the keys of a machine that Sabakan registered under an odd serial must find their place, too.
 *
 * @param what how to call it in the sentence: `serial`, `path`.
 */
export function whyUnsafeSegment(text: string, what: string): string | undefined {
  if (isNowhere(text)) return `${what} must not be empty, . or ..`;
  if (text.length > segmentCharactersMax) {
    return `${what} is longer than ${segmentCharactersMax} characters`;
  }
  if (!unsafeInSegment.test(text)) return undefined;
  return `${what} must not contain a slash, backslash, control or invisible character`;
}

/** No database has a key at such an address: Sabakan cleans them away when it joins its paths. */
export function isNowhere(segment: string): boolean {
  return segment === '' || segment === '.' || segment === '..';
}
