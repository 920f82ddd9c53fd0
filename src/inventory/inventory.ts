/** The desk: everything that asks about machines or changes them comes through here. */

import type { Ipv4 } from '../base/addresses.ts';
import type { Freshness } from '../base/mirror.ts';
import type { PreconditionFailed, PutTerms } from '../base/put-terms.ts';
import type { Records } from '../base/records.ts';
import type { Result } from '../base/result.ts';
import type { Condition, Revision, StoreProblem, Write } from '../base/store.ts';
import type { Rfc3339 } from '../base/time.ts';
import type { TransactProblem, View } from '../base/transact.ts';
import type { Applied, ApplyTerms, MachineWish } from './apply.ts';
import type { Actor, AuditRecord } from './audit.ts';
import type { DhcpConfig } from './dhcp-config.ts';
import type { HoldWish } from './hold.ts';
import type { IpamConfig } from './ipam-config.ts';
import type { Machine, MachineState, NewMachine, Role, Serial, StateReason } from './machine.ts';
import type { InventoryProblem } from './problem.ts';
import type { MachineQuery } from './query.ts';

export type Change = {
  readonly serial: Serial;
  readonly before: Machine | undefined;
  readonly after: Machine | undefined;
  readonly revision: Revision;
};

/**
 * Changes in revision order, all of one revision together. `listed`: the differences to what was known before, since
 * what happened in between was not heard.
 */
export type ChangeListener = (changes: readonly Change[], how: 'watched' | 'listed') => void;

export type Written = { readonly revision: Revision };
export type WriteResult<T = Written> = Promise<Result<T, InventoryProblem | TransactProblem>>;

type ConfigResult = Promise<
  Result<Written, InventoryProblem | PreconditionFailed | TransactProblem>
>;

export type StateChange = {
  readonly serial: Serial;
  readonly to: MachineState;
  readonly why: StateReason;
  /** The state the decision was made on; another one is a `state-moved` problem. Absent: any. */
  readonly from?: MachineState;
  /** Fence of the deciding loop's claim. */
  readonly fence?: Condition;
};

/** Several parts of a machine, changed together or not at all. */
export type MachinePatch = {
  /** Null takes the label away, whether or not it is there. */
  readonly labels: ReadonlyMap<string, string | null>;
  /** Another rack, or being the boot machine or no more, is another slot: index and addresses move with it. */
  readonly rack?: number;
  readonly role?: Role;
  readonly bmcType?: string;
  /** Null releases it. */
  readonly hold?: HoldWish | null;
  readonly retireDate?: Rfc3339;
  readonly state?: { readonly to: MachineState; readonly why: StateReason };
};

export type PatchTerms = WriteTerms & Pick<ApplyTerms, 'evenInUse'>;

/** What another part changes in the commit of a registration, or why there shall be none. */
export type Along = {
  readonly keys: readonly string[];
  readonly decide: (
    view: View,
  ) => Result<
    { readonly writes: readonly Write[]; readonly conditions: readonly Condition[] },
    InventoryProblem
  >;
};

export type WriteTerms = {
  /** The revisions one of which the machine must have when it is written; absent: any. */
  readonly expected?: readonly Revision[];
  /** Decides on what is stored now, and writes nothing. */
  readonly dryRun?: boolean;
};

/** One of many machines to be changed, as the caller saw it. */
export type ManyTarget = { readonly machine: Machine; readonly expected: Revision };

export type ManyChange =
  | { readonly kind: 'patch'; readonly patch: MachinePatch }
  | { readonly kind: 'remove' };

export type ManyTerms = {
  readonly atomic?: boolean;
  readonly dryRun?: boolean;
  /** Hears how many are done. */
  readonly onProgress?: (done: number) => void;
  /** Asked between commits: the rest is skipped. */
  readonly isCancelled?: () => boolean;
};

export type ManyOutcome =
  | { readonly serial: Serial; readonly kind: 'skipped' }
  /** In a dry run: it would be. */
  | {
      readonly serial: Serial;
      readonly kind: 'changed' | 'unchanged';
      readonly revision: Revision;
    }
  | {
      readonly serial: Serial;
      readonly kind: 'refused';
      readonly problem: InventoryProblem | TransactProblem;
    };

