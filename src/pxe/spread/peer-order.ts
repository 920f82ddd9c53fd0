/** Which servers are asked for a blob, and in which order. */

import type { Chance } from '../../base/world.ts';

/** URLs come from the store, where other programs have left empty, doubled and broken ones. */
export function otherServers(urls: readonly string[], ownUrl: string): readonly string[] {
  return [...new Set(urls)].filter((url) => {
    const parsed = URL.parse(url);
    const isWeb = parsed?.protocol === 'http:' || parsed?.protocol === 'https:';
    return isWeb && !url.startsWith(ownUrl);
  });
}

/** In any order, so that many servers do not all ask the same one; those we distrust come last. */
export function orderOfAsking(
  urls: readonly string[],
  isDistrusted: (url: string) => boolean,
  chance: Chance,
): readonly string[] {
  return urls
    .map((url) => ({ url, order: chance.next() + (isDistrusted(url) ? 1 : 0) }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ url }) => url);
}
