/** Who sends a request, as far as it is proved. */

import type { AccessRole } from '../contract/operation.ts';

export type Caller =
  | {
      readonly kind: 'token';
      readonly id: string;
      readonly name: string;
      readonly role: AccessRole;
    }
  /** A client certificate of the configured authority; `name` is its common name. */
  | { readonly kind: 'certificate'; readonly name: string; readonly role: AccessRole }
  /** No credential. `role`: what its address alone gives it; undefined: nothing. */
  | { readonly kind: 'peer'; readonly role: AccessRole | undefined };

/** As errors and the log call it. */
export function describeCaller(caller: Caller, address: string): string {
  switch (caller.kind) {
    case 'token':
      return `the token "${caller.name}"`;
    case 'certificate':
      return `the certificate of "${caller.name}"`;
    case 'peer':
      return address;
  }
}
