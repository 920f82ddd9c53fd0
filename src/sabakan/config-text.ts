/** Small checks on texts of the configuration. */

export function isAbsolute(path: string): boolean {
  return path.startsWith('/');
}

/** Scheme, host and port without a slash at the end; undefined for anything else than such a URL. */
export function normalizedUrl(text: string, schemes: readonly string[]): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isOurs =
    schemes.includes(url.protocol.slice(0, -1)) && url.hostname !== '' && url.username === '';
  // Sabakan replaces any path of its advertise URL; so a path here would only mislead.
  return isOurs && url.pathname === '/' && url.search === '' ? text.replace(/\/$/, '') : undefined;
}