export type Inventory = {
  readonly start: () => Promise<Result<void, StoreProblem>>;
  readonly stop: () => void;

  // Reads come from memory and contain every write this server has acknowledged.
  readonly freshness: () => Freshness;
  readonly revision: () => Revision;
  readonly find: (serial: Serial) => Machine | undefined;
  /** Ascending by serial. */
  readonly machines: () => readonly Machine[];
  /** Of the last change among them: equal revisions mean equal lists. */
  readonly machinesRevision: () => Revision;
  /** No change of a machine up to here is missing. */
  readonly machinesCompleteTo: () => Revision;
  /** Of the change that made this machine what it is: of the value given, which may be an older one. */
  readonly revisionOf: (machine: Machine) => Revision;
  /** Ascending by serial; cost grows with the candidates of the narrowest condition, not with the fleet. */
  readonly search: (query: MachineQuery) => readonly Machine[];
  readonly ipam: () => IpamConfig | undefined;
  readonly dhcp: () => DhcpConfig | undefined;
  /** Both of them, by key, with their revisions. */
  readonly configs: Records<IpamConfig | DhcpConfig>;
  readonly subscribe: (listener: ChangeListener) => () => void;
  /** The machine that owns this node or BMC address: DHCP must not lend it. */
  readonly ownerOf: (address: Ipv4) => Machine | undefined;
  /** Records that do not decode, by key, with the reason. */
  readonly broken: () => ReadonlyMap<string, string>;

  /** Refused while any machine is registered (Sabakan 3.1.9). */
  readonly putIpam: (config: IpamConfig, actor: Actor, terms?: PutTerms) => ConfigResult;
  readonly putDhcp: (config: DhcpConfig, actor: Actor, terms?: PutTerms) => ConfigResult;
  /** All or nothing: indices, addresses, audit in one commit. */
  readonly register: (
    machines: readonly NewMachine[],
    actor: Actor,
    terms?: Pick<WriteTerms, 'dryRun'> & { readonly along?: Along },
  ) => WriteResult<Written & { readonly machines: readonly Machine[] }>;
  /**
   * Registers those that are not there and changes those that are otherwise, all or none, in one commit with an audit
   * record for those that came and for each that changed. `machines-refused` names every wish that cannot come true;
   * `too-large` comes before anything is written, in a dry run, too.
   */
  readonly applyMachines: (
    wishes: readonly MachineWish[],
    terms: ApplyTerms,
    actor: Actor,
  ) => WriteResult<Applied>;
  readonly setState: (
    change: StateChange,
    actor: Actor,
  ) => WriteResult<Written & { readonly machine: Machine }>;
  readonly setLabel: (serial: Serial, name: string, value: string, actor: Actor) => WriteResult;
  readonly removeLabel: (serial: Serial, name: string, actor: Actor) => WriteResult;
  readonly setRetireDate: (serial: Serial, date: Rfc3339, actor: Actor) => WriteResult;
  /**
   * One commit with an audit record for each part that changes; what is so already is not written again. Answers with
   * the machine as it is then (in a dry run: as it would be) and the revision of its last change.
   */
  readonly patchMachine: (
    serial: Serial,
    patch: MachinePatch,
    terms: PatchTerms,
    actor: Actor,
  ) => WriteResult<Written & { readonly machine: Machine }>;
  /**
   * The same change of many machines, each on condition of the revision at which it was seen. Outcomes are in the order
   * of the targets. `atomic`: in one commit, which does not happen when one of them is refused.
   */
  readonly changeMany: (
    targets: readonly ManyTarget[],
    what: ManyChange,
    terms: ManyTerms,
    actor: Actor,
  ) => WriteResult<readonly ManyOutcome[]>;
  readonly remove: (serial: Serial, actor: Actor, terms?: WriteTerms) => WriteResult;
  /** Write-once, 1 to 4096 bytes. The audit record names the path; the bytes go nowhere but into the store. */
  readonly putDiskKey: (
    serial: Serial,
    path: string,
    bytes: Uint8Array,
    actor: Actor,
  ) => WriteResult;
  /**
   * Linearizable, from the store itself. Undefined says for certain that there is no such key; whether there is such a
   * machine is not looked at.
   */
  readonly diskKey: (
    serial: Serial,
    path: string,
  ) => Promise<Result<Uint8Array | undefined, StoreProblem>>;
  /** All keys of a retiring machine or none, however many; `paths` ascending. */
  readonly deleteDiskKeys: (
    serial: Serial,
    actor: Actor,
  ) => WriteResult<Written & { readonly paths: readonly string[] }>;
  /**
   * Audit records of whole UTC days, `since` inclusive, `until` exclusive (YYYYMMDD), ascending by day and revision; a
   * page for each day that has any. A problem is the last page.
   */
  readonly auditPages: (
    since: string | undefined,
    until: string | undefined,
  ) => AsyncIterable<Result<readonly AuditRecord[], StoreProblem>>;
  /** All pages at once: for spans that are known to be short. */
  readonly auditLog: (
    since: string | undefined,
    until: string | undefined,
  ) => Promise<Result<readonly AuditRecord[], StoreProblem>>;
};
