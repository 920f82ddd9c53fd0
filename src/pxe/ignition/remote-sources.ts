/** What a template has a machine fetch from elsewhere, and whether the machine can tell that it got the right thing. */

/** A long list helps nobody: so many are named. */
const namedMax = 3;

/**
 * Warns of sources that are fetched and have no `verification.hash` (Ignition's own check of what it fetched). No error:
 * Sabakan stores them, and an asset that changes has no hash to name.
 *
 * @returns undefined: each has one
 */
export function whyUnverified(template: Readonly<Record<string, unknown>>): string | undefined {
  const places = unverifiedIn(template, '');
  if (places.length === 0) return undefined;
  const more = places.length > namedMax ? ` and ${places.length - namedMax} more` : '';
  return `a machine cannot tell whether what it fetches was changed: ${places.slice(0, namedMax).join(', ')}${more} has no verification.hash (sha512-… or sha256-…)`;
}

/** Wherever a member `source` stands: contents, configurations to merge, certificate authorities, keys. */
function unverifiedIn(value: unknown, path: string): readonly string[] {
  if (Array.isArray(value))
    return value.flatMap((item, at) => unverifiedIn(item, `${path}[${at}]`));
  if (typeof value !== 'object' || value === null) return [];
  const { source, verification } = value as Readonly<Record<string, unknown>>;
  const isFetched = typeof source === 'string' && source !== '' && !/^data:/i.test(source);
  const { hash } = Object(verification) as { readonly hash?: unknown };
  const isOpen = isFetched && (typeof hash !== 'string' || hash === '');
  return [
    ...(isOpen ? [`${path}.source`] : []),
    ...Object.entries(value).flatMap(([name, inner]) =>
      unverifiedIn(inner, path === '' ? name : `${path}.${name}`),
    ),
  ];
}
