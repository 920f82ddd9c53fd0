/** What a chaos run leaves behind: what clients asked and heard, what etcd went through, what servers showed. */

export type NewMachineRequest = {
  readonly serial: string;
  readonly rack: number;
  readonly role: string;
  readonly bmcType: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly retireDate: string;
};

/** What asks for a change; each carries its number into the audit log as the name of its user. */
export type WriteRequest =
  | { readonly kind: 'register'; readonly machines: readonly NewMachineRequest[] }
  | { readonly kind: 'remove'; readonly serial: string }
  | { readonly kind: 'state'; readonly serial: string; readonly to: string }
  | {
      readonly kind: 'label';
      readonly serial: string;
      readonly name: string;
      readonly value: string;
    }
  | { readonly kind: 'unlabel'; readonly serial: string; readonly name: string }
  | { readonly kind: 'retire-date'; readonly serial: string; readonly date: string }
  | { readonly kind: 'ipam' }
  | { readonly kind: 'dhcp'; readonly leaseMinutes: number }
  | { readonly kind: 'params'; readonly text: string }
  | {
      readonly kind: 'template';
      readonly role: string;
      readonly id: string;
      readonly tag: string;
    }
  | { readonly kind: 'untemplate'; readonly role: string; readonly id: string }
  /** `content` names the bytes: equal names, equal bytes. */
  | { readonly kind: 'image'; readonly id: string; readonly content: string }
  | { readonly kind: 'unimage'; readonly id: string }
  | {
      readonly kind: 'key';
      readonly serial: string;
      readonly path: string;
      readonly value: string;
    }
  /** All disk keys of a machine. */
  | { readonly kind: 'unkeys'; readonly serial: string }
  /** `content` as of images. */
  | { readonly kind: 'asset'; readonly name: string; readonly content: string }
  | { readonly kind: 'unasset'; readonly name: string };

export type Outcome =
  /** 2xx: it is done and stays done. */
  | { readonly kind: 'done' }
  /** The answer says that nothing was done; `why` is the problem's kind. */
  | { readonly kind: 'refused'; readonly why: string }
  /** No answer, or one that leaves it open. */
  | { readonly kind: 'unknown'; readonly why: string };

/** Times in milliseconds of one monotonic clock. */
export type Write = {
  readonly id: string;
  readonly server: number;
  readonly request: WriteRequest;
  readonly startMs: number;
  readonly endMs: number;
  readonly outcome: Outcome;
};

/** An object as a server showed it; undefined: it said that there is none. */
export type Look = {
  readonly server: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly object: string;
  readonly value: string | undefined;
  /** Read from the store itself: it contains what any server had acknowledged before. */
  readonly linearizable?: true;
  /** A revision it must contain in any case; default: what this server has acknowledged or shown before. */
  readonly revisionMin?: number;
};

/** All machines as one answer showed them, by serial. */
export type ListLook = {
  readonly server: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly machines: ReadonlyMap<string, string>;
  readonly revisionMin?: number;
};

/** One change of a key in etcd, in the order it happened; undefined: deleted. */
export type KeyEvent = {
  readonly revision: number;
  readonly key: string;
  readonly value: string | undefined;
};

/** An address that a client was promised. */
export type Ack = {
  readonly mac: string;
  readonly relay: string;
  readonly address: string;
  /** When the REQUEST left and when the ACK came. */
  readonly startMs: number;
  readonly endMs: number;
  readonly leaseMs: number;
};

/** From here on the client does not use its address any more. */
export type GaveUp = { readonly mac: string; readonly atMs: number };

export type History = {
  readonly writes: readonly Write[];
  readonly looks: readonly Look[];
  readonly lists: readonly ListLook[];
  readonly events: readonly KeyEvent[];
  readonly acks: readonly Ack[];
  readonly gaveUp: readonly GaveUp[];
};

export type Violation = {
  readonly kind: string;
  readonly text: string;
  /** What else happened to the object, oldest first. */
  readonly history: readonly string[];
};
