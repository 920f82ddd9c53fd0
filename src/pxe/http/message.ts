/** Boot requests and answers as values, apart from any HTTP server: the simulated world has none. */

export type BootRequest = {
  readonly method: string;
  /** Percent-decoded once, without the query. */
  readonly path: string;
  /** The first value of each parameter, decoded; absent: none. */
  readonly query?: ReadonlyMap<string, string>;
  /** The whole body; undefined when it is longer than that, or did not arrive. Absent: there is none. */
  readonly readBody?: (bytesMax: number) => Promise<Uint8Array | undefined>;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly remoteAddress: string;
  /** Shown in error bodies. */
  readonly requestId?: string;
};

export type BootBody =
  | { readonly kind: 'none' }
  /** `bytes[start, end)`; shared, never to be written to. */
  | {
      readonly kind: 'bytes';
      readonly bytes: Uint8Array;
      readonly start: number;
      readonly end: number;
    }
  /**
   * Exactly `length` octets. The file is open already: whoever takes the body iterates it or calls its iterator's
   * `return()`, which closes the file, started or not.
   */
  | {
      readonly kind: 'stream';
      readonly length: number;
      readonly chunks: AsyncIterable<Uint8Array>;
    };

export type BootResponse = {
  readonly status: number;
  /** `content-length` is always among them, also for HEAD, where the body is `none`. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: BootBody;
  /** Whoever carries the body says how far it is; absent: nobody wants to know. */
  readonly watch?: BodyWatch;
};

/** Octets of the body that were handed to the network: not those that wait in our own buffers. */
export type BodyWatch = {
  /** As often as there is something new. */
  readonly moved: (sentBytes: number) => void;
  /** Exactly once: the body has left, whole or not. */
  readonly ended: (sentBytes: number) => void;
};

const nosniff = ['x-content-type-options', 'nosniff'] as const;

/** Scripts, documents: made for this request, so never kept by anyone. */
export function textResponse(
  request: Pick<BootRequest, 'method'>,
  status: number,
  contentType: string,
  text: string,
): BootResponse {
  const bytes = new TextEncoder().encode(text);
  return {
    status,
    headers: new Map([
      ['content-type', contentType],
      ['content-length', String(bytes.length)],
      ['cache-control', 'no-store'],
      nosniff,
    ]),
    body:
      request.method === 'HEAD'
        ? { kind: 'none' }
        : { kind: 'bytes', bytes, start: 0, end: bytes.length },
  };
}

/** Sabakan's error body: members in alphabetical order, a newline at the end. `reason` is ours. */
export function errorResponse(
  request: Pick<BootRequest, 'method' | 'requestId'>,
  status: number,
  error: string,
  reason?: string,
): BootResponse {
  const body = { error, reason, request_id: request.requestId, status };
  return textResponse(request, status, 'application/json', `${JSON.stringify(body)}\n`);
}

export function methodNotAllowed(request: BootRequest, allow: string): BootResponse {
  const response = errorResponse(request, 405, 'method not allowed');
  return { ...response, headers: new Map([...response.headers, ['allow', allow]]) };
}

export function notFound(request: BootRequest, reason?: string): BootResponse {
  return errorResponse(request, 404, 'requested resource is not found', reason);
}

export function redirect(url: string): BootResponse {
  return {
    status: 302,
    headers: new Map([
      ['location', url],
      ['content-length', '0'],
      ['cache-control', 'no-store'],
    ]),
    body: { kind: 'none' },
  };
}
