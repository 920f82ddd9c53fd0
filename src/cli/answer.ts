/** What a server said: 404 is an answer, too. */
export type Answer = {
  readonly status: number;
  readonly body: unknown;
  /** It was done, but somebody should look at this. */
  readonly warning?: string;
  /** Of the object, for a later `ifMatch`; with its quotes. */
  readonly etag?: string;
};

/** A GET of a path on the server that the command was told to ask. */
export type Get = (path: string) => Promise<Answer>;

export type Method = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';

export type SendTerms = {
  /** An ETag with its quotes, or `*`. */
  readonly ifMatch?: string;
  /** Default: application/json. */
  readonly contentType?: string;
};

/** A request with or without a JSON body; statuses other than success and 404 are failures (`Failure.refused`). */
export type Send = (
  method: Method,
  path: string,
  body?: unknown,
  terms?: SendTerms,
) => Promise<Answer>;
