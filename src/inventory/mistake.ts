/** What is wrong with something a person or program sent: where, what, and what would be right. */

export type Mistake = {
  /** JSON pointer into what was sent: `/3/role`. */
  readonly path: string;
  readonly value: unknown;
  /** One sentence. */
  readonly text: string;
};

/** What is quoted of a value in a sentence; the rest of a long one helps nobody. */
const shownCharactersMax = 100;

/**
 * A value for a sentence about it, as JSON. Lists and objects are only named: they may be nested deeper than any
 * function that walks them can go.
 */
export function showValue(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value !== 'string') return String(value);
  if (value.length <= shownCharactersMax) return JSON.stringify(value);
  return `${JSON.stringify(value.slice(0, shownCharactersMax))}… (${value.length} characters)`;
}
