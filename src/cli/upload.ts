/** What is uploaded: files of this host as one body, and where to. */

import type { Answer } from './answer.ts';

export type Upload = {
  /** With its query. */
  readonly path: string;
  /** One file as it is, or several as the members of a tar. */
  readonly body:
    | { readonly kind: 'file'; readonly file: string }
    | {
        readonly kind: 'tar';
        readonly members: readonly (readonly [name: string, file: string])[];
      };
  readonly headers: Readonly<Record<string, string>>;
  /** Before the bar that a terminal shows. */
  readonly label: string;
};

/**
 * Sends it with its SHA-256, which the server checks before it stores anything, until the server has answered.
 *
 * @throws Failure
 */
export type Uploader = (upload: Upload) => Promise<Answer>;

const blockBytes = 512;

/** The header of a plain file in a tar (POSIX ustar); the same files make the same octets. */
export function tarHeader(name: string, sizeBytes: number): Uint8Array {
  const header = new Uint8Array(blockBytes);
  const put = (at: number, text: string) => header.set(new TextEncoder().encode(text), at);
  // Numbers past eleven octal digits (8 GiB) have no place here; servers take half of that.
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  put(0, name);
  put(100, octal(0o644, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(sizeBytes, 11));
  put(136, octal(0, 11));
  put(148, '        ');
  put(156, '0');
  put(257, 'ustar\u000000');
  const sum = header.reduce((total, octet) => total + octet, 0);
  put(148, `${sum.toString(8).padStart(6, '0')}\0 `);
  return header;
}

export function tarPadding(sizeBytes: number): Uint8Array {
  return new Uint8Array((blockBytes - (sizeBytes % blockBytes)) % blockBytes);
}

export const tarEnd = new Uint8Array(2 * blockBytes);
