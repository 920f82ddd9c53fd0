/** What a failed call to etcd means, read from gRPC's status and etcd's own texts. */

import type { StoreProblem } from '../store.ts';

export type CallProblem = {
  readonly kind: 'unavailable' | 'refused' | 'full' | 'too-large' | 'lease-gone' | 'compacted';
  readonly text: string;
  /** Nothing was done, and nothing will be done later on: the call never left, or etcd said no to it. */
  readonly certain: boolean;
};

type Row = readonly [
  part: string,
  kind: CallProblem['kind'],
  certain: boolean,
  explanation?: string,
];

// etcd 3.4 sends few distinct status codes, so its texts decide (api/v3rpc/rpctypes/error.go); the first match counts.
const rows: readonly Row[] = [
  ['requested lease not found', 'lease-gone', true],
  ['revision has been compacted', 'compacted', true],
  [
    'database space exceeded',
    'full',
    true,
    'the store is full (space quota reached): compact, defragment, disarm',
  ],
  ['permission denied', 'refused', true, 'etcd does not permit this user this key'],
  ['authentication failed', 'refused', true, 'etcd refuses this user name or password'],
  ['user name is empty', 'refused', true, 'etcd wants a user name and password'],
  [
    'authentication is not enabled',
    'refused',
    true,
    'a user name is configured, but etcd has no authentication enabled',
  ],
  ['duplicate key given', 'refused', true],
  ['too many operations', 'too-large', true],
  ['request is too large', 'too-large', true],
  ['message larger than max', 'too-large', true],
  ['size larger than', 'too-large', true],
  ['etcdserver: no leader', 'unavailable', true],
  ['too many requests', 'unavailable', true],
  ['invalid auth token', 'unavailable', true],
  // grpc-js: the call was still waiting for a connection, so nothing was sent.
  ['No connection established', 'unavailable', true],
  ['Name resolution failed', 'unavailable', true],
  ['Channel closed before call started', 'unavailable', true],
  ['Waiting for LB pick', 'unavailable', true],
  ['client was already closed', 'unavailable', true],
];

/** What a failed TLS handshake means for the configuration, by OpenSSL's code and text; the first match counts. */
const tlsRows: readonly (readonly [RegExp, string])[] = [
  [
    /UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|SELF_SIGNED/,
    "etcd's certificate is signed by none of the CAs in etcd.tls-ca-file",
  ],
  [/^CERT_HAS_EXPIRED/, "etcd's certificate has expired"],
  [/^CERT_NOT_YET_VALID/, "etcd's certificate is not valid yet: is the clock of this host right?"],
  [
    /alert (bad certificate|unknown ca|certificate (required|unknown|expired|revoked))|CERTIFICATE_REQUIRED/i,
    'etcd refuses our certificate: it wants one from a CA it trusts in etcd.tls-cert-file and tls-key-file',
  ],
  [/wrong version number|packet length too long/i, 'etcd speaks no TLS there; http://?'],
];

/** @returns one line: what to change, where that is known, and the library's own words without their insides. */
export function tlsProblemText(code: string, message: string): string {
  const words = message.trim().replace(/^[0-9A-F]+:error:[0-9A-F]+:|:\.\.\/deps\/.*$/gs, '');
  const row = tlsRows.find(([pattern]) => pattern.test(`${code} ${message}`));
  const own = words.split(';')[0] ?? words;
  return row === undefined ? words : `${row[1]} (${own})`;
}

/** Everything unknown counts as a broken call that may have been carried out. */
export function callProblem(error: unknown, endpoint: string): CallProblem {
  const message = plainWords(error instanceof Error ? error.message : String(error), endpoint);
  const row = rows.find(([part]) => message.includes(part));
  if (row === undefined) {
    return { kind: 'unavailable', text: `etcd ${endpoint}: ${message}`, certain: false };
  }
  const [, kind, certain, explanation] = row;
  const text = explanation === undefined ? message : `${explanation} (${message})`;
  return { kind, text: `etcd ${endpoint}: ${text}`, certain };
}

/** grpc-js ends with an empty note, and of a server that hangs up on plain HTTP/2 it says "Failed to connect" alone. */
export function plainWords(message: string, endpoint = ''): string {
  const words = message.replace(/ Resolution note: *$/, '');
  const isCutOff = endpoint.startsWith('http:') && words.includes('Last error: Failed to connect');
  return isCutOff ? `${words} It hangs up on plain HTTP: does it want https://?` : words;
}

/** For calls that change nothing, or whose outcome is known to be "nothing". */
export function storeProblem(problem: CallProblem, operationsMax: number): StoreProblem {
  switch (problem.kind) {
    case 'refused':
    case 'full':
      return { kind: 'store-refused', text: problem.text };
    case 'too-large':
      return { kind: 'too-large', text: problem.text, operationsMax };
    case 'unavailable':
    case 'lease-gone':
    case 'compacted':
      return { kind: 'store-unavailable', text: problem.text };
  }
}
