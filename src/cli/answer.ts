/** What a server said: 404 is an answer, too. */
export type Answer = {
  readonly status: number;
  readonly body: unknown;
  /** It was done, but somebody should look at this. */
  readonly warning?: string;
};

/** A GET of a path on the server that the command was told to ask. */
export type Get = (path: string) => Promise<Answer>;
