/**
 * What version 2 offers, as data: the server's routes, its description (OpenAPI) and its clients are all made of these.
 * No behaviour here, so that clients can import it without the server.
 */

import type { TObject, TSchema } from 'typebox';

/** Each may do what the ones before it may. */
export type AccessRole = 'viewer' | 'operator' | 'admin';

export type Operation = {
  /** Unique: `listMachines`. */
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below `/api/v2`, with parameters in braces: `/machines/{serial}`. */
  readonly path: string;
  readonly summary: string;
  /** Who may call it. */
  readonly needs: AccessRole;
  /** By the name in `path`: what it stands for. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Every member is text; an unknown parameter is refused. */
  readonly query?: TObject;
  readonly body?: TSchema;
  /** A file: the handler is given its bytes, whatever they say. */
  readonly isBodyRaw?: true;
  /** A body that it takes, for people to begin with. */
  readonly example?: unknown;
  /** The body is octets of any number, streamed; it excludes `body`. */
  readonly upload?: { readonly mediaTypes: readonly string[]; readonly holds: string };
  /** Types the body may have, when any other is refused; absent: whatever the client calls it, it is JSON. */
  readonly bodyTypes?: readonly string[];
  /** `If-Match` is required: the revision the caller knows, or `*`. */
  readonly isConditional?: true;
  /** Takes `Prefer: respond-async` or `wait=SECONDS` and answers 202 with where to look, when it takes longer. */
  readonly isLong?: true;
  readonly answer: {
    readonly status: number;
    readonly holds: string;
    /** Of the body, or of an event's data. */
    readonly schema?: TSchema;
    /** Absent: `application/json`. */
    readonly mediaType?: 'text/event-stream';
  };
  /** Problem kinds a client should be ready for, beside the ones of every operation. */
  readonly problems?: readonly string[];
};
