/** Views of our parts as JSON: maps become objects, what is undefined becomes null so that members never come and go. */

export function published(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (value instanceof Map) {
    return Object.fromEntries(
      [...value].map(([key, inner]) => [String(key), published(inner)] as const),
    );
  }
  if (value instanceof Set) return [...value].map(published);
  if (Array.isArray(value)) return value.map(published);
  if (typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, published(inner)] as const),
  );
}
