/** What a listener over TLS is configured with. */

/** PEM files of an HTTPS listener. */
export type TlsFiles = {
  readonly cert: string;
  readonly key: string;
  /** Of the authority that signs clients' certificates; absent: clients are asked for none. */
  readonly clientCa?: string;
  /** Files that somebody named must be there; without the default ones HTTPS is off. */
  readonly configured: boolean;
};
