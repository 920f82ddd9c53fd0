/** Asking a network whether somebody uses an address; the edge is `io/address-prober.ts`. */

export type ProbeResult =
  | { readonly kind: 'silent' }
  /** By ICMP nobody's hardware address is known. */
  | { readonly kind: 'answered'; readonly mac: string | undefined }
  /** Rights or a library are missing. */
  | { readonly kind: 'unable'; readonly text: string };

export type AddressProber = {
  /** @param link the interface whose network the address is in; undefined: it is reached through routers. */
  readonly probe: (
    address: string,
    link: string | undefined,
    waitMs: number,
  ) => Promise<ProbeResult>;
};
