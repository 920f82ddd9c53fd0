/** The way to a server: one for Node (`io/node-transport.ts`), one for browsers (`io/fetch-transport.ts`). */

export type TransportRequest = {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
};

export type TransportAnswer = {
  readonly status: number;
  /** @param name in lower case. */
  readonly header: (name: string) => string | undefined;
  /** The body as it comes. To be read to its end, or left: leaving the loop ends the connection. */
  readonly pieces: AsyncIterable<Uint8Array>;
};

/** Rejects when nothing answers, or when `signal` says so. */
export type Transport = (request: TransportRequest) => Promise<TransportAnswer>;

/** Time and chance of the place the client runs in. */
export type Ambience = {
  /** Resolves after so long, or at once when `signal` is aborted. */
  readonly pause: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** In [0, 1). */
  readonly chance: () => number;
  /** Aborts after so long; `stop` calls it off. */
  readonly deadline: (ms: number) => { readonly signal: AbortSignal; readonly stop: () => void };
};
