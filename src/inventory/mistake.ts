/** What is wrong with something a person or program sent: where, what, and what would be right. */

export type Mistake = {
  /** JSON pointer into what was sent: `/3/role`. */
  readonly path: string;
  readonly value: unknown;
  /** One sentence. */
  readonly text: string;
};
