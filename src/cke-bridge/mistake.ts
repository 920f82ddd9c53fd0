/** What is wrong with a text people wrote for the bridge, and where. */

export type Mistake = {
  /** Where in the text: `/nodes/1/labels`; the empty text is the whole. */
  readonly path: string;
  /** Line in the YAML text, from 1; absent where there was no text. */
  readonly line?: number;
  /** The value as it was given, shortened. */
  readonly value: string;
  /** What would be right. */
  readonly text: string;
};

/** One line per mistake, as an editor would print it. */
export function formatMistake(mistake: Mistake): string {
  const line = mistake.line === undefined ? '' : `line ${mistake.line}: `;
  return `${line}${mistake.path === '' ? 'the whole' : mistake.path}: ${mistake.text}`;
}
