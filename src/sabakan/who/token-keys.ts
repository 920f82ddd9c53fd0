/** Where tokens lie, relative to the configured prefix. */

export const tokensPrefix = 'tetsukan/tokens/';

export function tokenKey(id: string): string {
  return `${tokensPrefix}${id}`;
}
