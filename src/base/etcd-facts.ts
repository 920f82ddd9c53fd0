/** What can be seen of an etcd cluster from outside, as plain numbers and texts. Read by `io/etcd-look.ts`. */

export type EtcdMemberFacts = {
  readonly endpoint: string;
  /** Why it could not be asked; everything else about it is then unknown. */
  readonly silent?: string;
  readonly status?: {
    readonly version: string;
    readonly dbBytes: number;
    readonly clusterId: string;
    readonly memberId: string;
    /** `0`: it knows none. */
    readonly leaderId: string;
    /** What it has applied. */
    readonly revision: string;
  };
  /** Milliseconds of small reads that this member answers by itself. */
  readonly readMs: readonly number[];
  /** Undefined: its `/metrics` cannot be read here. */
  readonly metrics?: { readonly quotaBytes?: number; readonly inUseBytes?: number };
  /** The member's wall clock against ours at the same moment, milliseconds; its HTTP answers know whole seconds. */
  readonly clockAheadMs?: number;
  /** Only of https endpoints that show one: when its certificate ends, milliseconds since 1970. */
  readonly certificateEndsMs?: number;
};

export type EtcdFacts = {
  readonly members: readonly EtcdMemberFacts[];
  /** What the cluster says of itself; undefined: no member could be asked. */
  readonly cluster?: readonly { readonly name: string; readonly clientUrls: readonly string[] }[];
  readonly alarms: readonly { readonly memberId: string; readonly alarm: string }[];
  /** Milliseconds of writes that a majority has synced; or why there are none. */
  readonly writes: { readonly ms: readonly number[]; readonly refused?: string };
  /** Whether one transaction may have as many operations as configured; undefined: could not be asked. */
  readonly takesTransactions?: boolean;
  /** The oldest revision can still be read: the history was never compacted. */
  readonly neverCompacted?: boolean;
};
