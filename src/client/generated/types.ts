// Made by `npm run client` from src/sabakan/contract; a test says when it is old.

export type Machine = {
  /** SMBIOS serial number, the machine's name */
  readonly serial: string;
  /** the store's, of the last change; the object's ETag */
  readonly revision: string;
  readonly spec: {
    /** logical rack number */
    readonly rack: number;
    readonly indexInRack: number;
    readonly role: string;
    readonly labels: Readonly<Record<string, string>>;
    /** the first is the one that is probed */
    readonly ipv4: readonly string[];
    readonly bmc: {
      readonly type: string;
      /** of the BMC */
      readonly ipv4: string;
    };
    /** when it was registered */
    readonly registerDate: string;
    /** when it is meant to go */
    readonly retireDate: string;
    /** automation keeps its hands off: health asks it but leaves its state, no cluster takes it in or swaps it out */
    readonly hold: {
      /** who asked for it */
      readonly by: string;
      readonly reason: string;
      /** when it began */
      readonly since: string;
      readonly until: string | null;
    } | null;
  };
  readonly status: {
    readonly state: "uninitialized" | "healthy" | "unhealthy" | "unreachable" | "updating" | "retiring" | "retired";
    /** of the last change of state */
    readonly since: string;
    readonly durationSeconds: number;
    readonly reason: {
      /** `health`, `bridge` or who asked for it */
      readonly by: string;
      readonly text: string;
      readonly evidence: readonly string[];
    } | null;
  };
  readonly network: {
    readonly nodes: ReadonlyArray<{
      /** of the machine */
      readonly address: string;
      /** dotted */
      readonly netmask: string;
      readonly maskBits: number;
      /** of its network */
      readonly gateway: string;
    }>;
    readonly bmc: {
      /** of the machine */
      readonly address: string;
      /** dotted */
      readonly netmask: string;
      readonly maskBits: number;
      /** of its network */
      readonly gateway: string;
    };
  };
};

export type Rack = {
  /** the logical rack number */
  readonly rack: number;
  /** the store's, of the last change of any machine */
  readonly revision: string;
  /** registered in it */
  readonly machines: number;
  readonly workers: {
    /** machines that are no boot machine */
    readonly registered: number;
    /** null while there is no IPAM configuration */
    readonly room: number | null;
  };
  /** serial of its boot machine */
  readonly boot: string | null;
  readonly states: {
    /** machines uninitialized */
    readonly uninitialized: number;
    /** machines healthy */
    readonly healthy: number;
    /** machines unhealthy */
    readonly unhealthy: number;
    /** machines unreachable */
    readonly unreachable: number;
    /** machines updating */
    readonly updating: number;
    /** machines retiring */
    readonly retiring: number;
    /** machines retired */
    readonly retired: number;
  };
  readonly roles: Readonly<Record<string, number>>;
};

export type Lease = {
  /** the address that is lent */
  readonly address: string;
  /** the store's, of the last change in its range */
  readonly revision: string;
  /** of the client; null: it is set aside, since another host uses it */
  readonly mac: string | null;
  /** of the machine that has this hardware address, as far as this server knows; it is no part of the revision */
  readonly serial: string | null;
  /** of an address that is set aside: the hardware address that answered when it was asked for; null: a client declined it, or behind a relay nobody knows */
  readonly usedBy: string | null;
  /** ended: it ran out or was released, and is remembered for the return of its client until another one needs the address; declined: a client declined it or a host answered for it, so it is lent to nobody until it ends */
  readonly state: "leased" | "ended" | "declined";
  /** when it ends or ended, as it is stored: of one that was released two minutes before; null: what is stored is no time, so it never does */
  readonly expires: string | null;
  /** when its client or a person gave it up; null: it ran out or has not ended, or this server did not see it */
  readonly released: string | null;
  /** the first address of its range */
  readonly range: string;
  /** whose network the address is in; null where the IPAM configuration has none */
  readonly rack: number | null;
  /** the network that the address is in; null: in none that is served */
  readonly network: string | null;
  /** whether another client may be lent the address now */
  readonly others: {
    readonly may: boolean;
    /** why, and from when on */
    readonly text: string;
  };
};

export type Boot = {
  /** whose boot, and the second it began, as in 525400123456-1763704800 */
  readonly id: string;
  /** the store's, of the last change */
  readonly revision: string;
  /** the hardware address it boots with; null: nobody saw it */
  readonly mac: string | null;
  /** the serial number; null: it has not said it yet */
  readonly serial: string | null;
  /** the UUID of its SMBIOS */
  readonly uuid: string | null;
  /** stuck: a step that should have come did not; up: it has its Ignition and nothing tells whether it is healthy; failed: another boot began before its operating system was seen */
  readonly state: "running" | "stuck" | "up" | "healthy" | "failed";
  /** what kind of firmware asks */
  readonly firmware: "uefi-pxe" | "uefi-http" | "bios-pxe" | "ipxe-rom" | "other-pxe" | "unknown";
  /** its first packet */
  readonly began: string;
  /** when it was heard of last */
  readonly last: string;
  /** how far it came */
  readonly reached: "firmware-offer" | "firmware-ack" | "loader-size" | "loader" | "ipxe-offer" | "ipxe-ack" | "chain-script" | "script" | "kernel" | "initrd" | "ignition" | "os-dhcp" | "probe" | "healthy" | "why" | "other";
  /** the step that should come next; null: none is awaited any more */
  readonly awaited: {
    readonly step: "firmware-offer" | "firmware-ack" | "loader-size" | "loader" | "ipxe-offer" | "ipxe-ack" | "chain-script" | "script" | "kernel" | "initrd" | "ignition" | "os-dhcp" | "probe" | "healthy" | "why" | "other";
    /** when what should lead to it happened last */
    readonly since: string;
    /** when it should have come at the latest */
    readonly deadline: string;
  } | null;
  /** why it probably does not come; empty while nothing is wrong */
  readonly cause: string;
  /** what to look at, most likely first */
  readonly checks: readonly string[];
  /** no later boot of this machine is known */
  readonly current: boolean;
  /** how many boots in a row, this one included, ended at the same step */
  readonly inARow: number;
  /** which servers saw a part of it */
  readonly servers: readonly string[];
  /** in order of time; lists and watches leave them out */
  readonly steps?: ReadonlyArray<{
    readonly step: "firmware-offer" | "firmware-ack" | "loader-size" | "loader" | "ipxe-offer" | "ipxe-ack" | "chain-script" | "script" | "kernel" | "initrd" | "ignition" | "os-dhcp" | "probe" | "healthy" | "why" | "other";
    /** the first time */
    readonly at: string;
    /** the last time of those told together */
    readonly last: string;
    /** how often it came */
    readonly times: number;
    /** from the beginning of the boot to the first time */
    readonly secondsIn: number;
    /** missed: not there, and nothing depends on it, as with autoexec.ipxe */
    readonly result: "done" | "running" | "redirected" | "failed" | "missed";
    /** which server saw it */
    readonly server: string;
    /** why it is so; empty where there is nothing to say */
    readonly text: string;
    /** that was offered or lent */
    readonly address?: string;
    /** the boot file that DHCP named */
    readonly bootFile?: string;
    /** the relay it came through */
    readonly relay?: string;
    /** what the relay says of the port it came from (option 82) */
    readonly circuit?: string;
    /** of the server, where it came in */
    readonly interface?: string;
    /** option 60 */
    readonly vendorClass?: string;
    /** option 93 */
    readonly architecture?: number;
    /** the address that asked */
    readonly client?: string;
    /** what was asked for */
    readonly path?: string;
    /** of HTTP */
    readonly status?: number;
    /** the boot image it is of */
    readonly imageId?: string;
    /** of HTTP */
    readonly userAgent?: string;
    /** that left, or were acknowledged */
    readonly bytes?: number;
    /** that there were to be */
    readonly totalBytes?: number;
    /** since it was asked for */
    readonly durationMs?: number;
    /** over the whole transfer */
    readonly bytesPerSecond?: number;
    /** TFTP blocks that were sent more than once */
    readonly resentBlocks?: number;
    /** what TFTP agreed on, as in blksize=1468 windowsize=4 */
    readonly options?: string;
  }>;
};

export type Subnet = {
  /** kind, rack and, of node networks, number: node-3-0, bmc-3 */
  readonly name: string;
  /** the store's, of the last change of what is counted */
  readonly revision: string;
  readonly kind: "node" | "bmc";
  /** the logical rack number */
  readonly rack: number;
  /** as in 10.69.0.0/26; racks may share one */
  readonly network: string;
  /** of the network */
  readonly gateway: string;
  readonly machines: {
    /** addresses of registered machines */
    readonly used: number;
    /** machines that fit into the rack */
    readonly room: number;
  };
  /** null where DHCP lends nothing */
  readonly leases: {
    /** the first address that DHCP lends */
    readonly first: string;
    /** how many it lends */
    readonly count: number;
    /** lent now */
    readonly leased: number;
    /** set aside, since another host uses them */
    readonly declined: number;
    /** nobody has a right to */
    readonly free: number;
  } | null;
};

export type Config = {
  readonly name: "ipam" | "dhcp";
  /** the store's, of the last change; the object's ETag */
  readonly revision: string;
  /** of ipam the network plan, of dhcp what DHCP tells clients */
  readonly spec: {
    /** machines of a rack, beside its boot machine */
    readonly 'max-nodes-in-rack': number;
    /** the network that node addresses are taken from */
    readonly 'node-ipv4-pool': string;
    /** where in it the first rack begins; absent: 0.0.0.0 */
    readonly 'node-ipv4-offset'?: string;
    /** bits: a block has two to the power of it */
    readonly 'node-ipv4-range-size': number;
    /** bits of the netmask of machines */
    readonly 'node-ipv4-range-mask': number;
    /** blocks of a rack: addresses of a machine */
    readonly 'node-ip-per-node': number;
    /** the index of the boot machine */
    readonly 'node-index-offset': number;
    /** where in its network the gateway is */
    readonly 'node-gateway-offset': number;
    /** the network that BMC addresses are taken from */
    readonly 'bmc-ipv4-pool': string;
    /** where in it the first rack begins; absent: 0.0.0.0 */
    readonly 'bmc-ipv4-offset'?: string;
    /** bits: a rack has two to the power of it */
    readonly 'bmc-ipv4-range-size': number;
    /** bits of the netmask of BMCs */
    readonly 'bmc-ipv4-range-mask': number;
    /** where in its network the gateway is */
    readonly 'bmc-ipv4-gateway-offset': number;
  } | {
    /** obsolete; kept as it came */
    readonly 'gateway-offset'?: number;
    /** 0 stands for an hour */
    readonly 'lease-minutes'?: number;
    readonly 'dns-servers'?: readonly string[];
  };
};

export type Image = {
  /** operating system and id: coreos/3975.2.1 */
  readonly name: string;
  readonly os: string;
  readonly id: string;
  /** the store's, of the last change of any image, since one record holds them all; the object's ETag */
  readonly revision: string;
  /** when it was uploaded, RFC 3339 */
  readonly date: string;
  /** both files together */
  readonly sizeBytes: number;
  /** null: Sabakan stored it, and no server has recorded its hashes yet */
  readonly sha256: {
    /** SHA-256, lower-case hexadecimal */
    readonly kernel: string;
    /** SHA-256, lower-case hexadecimal */
    readonly 'initrd.gz': string;
  } | null;
  /** it is what machines boot from every server that has it */
  readonly newest: boolean;
  /** advertise URLs of the servers that offer it */
  readonly servers: readonly string[];
  /** how it stands on the server that answers; no watch tells of it */
  readonly here: {
    readonly state: "present" | "pulling" | "missing";
    /** while pulling: how much of it has come */
    readonly receivedBytes: number | null;
    /** while pulling: the URL that sends it; null while none has answered */
    readonly from: string | null;
    /** while missing */
    readonly why: string | null;
  };
};

export type Asset = {
  readonly name: string;
  /** the store's, of the last change of its record; the object's ETag */
  readonly revision: string;
  /** number of this version; no other version of any asset has it */
  readonly id: string;
  readonly contentType: string;
  /** when it was uploaded, RFC 3339 */
  readonly date: string;
  /** null: an old Sabakan stored it and did not keep its size */
  readonly sizeBytes: number | null;
  /** SHA-256, lower-case hexadecimal */
  readonly sha256: string;
  readonly options: Readonly<Record<string, string>>;
  /** advertise URLs of the servers that offer it */
  readonly servers: readonly string[];
  /** how it stands on the server that answers; no watch tells of it */
  readonly here: {
    readonly state: "present" | "pulling" | "missing";
    /** while pulling: how much of it has come */
    readonly receivedBytes: number | null;
    /** while pulling: the URL that sends it; null while none has answered */
    readonly from: string | null;
    /** while missing */
    readonly why: string | null;
  };
};

export type Template = {
  /** role and version: cs/1.2.0 */
  readonly name: string;
  readonly role: string;
  /** the version */
  readonly id: string;
  /** the store's, of the last change of its record; the object's ETag */
  readonly revision: string;
  /** of Ignition’s configuration */
  readonly ignitionVersion: string;
  /** it is the highest of its role: machines boot with it unless a boot rule names another */
  readonly boots: boolean;
  /** an Ignition configuration with templates in it */
  readonly template: Readonly<Record<string, unknown>>;
  readonly meta: Readonly<Record<string, unknown>> | null;
  /** whether machines of the role can boot with it; a few are tried */
  readonly renders: {
    /** with so many registered machines of the role */
    readonly tried: number;
    readonly problems: ReadonlyArray<{
      readonly serial: string;
      readonly text: string;
    }>;
  };
};

export type Event = {
  /** its name; ascending in time */
  readonly id: string;
  /** the store's, of the change itself */
  readonly revision: string;
  readonly at: string;
  /** who: a token, a part of the program, or what a client said */
  readonly user: string;
  /** where the request came from */
  readonly ip: string;
  /** the server that took it */
  readonly host: string;
  /** machines, ipam, image, brakes, … */
  readonly category: string;
  /** what was changed: a serial, a name */
  readonly instance: string;
  readonly action: string;
  readonly detail: string;
  /** id of the token that proved the user */
  readonly token?: string;
  /** id of the request */
  readonly request?: string;
  /** what it was, where that is small */
  readonly before?: unknown;
  /** what it became, where that is small */
  readonly after?: unknown;
};

export type KernelParams = {
  /** the operating system, such as coreos */
  readonly os: string;
  /** the store's, of the last change; the object's ETag */
  readonly revision: string;
  /** as they stand on the command line; empty text is valid */
  readonly params: string;
};

export type Network = {
  /** the name of a network, as in rack-3 */
  readonly name: string;
  /** the store's, of the last change; the object's ETag */
  readonly revision: string;
  /** as in 10.69.0.0/20; of networks one within the other the narrower counts */
  readonly cidr: string;
  /** server: lends addresses; proxy: names boot files beside a DHCP server of others, and lends nothing; off: answers nothing */
  readonly mode: "server" | "proxy" | "off";
  /** what becomes of machines nobody registered: off: nothing; ask: a person approves; rules: rules may */
  readonly discovery: "off" | "ask" | "rules";
  /** for people; may be empty */
  readonly note: string;
  /** no record: the node pool, served because there are an IPAM and a DHCP configuration, as with Sabakan */
  readonly implicit: boolean;
  /** DHCP and PXE servers with an address in it that are none of ours; changes without a revision */
  readonly otherServers: ReadonlyArray<{
    /** as it calls itself (option 54) */
    readonly address: string;
    /** where it was heard: an interface of the server that answers, or a relay */
    readonly via: string;
    /** it lends addresses */
    readonly dhcp: boolean;
    /** it names boot files */
    readonly pxe: boolean;
    /** the last one */
    readonly bootFile: string | null;
    readonly messages: number;
    readonly firstAt: string;
    readonly lastAt: string;
  }>;
};

export type Channel = {
  readonly name: string;
  /** the store's, of the last change of its record; the object's ETag */
  readonly revision: string;
  /** the id of an image; kernel and initrd of a boot both come from it; null: not pinned */
  readonly image: string | null;
  /** in place of the stored kernel parameters, not after them; null: not pinned */
  readonly kernelParams: string | null;
  /** by role, a version of its Ignition template */
  readonly templates: Readonly<Record<string, string>>;
};

export type BootRule = {
  readonly name: string;
  /** the store's, of the last change of its record; the object's ETag */
  readonly revision: string;
  /** machines for which all of it holds */
  readonly match: {
    /** one of these; empty: any machine */
    readonly serials: readonly string[];
    /** null: any role */
    readonly role: string | null;
    /** all of these labels */
    readonly labels: Readonly<Record<string, string>>;
  };
  /** the channel they follow; what the rule pins itself goes before what it says */
  readonly channel: string | null;
  /** the id of an image; kernel and initrd of a boot both come from it; null: not pinned */
  readonly image: string | null;
  /** in place of the stored kernel parameters, not after them; null: not pinned */
  readonly kernelParams: string | null;
  /** by role, a version of its Ignition template */
  readonly templates: Readonly<Record<string, string>>;
};

export type Capture = {
  /** as it was asked for */
  readonly of: string;
  /** the hardware address it boots with */
  readonly mac: string;
  /** which server saw it; each records what it sees itself, so ask the others too */
  readonly server: string;
  /** how many are recorded */
  readonly messages: number;
  /** RFC 3339 */
  readonly firstAt: string;
  /** RFC 3339 */
  readonly lastAt: string;
  /** the file that Wireshark opens, in base64 */
  readonly pcapng: string;
};

export type Token = {
  /** stands in the token itself and in the audit log */
  readonly id: string;
  /** the store's, of its last change */
  readonly revision: string;
  /** of whom it is for; the user in the audit log */
  readonly name: string;
  /** each may do what the ones before it may */
  readonly role: "viewer" | "operator" | "admin";
  readonly state: "active" | "expired" | "revoked";
  readonly createdBy: string;
  /** RFC 3339: when it was made */
  readonly createdAt: string;
  /** RFC 3339: when it ends */
  readonly expiresAt: string;
  /** RFC 3339: when somebody ended it; null: nobody has */
  readonly revokedAt: string | null;
  /** RFC 3339: when it was used last on this very server since its start, or null */
  readonly lastUsedAt: string | null;
  /** addresses and networks it may be used from; empty: from anywhere */
  readonly networks: readonly string[];
};

export type Brake = {
  /** `manual` is the one that operators put on */
  readonly name: string;
  /** the store's, of its last change */
  readonly revision: string;
  /** who put it on */
  readonly by: "health" | "cluster" | "operator";
  /** health: machines are asked, but their states stay; cluster: nobody joins, leaves or is swapped, only taints change; everything: both */
  readonly holds: "health" | "cluster" | "everything";
  readonly state: "holding" | "lifted";
  /** why it stands, with its figures; of `manual`, the reason */
  readonly text: string;
  /** when it began to hold */
  readonly since: string;
  /** what takes it off */
  readonly release: string;
  /** whether an operator may lift it */
  readonly liftable: boolean;
  /** who put `manual` on */
  readonly user: string | null;
  readonly expires: string | null;
  readonly lift: {
    readonly user: string;
    readonly reason: string;
    /** when it was said */
    readonly at: string;
    /** until when the brake is passed over; it holds again then if it still stands */
    readonly expires: string;
  } | null;
};

export type Discovery = {
  /** its MAC address with hyphens */
  readonly id: string;
  /** the store's, of its last change; the object's ETag */
  readonly revision: string;
  readonly state: "waiting" | "approved" | "rejected";
  /** it is to be registered under: what was edited, else what its firmware says */
  readonly serial: string | null;
  readonly mac: string;
  /** when it was noticed */
  readonly firstSeen: string;
  /** to a minute */
  readonly lastSeen: string;
  /** it follows our scripts: it reached iPXE, and did not only ask for an address */
  readonly confirmed: boolean;
  readonly signs: ReadonlyArray<"dhcp" | "tftp" | "ipxe" | "facts">;
  /** what it says of itself; nothing proves it */
  readonly claims: {
    /** SMBIOS */
    readonly serial: string | null;
    /** SMBIOS */
    readonly uuid: string | null;
    /** SMBIOS */
    readonly manufacturer: string | null;
    /** SMBIOS */
    readonly product: string | null;
    /** SMBIOS */
    readonly asset: string | null;
    /** of all its network cards */
    readonly macs: readonly string[];
    /** DHCP option 60 */
    readonly vendorClass: string | null;
    /** DHCP option 77 */
    readonly userClass: string | null;
    /** DHCP option 93 */
    readonly architecture: string | null;
    /** of its iPXE */
    readonly buildarch: string | null;
    /** of its iPXE: efi or pcbios */
    readonly platform: string | null;
    /** DHCP option 12 */
    readonly hostName: string | null;
  };
  readonly place: {
    /** it was lent or asks from */
    readonly address: string | null;
    /** the name of its network */
    readonly network: string | null;
    /** the relay agent it came over */
    readonly relay: string | null;
    /** option 82 sub-option 1, often the port of a switch */
    readonly circuit: string | null;
    /** option 82 sub-option 2, often the switch */
    readonly remote: string | null;
    /** of the server, where it came in */
    readonly interface: string | null;
    /** lease: its address is leased to its MAC address; claim: nothing tells */
    readonly proof: string | null;
  };
  readonly rackGuess: {
    readonly rack: number;
    /** what tells so */
    readonly by: string;
  } | null;
  /** what was edited */
  readonly wish: {
    /** in place of its own */
    readonly serial: string | null;
    /** it is to have */
    readonly role: string | null;
    readonly rack: number | null;
    readonly labels: Readonly<Record<string, string>> | null;
    /** the type of its BMC */
    readonly bmcType: string | null;
  };
  readonly conflict: {
    readonly kind: "serial-missing" | "serial-default" | "serial-invalid" | "serial-duplicate" | "serial-registered" | "mac-duplicate";
    /** what is in the way */
    readonly text: string;
    /** what a person can do */
    readonly todo: string;
  } | null;
  /** the rule that would decide about it */
  readonly rule: string | null;
  readonly decision: {
    /** when */
    readonly at: string;
    /** a person, an address, or `rule NAME` */
    readonly by: string;
    /** the rule that said so */
    readonly rule: string | null;
    readonly text: string;
    /** of the machine that it is now */
    readonly serial: string | null;
  } | null;
  readonly factsAt: string | null;
  /** what the discovery image found, in its own form; null: none has looked */
  readonly facts: unknown;
};

export type DiscoveryRule = {
  readonly name: string;
  /** the store's, of its last change; the object's ETag */
  readonly revision: string;
  /** lower ones are asked first; equal ones by name; the first that matches decides */
  readonly order: number;
  /** all that are given must match */
  readonly match: {
    /** the serial number: * is any text, ? one character */
    readonly serial?: string;
    /** of SMBIOS: * is any text, ? one character */
    readonly manufacturer?: string;
    /** of SMBIOS: * is any text, ? one character */
    readonly product?: string;
    /** DHCP option 60: * is any text, ? one character */
    readonly vendorClass?: string;
    /** as in 52:54:00 */
    readonly macPrefix?: string;
    /** the name of its network: * is any text, ? one character */
    readonly network?: string;
    readonly rack?: number;
  };
  /** without rack: the rack it is guessed to be in */
  readonly approve?: {
    readonly role: string;
    readonly rack?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly bmcType?: string;
  };
  readonly reject?: {
    readonly reason: string;
  };
};

export type ClusterPlan = {
  /** of the cluster in its template; `cluster` where that has none */
  readonly name: string;
  /** grows with every difference that this server has seen; the store's, or beyond */
  readonly revision: string;
  /** false: what the leader would do, as this server sees it */
  readonly leading: boolean;
  readonly madeAt: string | null;
  /** of the cluster as it was written last */
  readonly generation: number;
  /** whether a write is due */
  readonly pending: boolean;
  readonly problem: string | null;
  /** from the cluster as it was written last */
  readonly changes: ReadonlyArray<{
    readonly kind: string;
    readonly serial: string;
    readonly text: string;
  }>;
  readonly swaps: ReadonlyArray<{
    /** serial of the worker that goes */
    readonly failed: string;
    /** serial of the one that takes its place */
    readonly newcomer: string;
    readonly stage: string;
    readonly text: string;
  }>;
  /** what holds it back */
  readonly refusals: ReadonlyArray<{
    readonly kind: string;
    readonly holds: "everything" | "all-but-taints";
    readonly text: string;
    /** the figures behind it, by name */
    readonly numbers: Readonly<Record<string, number>>;
    /** what would let the plan go on */
    readonly release: string;
  }>;
  /** what would, had not a person overruled it for a while */
  readonly overruled: ReadonlyArray<{
    readonly kind: string;
    readonly holds: "everything" | "all-but-taints";
    readonly text: string;
    /** the figures behind it, by name */
    readonly numbers: Readonly<Record<string, number>>;
    /** what would let the plan go on */
    readonly release: string;
  }>;
  readonly waitingFor: ReadonlyArray<{
    readonly text: string;
  }>;
  /** of the machines that are to be control planes */
  readonly controlPlanes: readonly string[];
  /** of those that are to be workers */
  readonly workers: readonly string[];
  /** on every machine */
  readonly decisions: ReadonlyArray<{
    readonly serial: string;
    readonly is: "control-plane" | "worker" | "out";
    /** why */
    readonly text: string;
  }>;
  /** of this server, the newest last */
  readonly writes: ReadonlyArray<{
    /** when */
    readonly at: string;
    readonly generation: number;
    readonly inventoryRevision: string;
    readonly changes: readonly string[];
  }>;
};

export type Operation = {
  /** the id of the operation; ids ascend with the time they began */
  readonly id: string;
  /** the store's, of the last change; the object's ETag */
  readonly revision: string;
  /** operationId of the request that began it */
  readonly kind: string;
  /** who asked for it */
  readonly by: string;
  /** which server does it */
  readonly server: string;
  /** interrupted: its server is gone; what is done is done */
  readonly state: "running" | "succeeded" | "failed" | "cancelled" | "interrupted";
  /** when it began */
  readonly startedAt: string;
  /** when its server was last heard of */
  readonly updatedAt: string;
  readonly endedAt: string | null;
  /** somebody asked it to end early */
  readonly isCancelAsked: boolean;
  readonly progress: {
    /** so far */
    readonly done: number;
    /** to be done */
    readonly total: number;
    /** such as machines */
    readonly unit: string;
  };
  /** what the request would have been answered; of its items those that failed, 500 at most. Null while it runs */
  readonly result: unknown;
};

/** What the operations name; others are possible. */
export type ProblemKind =
  | 'asset-differs'
  | 'asset-invalid'
  | 'asset-raced'
  | 'asset-too-large'
  | 'asset-unknown'
  | 'bad-request'
  | 'body-too-large'
  | 'boot-policy-full'
  | 'boot-rule-unknown'
  | 'boot-rules-tied'
  | 'boot-slot-taken'
  | 'brake-fixed'
  | 'brake-unknown'
  | 'bulk-refused'
  | 'change-forbidden'
  | 'channel-unknown'
  | 'contended'
  | 'count-differs'
  | 'cursor-gone'
  | 'discovery-conflict'
  | 'discovery-invalid'
  | 'discovery-rule-invalid'
  | 'discovery-rule-unknown'
  | 'discovery-rules-too-many'
  | 'discovery-settled'
  | 'discovery-unknown'
  | 'disk-keys-exist'
  | 'history-gone'
  | 'image-deleted-lately'
  | 'image-differs'
  | 'image-invalid'
  | 'image-too-large'
  | 'image-unknown'
  | 'invalid'
  | 'ipam-missing'
  | 'kernel-params-invalid'
  | 'kernel-params-unknown'
  | 'lease-moved'
  | 'lease-unknown'
  | 'length-missing'
  | 'machine-exists'
  | 'machine-unknown'
  | 'machines-exist'
  | 'machines-refused'
  | 'media-type-unknown'
  | 'network-exists'
  | 'network-invalid'
  | 'network-unknown'
  | 'networks-too-many'
  | 'not-as-expected'
  | 'not-found'
  | 'not-live'
  | 'not-retired'
  | 'operation-ended'
  | 'operation-unknown'
  | 'operations-busy'
  | 'os-invalid'
  | 'outcome-unknown'
  | 'outside-pool'
  | 'pin-missing'
  | 'precondition-failed'
  | 'precondition-missing'
  | 'rack-full'
  | 'record-broken'
  | 'serial-repeated'
  | 'shelf-failed'
  | 'still-named'
  | 'store-unavailable'
  | 'template-broken'
  | 'template-exists'
  | 'template-invalid'
  | 'template-unknown'
  | 'token-unknown'
  | 'tokens-too-many'
  | 'too-large'
  | 'transition-forbidden'
  | 'upload-broken'
  | 'uploads-busy'
  | 'watchers-busy'
  | (string & {});

export type Calls = {
  /** machines in pages, all of one moment. Needs the role viewer. */
  listMachines: {
    args: {
      /** how many at most, 1 to 5000; 500 when absent */
      limit?: number | string;
      /** what to keep of each object, comma-separated: columns (serial, rack, indexInRack, role, state, since, bmcType, ipv4, registerDate, retireDate, held) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** columns, comma-separated, a minus before one for descending; by name when absent. Columns: serial, rack, indexInRack, role, state, since, bmcType, ipv4, registerDate, retireDate, held */
      sort?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: serial, rack, indexInRack, role, state, since, bmcType, ipv4, registerDate, retireDate, held */
      fieldSelector?: string;
      /** Kubernetes selector over labels, as in product=R650,!broken */
      labelSelector?: string;
    };
    item: Machine;
  };
  /** one machine; its ETag is its revision. Needs the role viewer. */
  getMachine: {
    args: {
      /** the serial number of a machine; upper and lower case matter */
      serial: string | number;
    };
    answer: Machine;
  };
  /** changes of machines as server-sent events, from a revision on. Needs the role viewer. */
  watchMachines: {
    args: {
      /** `revision` of a list, or the id of the last event; the header Last-Event-ID counts more; from now on when absent */
      from?: string;
      /** what to keep of each object, comma-separated: columns (serial, rack, indexInRack, role, state, since, bmcType, ipv4, registerDate, retireDate, held) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: serial, rack, indexInRack, role, state, since, bmcType, ipv4, registerDate, retireDate, held */
      fieldSelector?: string;
      /** Kubernetes selector over labels, as in product=R650,!broken */
      labelSelector?: string;
    };
    change: Machine;
  };
  /** registers one machine or a list of them, all or none, with index and addresses. Needs the role operator. */
  registerMachines: {
    args: {
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      body: {
        /** SMBIOS serial number, the machine's name */
        readonly serial: string;
        readonly spec: {
          /** logical rack number */
          readonly rack: number;
          readonly role: string;
          readonly labels?: Readonly<Record<string, string>>;
          readonly bmc: {
            readonly type: string;
          };
          /** RFC 3339; default: when it is registered */
          readonly retireDate?: string;
        };
      } | ReadonlyArray<{
        /** SMBIOS serial number, the machine's name */
        readonly serial: string;
        readonly spec: {
          /** logical rack number */
          readonly rack: number;
          readonly role: string;
          readonly labels?: Readonly<Record<string, string>>;
          readonly bmc: {
            readonly type: string;
          };
          /** RFC 3339; default: when it is registered */
          readonly retireDate?: string;
        };
      }>;
      /** the revision you know, or * */
      ifMatch?: string;
    };
    answer: {
      readonly items: readonly Machine[];
    };
  };
  /** labels, retire date, rack, role, BMC type and state of a machine, all at once or not at all (RFC 7396); rack and role change while it is uninitialized, retiring or retired. Needs the role operator. */
  patchMachine: {
    args: {
      /** the serial number of a machine; upper and lower case matter */
      serial: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      /** true: rack and role change in every state; clusters know a node by its address and lose it */
      evenInUse?: boolean;
      body: {
        readonly spec?: {
          readonly labels?: Readonly<Record<string, string | null>>;
          /** RFC 3339, as in 2031-04-01T00:00:00Z */
          readonly retireDate?: string;
          /** keeps automation off the machine; null releases it */
          readonly hold?: {
            readonly reason: string;
            /** RFC 3339; absent: until it is released. Replaces what was set before */
            readonly until?: string;
          } | null;
          /** another rack is another index and other addresses */
          readonly rack?: number;
          /** boot has a slot of its own in a rack */
          readonly role?: string;
          readonly bmc?: {
            readonly type: string;
          };
        };
        readonly status?: {
          readonly state: "uninitialized" | "healthy" | "unhealthy" | "unreachable" | "updating" | "retiring" | "retired";
          readonly reason?: {
            /** one sentence, kept until the next change of state */
            readonly text: string;
          };
        };
      };
      /** the revision you know, or * */
      ifMatch: string;
    };
    answer: Machine;
  };
  /** removes a retired machine; its index and addresses are free again. Needs the role operator. */
  deleteMachine: {
    args: {
      /** the serial number of a machine; upper and lower case matter */
      serial: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      /** the revision you know, or * */
      ifMatch: string;
    };
    answer: undefined;
  };
  /** the same change of many machines: `patch` as for one of them, or `delete`. Needs the role operator. */
  bulkMachines: {
    args: {
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      body: {
        readonly select: {
          /** serial numbers; not together with selectors */
          readonly names?: readonly string[];
          /** as in lists: product=R650,!broken */
          readonly labelSelector?: string;
          /** as in lists: state=healthy,rack in (1,2) */
          readonly fieldSelector?: string;
          /** every machine there is: an empty selection never means that by itself */
          readonly all?: true;
        };
        /** how many machines you saw selected; with another number nothing is done */
        readonly expect: number;
        readonly patch?: {
          readonly spec?: {
            readonly labels?: Readonly<Record<string, string | null>>;
            /** RFC 3339, as in 2031-04-01T00:00:00Z */
            readonly retireDate?: string;
            /** keeps automation off the machine; null releases it */
            readonly hold?: {
              readonly reason: string;
              /** RFC 3339; absent: until it is released. Replaces what was set before */
              readonly until?: string;
            } | null;
            /** another rack is another index and other addresses */
            readonly rack?: number;
            /** boot has a slot of its own in a rack */
            readonly role?: string;
            readonly bmc?: {
              readonly type: string;
            };
          };
          readonly status?: {
            readonly state: "uninitialized" | "healthy" | "unhealthy" | "unreachable" | "updating" | "retiring" | "retired";
            readonly reason?: {
              /** one sentence, kept until the next change of state */
              readonly text: string;
            };
          };
        };
        /** removes them; each must be retired */
        readonly delete?: true;
        /** all in one commit or none; default: each by itself, with its own outcome */
        readonly atomic?: boolean;
      };
      /** the revision you know, or * */
      ifMatch?: string;
    };
    answer: {
      /** machines */
      readonly selected: number;
      /** of them */
      readonly changed: number;
      /** that were so already */
      readonly unchanged: number;
      /** that were refused, each with its problem */
      readonly failed: number;
      /** that were not come to, since it was cancelled */
      readonly skipped: number;
      /** the store's, of the last of these changes */
      readonly revision: string;
      readonly items: ReadonlyArray<{
        /** the serial number */
        readonly name: string;
        readonly outcome: "changed" | "unchanged" | "failed" | "skipped";
        /** of the commit */
        readonly revision?: string;
        readonly problem?: {
          readonly type: string;
          readonly status: number;
          readonly detail: string;
        };
      }>;
    };
  };
  /** what is known and decided about one machine: health, its place in the cluster, swaps. Needs the role viewer. */
  explainMachine: {
    args: {
      /** the serial number of a machine; upper and lower case matter */
      serial: string | number;
    };
    answer: {
      readonly machine: Machine;
      readonly nextStates: ReadonlyArray<"uninitialized" | "healthy" | "unhealthy" | "unreachable" | "updating" | "retiring" | "retired">;
      /** its last boot, without the steps; null: none was seen */
      readonly boot: Boot | null;
      /** null on servers that do not lead */
      readonly health: unknown;
      /** null where no cluster is kept */
      readonly cluster: unknown;
      /** the replacement it takes part in, or null */
      readonly swap: unknown;
    };
  };
  /** the Ignition document of a machine, without booting it. Needs the role viewer. */
  previewIgnition: {
    args: {
      /** the serial number of a machine; upper and lower case matter */
      serial: string | number;
      /** a version of its role’s template; default: the one it boots with */
      template?: string;
    };
    answer: {
      readonly ignition: {
        readonly version: string;
      };
    };
  };
  /** the Ignition document of a machine by a template that is not stored. Needs the role operator. */
  tryIgnition: {
    args: {
      /** the serial number of a machine; upper and lower case matter */
      serial: string | number;
      body: {
        /** of Ignition’s configuration: 2.2, 2.3, 3.0 to 3.5 */
        readonly version: string;
        /** an Ignition configuration with templates in it */
        readonly template: Readonly<Record<string, unknown>>;
        readonly meta?: Readonly<Record<string, unknown>> | null;
      };
      /** the revision you know, or * */
      ifMatch?: string;
    };
    answer: {
      readonly ignition: {
        readonly version: string;
      };
    };
  };
  /** racks in pages, all of one moment. Needs the role viewer. */
  listRacks: {
    args: {
      /** how many at most, 1 to 5000; 500 when absent */
      limit?: number | string;
      /** what to keep of each object, comma-separated: columns (rack, machines, workers, boot, healthy, unhealthy, unreachable) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** columns, comma-separated, a minus before one for descending; by name when absent. Columns: rack, machines, workers, boot, healthy, unhealthy, unreachable */
      sort?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: rack, machines, workers, boot, healthy, unhealthy, unreachable */
      fieldSelector?: string;
    };
    item: Rack;
  };
  /** one rack; its ETag is its revision. Needs the role viewer. */
  getRack: {
    args: {
      /** the logical rack number */
      rack: string | number;
    };
    answer: Rack;
  };
  /** changes of racks as server-sent events, from a revision on. Needs the role viewer. */
  watchRacks: {
    args: {
      /** `revision` of a list, or the id of the last event; the header Last-Event-ID counts more; from now on when absent */
      from?: string;
      /** what to keep of each object, comma-separated: columns (rack, machines, workers, boot, healthy, unhealthy, unreachable) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: rack, machines, workers, boot, healthy, unhealthy, unreachable */
      fieldSelector?: string;
    };
    change: Rack;
  };
  /** leases in pages, all of one moment. Needs the role viewer. */
  listLeases: {
    args: {
      /** how many at most, 1 to 5000; 500 when absent */
      limit?: number | string;
      /** what to keep of each object, comma-separated: columns (address, mac, serial, state, expires, rack, range) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** columns, comma-separated, a minus before one for descending; by name when absent. Columns: address, mac, serial, state, expires, rack, range */
      sort?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: address, mac, serial, state, expires, rack, range */
      fieldSelector?: string;
      /** true: list what can be read and name the rest in `missing`; else a list is whole or an error */
      partial?: boolean;
    };
    item: Lease;
  };
  /** one lease; its ETag is its revision. Needs the role viewer. */
  getLease: {
    args: {
      /** an IPv4 address */
      address: string | number;
    };
    answer: Lease;
  };
  /** changes of leases as server-sent events, from a revision on. Needs the role viewer. */
  watchLeases: {
    args: {
      /** `revision` of a list, or the id of the last event; the header Last-Event-ID counts more; from now on when absent */
      from?: string;
      /** what to keep of each object, comma-separated: columns (address, mac, serial, state, expires, rack, range) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: address, mac, serial, state, expires, rack, range */
      fieldSelector?: string;
    };
    change: Lease;
  };
  /** ends a lease at once, or gives a declined address back; one that has ended stays so. Needs the role operator. */
  releaseLease: {
    args: {
      /** an IPv4 address */
      address: string | number;
      /** only while this client has it, as in 52:54:00:12:34:56 */
      mac?: string;
      /** true: decide on what is stored now, write nothing */
      dryRun?: boolean;
      /** the revision you know, or * */
      ifMatch?: string;
    };
    answer: undefined;
  };
  /** boots in pages, all of one moment. Needs the role viewer. */
  listBoots: {
    args: {
      /** how many at most, 1 to 5000; 500 when absent */
      limit?: number | string;
      /** what to keep of each object, comma-separated: columns (id, serial, mac, state, firmware, began, reached, awaited, current) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** columns, comma-separated, a minus before one for descending; by name when absent. Columns: id, serial, mac, state, firmware, began, reached, awaited, current */
      sort?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: id, serial, mac, state, firmware, began, reached, awaited, current */
      fieldSelector?: string;
    };
    item: Boot;
  };
  /** one boot; its ETag is its revision. Needs the role viewer. */
  getBoot: {
    args: {
      /** the id of a boot; a hardware address or a serial number means the last boot of that machine */
      boot: string | number;
    };
    answer: Boot;
  };
  /** changes of boots as server-sent events, from a revision on. Needs the role viewer. */
  watchBoots: {
    args: {
      /** `revision` of a list, or the id of the last event; the header Last-Event-ID counts more; from now on when absent */
      from?: string;
      /** what to keep of each object, comma-separated: columns (id, serial, mac, state, firmware, began, reached, awaited, current) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: id, serial, mac, state, firmware, began, reached, awaited, current */
      fieldSelector?: string;
    };
    change: Boot;
  };
  /** subnets in pages, all of one moment. Needs the role viewer. */
  listSubnets: {
    args: {
      /** how many at most, 1 to 5000; 500 when absent */
      limit?: number | string;
      /** what to keep of each object, comma-separated: columns (name, kind, rack, network, used, free) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** columns, comma-separated, a minus before one for descending; by name when absent. Columns: name, kind, rack, network, used, free */
      sort?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: name, kind, rack, network, used, free */
      fieldSelector?: string;
      /** true: list what can be read and name the rest in `missing`; else a list is whole or an error */
      partial?: boolean;
    };
    item: Subnet;
  };
  /** one subnet; its ETag is its revision. Needs the role viewer. */
  getSubnet: {
    args: {
      /** the name of a subnet, as in node-3-0 */
      name: string | number;
    };
    answer: Subnet;
  };
  /** changes of subnets as server-sent events, from a revision on. Needs the role viewer. */
  watchSubnets: {
    args: {
      /** `revision` of a list, or the id of the last event; the header Last-Event-ID counts more; from now on when absent */
      from?: string;
      /** what to keep of each object, comma-separated: columns (name, kind, rack, network, used, free) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: name, kind, rack, network, used, free */
      fieldSelector?: string;
    };
    change: Subnet;
  };
  /** config in pages, all of one moment. Needs the role viewer. */
  listConfig: {
    args: {
      /** how many at most, 1 to 5000; 500 when absent */
      limit?: number | string;
      /** what to keep of each object, comma-separated: columns (name) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** columns, comma-separated, a minus before one for descending; by name when absent. Columns: name */
      sort?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: name */
      fieldSelector?: string;
    };
    item: Config;
  };
  /** one config; its ETag is its revision. Needs the role viewer. */
  getConfig: {
    args: {
      /** ipam or dhcp */
      name: string | number;
    };
    answer: Config;
  };
  /** changes of config as server-sent events, from a revision on. Needs the role viewer. */
  watchConfig: {
    args: {
      /** `revision` of a list, or the id of the last event; the header Last-Event-ID counts more; from now on when absent */
      from?: string;
      /** what to keep of each object, comma-separated: columns (name) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: name */
      fieldSelector?: string;
    };
    change: Config;
  };
  /** sets a configuration; replacing it takes If-Match. The network plan stays while any machine is registered. Needs the role operator. */
  putConfig: {
    args: {
      /** ipam or dhcp */
      name: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      body: {
        /** of ipam the network plan, of dhcp what DHCP tells clients */
        readonly spec: {
          /** machines of a rack, beside its boot machine */
          readonly 'max-nodes-in-rack': number;
          /** the network that node addresses are taken from */
          readonly 'node-ipv4-pool': string;
          /** where in it the first rack begins; absent: 0.0.0.0 */
          readonly 'node-ipv4-offset'?: string;
          /** bits: a block has two to the power of it */
          readonly 'node-ipv4-range-size': number;
          /** bits of the netmask of machines */
          readonly 'node-ipv4-range-mask': number;
          /** blocks of a rack: addresses of a machine */
          readonly 'node-ip-per-node': number;
          /** the index of the boot machine */
          readonly 'node-index-offset': number;
          /** where in its network the gateway is */
          readonly 'node-gateway-offset': number;
          /** the network that BMC addresses are taken from */
          readonly 'bmc-ipv4-pool': string;
          /** where in it the first rack begins; absent: 0.0.0.0 */
          readonly 'bmc-ipv4-offset'?: string;
          /** bits: a rack has two to the power of it */
          readonly 'bmc-ipv4-range-size': number;
          /** bits of the netmask of BMCs */
          readonly 'bmc-ipv4-range-mask': number;
          /** where in its network the gateway is */
          readonly 'bmc-ipv4-gateway-offset': number;
        } | {
          /** obsolete; kept as it came */
          readonly 'gateway-offset'?: number;
          /** 0 stands for an hour */
          readonly 'lease-minutes'?: number;
          readonly 'dns-servers'?: readonly string[];
        };
      };
      /** the revision you know, or * */
      ifMatch?: string;
      /** only if it is not there yet */
      ifNoneMatch?: '*';
    };
    answer: Config;
  };
  /** images in pages, all of one moment. Needs the role viewer. */
  listImages: {
    args: {
      /** how many at most, 1 to 5000; 500 when absent */
      limit?: number | string;
      /** what to keep of each object, comma-separated: columns (os, id, date, sizeBytes, newest, servers) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** columns, comma-separated, a minus before one for descending; by name when absent. Columns: os, id, date, sizeBytes, newest, servers */
      sort?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: os, id, date, sizeBytes, newest, servers */
      fieldSelector?: string;
    };
    item: Image;
  };
  /** one image; its ETag is its revision. Needs the role viewer. */
  getImage: {
    args: {
      /** the operating system: coreos */
      os: string | number;
      /** the id: letters, digits, dots and hyphens */
      id: string | number;
    };
    answer: Image;
  };
  /** changes of images as server-sent events, from a revision on. Needs the role viewer. */
  watchImages: {
    args: {
      /** `revision` of a list, or the id of the last event; the header Last-Event-ID counts more; from now on when absent */
      from?: string;
      /** what to keep of each object, comma-separated: columns (os, id, date, sizeBytes, newest, servers) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: os, id, date, sizeBytes, newest, servers */
      fieldSelector?: string;
    };
    change: Image;
  };
  /** stores a boot image; it never changes, and the same content once more is no mistake. Needs the role operator. */
  putImage: {
    args: {
      /** the operating system: coreos */
      os: string | number;
      /** the id: letters, digits, dots and hyphens */
      id: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      /** the octets */
      body: Uint8Array | AsyncIterable<Uint8Array>;
      /** the revision you know, or * */
      ifMatch?: string;
      /** only if it is not there yet */
      ifNoneMatch?: '*';
    };
    answer: Image;
  };
  /** removes a boot image from all servers; its id cannot come back for a while. Needs the role operator. */
  deleteImage: {
    args: {
      /** the operating system: coreos */
      os: string | number;
      /** the id: letters, digits, dots and hyphens */
      id: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      /** the revision you know, or * */
      ifMatch: string;
    };
    answer: undefined;
  };
  /** assets in pages, all of one moment. Needs the role viewer. */
  listAssets: {
    args: {
      /** how many at most, 1 to 5000; 500 when absent */
      limit?: number | string;
      /** what to keep of each object, comma-separated: columns (name, id, contentType, date, sizeBytes, sha256, servers) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** columns, comma-separated, a minus before one for descending; by name when absent. Columns: name, id, contentType, date, sizeBytes, sha256, servers */
      sort?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: name, id, contentType, date, sizeBytes, sha256, servers */
      fieldSelector?: string;
    };
    item: Asset;
  };
  /** one asset; its ETag is its revision. Needs the role viewer. */
  getAsset: {
    args: {
      /** the name: up to 255 octets without slashes and control characters */
      name: string | number;
    };
    answer: Asset;
  };
  /** changes of assets as server-sent events, from a revision on. Needs the role viewer. */
  watchAssets: {
    args: {
      /** `revision` of a list, or the id of the last event; the header Last-Event-ID counts more; from now on when absent */
      from?: string;
      /** what to keep of each object, comma-separated: columns (name, id, contentType, date, sizeBytes, sha256, servers) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: name, id, contentType, date, sizeBytes, sha256, servers */
      fieldSelector?: string;
    };
    change: Asset;
  };
  /** stores an asset; replacing one takes If-Match. Needs the role operator. */
  putAsset: {
    args: {
      /** the name: up to 255 octets without slashes and control characters */
      name: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      /** the octets */
      body: Uint8Array | AsyncIterable<Uint8Array>;
      /** the revision you know, or * */
      ifMatch?: string;
      /** only if it is not there yet */
      ifNoneMatch?: '*';
    };
    answer: Asset;
  };
  /** removes an asset from all servers. Needs the role operator. */
  deleteAsset: {
    args: {
      /** the name: up to 255 octets without slashes and control characters */
      name: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      /** the revision you know, or * */
      ifMatch: string;
    };
    answer: undefined;
  };
  /** templates in pages, all of one moment. Needs the role viewer. */
  listTemplates: {
    args: {
      /** how many at most, 1 to 5000; 500 when absent */
      limit?: number | string;
      /** what to keep of each object, comma-separated: columns (role, id, ignitionVersion, boots) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** columns, comma-separated, a minus before one for descending; by name when absent. Columns: role, id, ignitionVersion, boots */
      sort?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: role, id, ignitionVersion, boots */
      fieldSelector?: string;
    };
    item: {
      /** role and version: cs/1.2.0 */
      readonly name: string;
      readonly role: string;
      /** the version */
      readonly id: string;
      /** the store's, of the last change of its record; the object's ETag */
      readonly revision: string;
      /** of Ignition’s configuration */
      readonly ignitionVersion: string;
      /** it is the highest of its role: machines boot with it unless a boot rule names another */
      readonly boots: boolean;
    };
  };
  /** one template; its ETag is its revision. Needs the role viewer. */
  getTemplate: {
    args: {
      /** the role */
      role: string | number;
      /** the version, such as 1.2.0 */
      id: string | number;
    };
    answer: Template;
  };
  /** changes of templates as server-sent events, from a revision on. Needs the role viewer. */
  watchTemplates: {
    args: {
      /** `revision` of a list, or the id of the last event; the header Last-Event-ID counts more; from now on when absent */
      from?: string;
      /** what to keep of each object, comma-separated: columns (role, id, ignitionVersion, boots) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: role, id, ignitionVersion, boots */
      fieldSelector?: string;
    };
    change: {
      /** role and version: cs/1.2.0 */
      readonly name: string;
      readonly role: string;
      /** the version */
      readonly id: string;
      /** the store's, of the last change of its record; the object's ETag */
      readonly revision: string;
      /** of Ignition’s configuration */
      readonly ignitionVersion: string;
      /** it is the highest of its role: machines boot with it unless a boot rule names another */
      readonly boots: boolean;
    };
  };
  /** stores a template under a new version; versions never change. Needs the role operator. */
  putTemplate: {
    args: {
      /** the role */
      role: string | number;
      /** the version, such as 1.2.0 */
      id: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      body: {
        /** of Ignition’s configuration: 2.2, 2.3, 3.0 to 3.5 */
        readonly ignitionVersion: string;
        /** an Ignition configuration with templates in it */
        readonly template: Readonly<Record<string, unknown>>;
        readonly meta?: Readonly<Record<string, unknown>> | null;
      };
      /** the revision you know, or * */
      ifMatch?: string;
      /** only if it is not there yet */
      ifNoneMatch?: '*';
    };
    answer: Template;
  };
  /** removes a version; the highest that is left boots the role’s machines. Needs the role operator. */
  deleteTemplate: {
    args: {
      /** the role */
      role: string | number;
      /** the version, such as 1.2.0 */
      id: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      /** the revision you know, or * */
      ifMatch: string;
    };
    answer: undefined;
  };
  /** who changed what, newest first, in pages. Needs the role viewer. */
  listEvents: {
    args: {
      /** how many at most, 1 to 1000; 100 when absent */
      limit?: number | string;
      /** RFC 3339: not before */
      since?: string;
      /** RFC 3339: before */
      until?: string;
      /** the kind of thing: machines, image, brakes, … */
      category?: string;
      /** what was changed: a serial, a name */
      instance?: string;
      /** who changed it */
      user?: string;
      /** what was done, as in set-state */
      action?: string;
      /** a serial: what was done to this machine and its disk keys */
      machine?: string;
    };
    item: Event;
  };
  /** one event; its ETag is its revision. Needs the role viewer. */
  getEvent: {
    args: {
      /** the id of an event */
      id: string | number;
    };
    answer: Event;
  };
  /** changes of events as server-sent events, from a revision on. Needs the role viewer. */
  watchEvents: {
    args: {
      /** `revision` of a list, or the id of the last event; the header Last-Event-ID counts more; from now on when absent */
      from?: string;
      /** what to keep of each object, comma-separated: columns (category, instance, user, action) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: category, instance, user, action */
      fieldSelector?: string;
    };
    change: Event;
  };
  /** kernel-params in pages, all of one moment. Needs the role viewer. */
  listKernelParams: {
    args: {
      /** how many at most, 1 to 5000; 500 when absent */
      limit?: number | string;
      /** what to keep of each object, comma-separated: columns (os, params) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** columns, comma-separated, a minus before one for descending; by name when absent. Columns: os, params */
      sort?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: os, params */
      fieldSelector?: string;
    };
    item: KernelParams;
  };
  /** one kernel-params; its ETag is its revision. Needs the role viewer. */
  getKernelParams: {
    args: {
      /** the operating system, such as coreos */
      os: string | number;
    };
    answer: KernelParams;
  };
  /** changes of kernel-params as server-sent events, from a revision on. Needs the role viewer. */
  watchKernelParams: {
    args: {
      /** `revision` of a list, or the id of the last event; the header Last-Event-ID counts more; from now on when absent */
      from?: string;
      /** what to keep of each object, comma-separated: columns (os, params) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: os, params */
      fieldSelector?: string;
    };
    change: KernelParams;
  };
  /** sets the kernel parameters of an operating system; replacing them takes If-Match. Needs the role operator. */
  putKernelParams: {
    args: {
      /** the operating system, such as coreos */
      os: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      body: {
        readonly params: string;
      };
      /** the revision you know, or * */
      ifMatch?: string;
      /** only if it is not there yet */
      ifNoneMatch?: '*';
    };
    answer: KernelParams;
  };
  /** takes the kernel parameters of an operating system away. Needs the role operator. */
  deleteKernelParams: {
    args: {
      /** the operating system, such as coreos */
      os: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      /** the revision you know, or * */
      ifMatch: string;
    };
    answer: undefined;
  };
  /** networks in pages, all of one moment. Needs the role viewer. */
  listNetworks: {
    args: {
      /** how many at most, 1 to 5000; 500 when absent */
      limit?: number | string;
      /** what to keep of each object, comma-separated: columns (name, cidr, mode, discovery, implicit) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** columns, comma-separated, a minus before one for descending; by name when absent. Columns: name, cidr, mode, discovery, implicit */
      sort?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: name, cidr, mode, discovery, implicit */
      fieldSelector?: string;
    };
    item: {
      /** the name of a network, as in rack-3 */
      readonly name: string;
      /** the store's, of the last change; the object's ETag */
      readonly revision: string;
      /** as in 10.69.0.0/20; of networks one within the other the narrower counts */
      readonly cidr: string;
      /** server: lends addresses; proxy: names boot files beside a DHCP server of others, and lends nothing; off: answers nothing */
      readonly mode: "server" | "proxy" | "off";
      /** what becomes of machines nobody registered: off: nothing; ask: a person approves; rules: rules may */
      readonly discovery: "off" | "ask" | "rules";
      /** for people; may be empty */
      readonly note: string;
      /** no record: the node pool, served because there are an IPAM and a DHCP configuration, as with Sabakan */
      readonly implicit: boolean;
    };
  };
  /** one network; its ETag is its revision. Needs the role viewer. */
  getNetwork: {
    args: {
      /** the name of a network, as in rack-3 */
      name: string | number;
    };
    answer: Network;
  };
  /** changes of networks as server-sent events, from a revision on. Needs the role viewer. */
  watchNetworks: {
    args: {
      /** `revision` of a list, or the id of the last event; the header Last-Event-ID counts more; from now on when absent */
      from?: string;
      /** what to keep of each object, comma-separated: columns (name, cidr, mode, discovery, implicit) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: name, cidr, mode, discovery, implicit */
      fieldSelector?: string;
    };
    change: {
      /** the name of a network, as in rack-3 */
      readonly name: string;
      /** the store's, of the last change; the object's ETag */
      readonly revision: string;
      /** as in 10.69.0.0/20; of networks one within the other the narrower counts */
      readonly cidr: string;
      /** server: lends addresses; proxy: names boot files beside a DHCP server of others, and lends nothing; off: answers nothing */
      readonly mode: "server" | "proxy" | "off";
      /** what becomes of machines nobody registered: off: nothing; ask: a person approves; rules: rules may */
      readonly discovery: "off" | "ask" | "rules";
      /** for people; may be empty */
      readonly note: string;
      /** no record: the node pool, served because there are an IPAM and a DHCP configuration, as with Sabakan */
      readonly implicit: boolean;
    };
  };
  /** says how a network is answered; replacing what is said takes If-Match. Needs the role operator. */
  putNetwork: {
    args: {
      /** the name of a network, as in rack-3 */
      name: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      body: {
        /** as in 10.69.0.0/20; of networks one within the other the narrower counts */
        readonly cidr: string;
        /** server: lends addresses; proxy: names boot files beside a DHCP server of others, and lends nothing; off: answers nothing */
        readonly mode: "server" | "proxy" | "off";
        /** what becomes of machines nobody registered: off: nothing; ask: a person approves; rules: rules may */
        readonly discovery?: "off" | "ask" | "rules";
        /** for people */
        readonly note?: string;
      };
      /** the revision you know, or * */
      ifMatch?: string;
      /** only if it is not there yet */
      ifNoneMatch?: '*';
    };
    answer: {
      /** the name of a network, as in rack-3 */
      readonly name: string;
      /** the store's, of the last change; the object's ETag */
      readonly revision: string;
      /** as in 10.69.0.0/20; of networks one within the other the narrower counts */
      readonly cidr: string;
      /** server: lends addresses; proxy: names boot files beside a DHCP server of others, and lends nothing; off: answers nothing */
      readonly mode: "server" | "proxy" | "off";
      /** what becomes of machines nobody registered: off: nothing; ask: a person approves; rules: rules may */
      readonly discovery: "off" | "ask" | "rules";
      /** for people; may be empty */
      readonly note: string;
      /** no record: the node pool, served because there are an IPAM and a DHCP configuration, as with Sabakan */
      readonly implicit: boolean;
    };
  };
  /** takes a network away: it is answered as if it had never been named. Needs the role operator. */
  deleteNetwork: {
    args: {
      /** the name of a network, as in rack-3 */
      name: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      /** the revision you know, or * */
      ifMatch: string;
    };
    answer: undefined;
  };
  /** channels in pages, all of one moment. Needs the role viewer. */
  listChannels: {
    args: {
      /** how many at most, 1 to 5000; 500 when absent */
      limit?: number | string;
      /** what to keep of each object, comma-separated: columns (name, image, kernelParams) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** columns, comma-separated, a minus before one for descending; by name when absent. Columns: name, image, kernelParams */
      sort?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: name, image, kernelParams */
      fieldSelector?: string;
    };
    item: Channel;
  };
  /** one channel; its ETag is its revision. Needs the role viewer. */
  getChannel: {
    args: {
      /** its name, such as stable */
      name: string | number;
    };
    answer: Channel;
  };
  /** changes of channels as server-sent events, from a revision on. Needs the role viewer. */
  watchChannels: {
    args: {
      /** `revision` of a list, or the id of the last event; the header Last-Event-ID counts more; from now on when absent */
      from?: string;
      /** what to keep of each object, comma-separated: columns (name, image, kernelParams) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: name, image, kernelParams */
      fieldSelector?: string;
    };
    change: Channel;
  };
  /** makes a channel; switching it to another image takes If-Match. Needs the role operator. */
  putChannel: {
    args: {
      /** its name, such as stable */
      name: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      body: {
        /** the id of an image; kernel and initrd of a boot both come from it */
        readonly image?: string;
        /** in place of the stored kernel parameters, not after them */
        readonly kernelParams?: string;
        /** by role, a version of its Ignition template */
        readonly templates?: Readonly<Record<string, string>>;
      };
      /** the revision you know, or * */
      ifMatch?: string;
      /** only if it is not there yet */
      ifNoneMatch?: '*';
    };
    answer: Channel;
  };
  /** takes a channel away that no rule follows. Needs the role operator. */
  deleteChannel: {
    args: {
      /** its name, such as stable */
      name: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      /** the revision you know, or * */
      ifMatch: string;
    };
    answer: undefined;
  };
  /** boot-rules in pages, all of one moment. Needs the role viewer. */
  listBootRules: {
    args: {
      /** how many at most, 1 to 5000; 500 when absent */
      limit?: number | string;
      /** what to keep of each object, comma-separated: columns (name, role, channel, image) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** columns, comma-separated, a minus before one for descending; by name when absent. Columns: name, role, channel, image */
      sort?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: name, role, channel, image */
      fieldSelector?: string;
    };
    item: BootRule;
  };
  /** one boot-rule; its ETag is its revision. Needs the role viewer. */
  getBootRule: {
    args: {
      /** its name, such as web-canary */
      name: string | number;
    };
    answer: BootRule;
  };
  /** changes of boot-rules as server-sent events, from a revision on. Needs the role viewer. */
  watchBootRules: {
    args: {
      /** `revision` of a list, or the id of the last event; the header Last-Event-ID counts more; from now on when absent */
      from?: string;
      /** what to keep of each object, comma-separated: columns (name, role, channel, image) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: name, role, channel, image */
      fieldSelector?: string;
    };
    change: BootRule;
  };
  /** makes a rule; one that could tie with another is refused; replacing takes If-Match. Needs the role operator. */
  putBootRule: {
    args: {
      /** its name, such as web-canary */
      name: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      body: {
        /** absent or empty: every machine */
        readonly match?: {
          readonly serials?: readonly string[];
          readonly role?: string;
          /** all of these labels */
          readonly labels?: Readonly<Record<string, string>>;
        };
        /** the channel they follow; what the rule pins itself goes before what it says */
        readonly channel?: string;
        /** the id of an image; kernel and initrd of a boot both come from it */
        readonly image?: string;
        /** in place of the stored kernel parameters, not after them */
        readonly kernelParams?: string;
        /** by role, a version of its Ignition template */
        readonly templates?: Readonly<Record<string, string>>;
      };
      /** the revision you know, or * */
      ifMatch?: string;
      /** only if it is not there yet */
      ifNoneMatch?: '*';
    };
    answer: BootRule;
  };
  /** takes a rule away; its machines boot by the next one, or by default. Needs the role operator. */
  deleteBootRule: {
    args: {
      /** its name, such as web-canary */
      name: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      /** the revision you know, or * */
      ifMatch: string;
    };
    answer: undefined;
  };
  /** what a machine would boot if it asked this server now, and what decides it. Needs the role viewer. */
  explainBoot: {
    args: {
      /** a serial number or a hardware address, registered or not */
      machine: string | number;
      /** x86, x64, arm64, … or a number of DHCP option 93; default: those that have a boot file */
      arch?: string;
      firmware?: "bios" | "uefi" | "uefi-http";
    };
    answer: {
      /** as it was asked for */
      readonly of: string;
      /** null: nobody knows which machine this hardware address is */
      readonly serial: string | null;
      /** the hardware address it boots with; null: none was seen */
      readonly mac: string | null;
      /** nothing that is known now stands in the way */
      readonly boots: boolean;
      /** in the order of a boot; of loaders one for each kind of firmware */
      readonly steps: ReadonlyArray<{
        readonly step: "machine" | "network" | "lease" | "loader" | "image" | "kernel-params" | "template" | "ignition";
        /** a serial, an address, a file, an id; null: there is none */
        readonly value: string | null;
        /** what is decided, as a sentence */
        readonly says: string;
        /** who or what decided it */
        readonly because: string | null;
        /** null: nothing is wrong here */
        readonly problem: {
          readonly text: string;
          /** what to do about it */
          readonly todo: string;
        } | null;
      }>;
    };
  };
  /** what this server recorded of a machine’s last boots, for Wireshark. Needs the role viewer. */
  getCapture: {
    args: {
      /** a serial number or a hardware address, registered or not */
      machine: string | number;
      /** pcapng: the octets of the file alone, in place of JSON */
      format?: "json" | "pcapng";
    };
    answer: Capture;
  };
  /** registers and changes the machines of a CSV, JSON or YAML file of up to 4194304 bytes, all or none. With `If-Match: ETag-of-a-preview` exactly what the preview showed is done, or nothing (412). Needs the role operator. */
  applyRegistration: {
    args: {
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      /** of the body; absent: what Content-Type says */
      format?: "csv" | "json" | "yaml";
      /** true: role and rack may change in every state, also of a machine that a cluster knows by its address */
      evenInUse?: boolean;
      /** how many machines are to be registered or changed; any other number is refused with 412 */
      expect?: number | string;
      body: string;
      /** the revision you know, or * */
      ifMatch?: string;
    };
    answer: {
      readonly dryRun: boolean;
      /** the store's, of the commit; where nothing was written, of what it was decided on */
      readonly revision: string;
      readonly counts: {
        /** machines that are new */
        readonly registered: number;
        /** machines that were there and are changed */
        readonly changed: number;
        /** machines that are as the file has them */
        readonly unchanged: number;
      };
      /** of the configurations in the file; in the same commit as the machines */
      readonly config: ReadonlyArray<{
        readonly noun: "ipam" | "dhcp";
        /** set: there was none */
        readonly outcome: "set" | "changed" | "unchanged";
        readonly changes: ReadonlyArray<{
          /** `spec.rack`, `spec.labels.site`, `node-ipv4-pool` */
          readonly member: string;
          /** null: there was none */
          readonly before: unknown;
          /** null: there is none */
          readonly after: unknown;
        }>;
      }>;
      /** in the order of the file */
      readonly machines: ReadonlyArray<{
        readonly serial: string;
        readonly outcome: "registered" | "changed" | "unchanged";
        /** of a table, the header is 1 */
        readonly row?: number;
        /** of a JSON or YAML file, from 1 */
        readonly line?: number;
        readonly state: "uninitialized" | "healthy" | "unhealthy" | "unreachable" | "updating" | "retiring" | "retired";
        /** as it is then; in a dry run as it would be */
        readonly spec: {
          /** logical rack number */
          readonly rack: number;
          /** that it has, or would get */
          readonly indexInRack: number;
          readonly role: string;
          readonly labels: Readonly<Record<string, string>>;
          readonly ipv4: readonly string[];
          readonly bmc: {
            readonly type: string;
            readonly ipv4: string;
          };
          readonly retireDate: string;
        };
        /** of a machine that is changed */
        readonly changes: ReadonlyArray<{
          /** `spec.rack`, `spec.labels.site`, `node-ipv4-pool` */
          readonly member: string;
          /** null: there was none */
          readonly before: unknown;
          /** null: there is none */
          readonly after: unknown;
        }>;
      }>;
    };
  };
  /** tokens in pages, all of one moment. Needs the role admin. */
  listTokens: {
    args: {
      /** how many at most, 1 to 5000; 500 when absent */
      limit?: number | string;
      /** what to keep of each object, comma-separated: columns (id, name, role, state, createdBy, createdAt, expiresAt) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** columns, comma-separated, a minus before one for descending; by name when absent. Columns: id, name, role, state, createdBy, createdAt, expiresAt */
      sort?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: id, name, role, state, createdBy, createdAt, expiresAt */
      fieldSelector?: string;
    };
    item: Token;
  };
  /** one token; its ETag is its revision. Needs the role admin. */
  getToken: {
    args: {
      /** the id of a token: what stands between its underscores */
      id: string | number;
    };
    answer: Token;
  };
  /** changes of tokens as server-sent events, from a revision on. Needs the role admin. */
  watchTokens: {
    args: {
      /** `revision` of a list, or the id of the last event; the header Last-Event-ID counts more; from now on when absent */
      from?: string;
      /** what to keep of each object, comma-separated: columns (id, name, role, state, createdBy, createdAt, expiresAt) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: id, name, role, state, createdBy, createdAt, expiresAt */
      fieldSelector?: string;
    };
    change: Token;
  };
  /** makes a token; its answer is the only one that holds the token itself. Needs the role admin. */
  createToken: {
    args: {
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      body: {
        /** of whom it is for: a person, or what a program does */
        readonly name: string;
        /** each may do what the ones before it may */
        readonly role: "viewer" | "operator" | "admin";
        /** until it ends; default 90 */
        readonly days?: number;
        /** addresses and networks it may be used from; empty: from anywhere */
        readonly networks?: readonly string[];
      };
      /** the revision you know, or * */
      ifMatch?: string;
    };
    answer: {
      /** stands in the token itself and in the audit log */
      readonly id: string;
      /** the store's, of its last change */
      readonly revision: string;
      /** of whom it is for; the user in the audit log */
      readonly name: string;
      /** each may do what the ones before it may */
      readonly role: "viewer" | "operator" | "admin";
      readonly state: "active" | "expired" | "revoked";
      readonly createdBy: string;
      /** RFC 3339: when it was made */
      readonly createdAt: string;
      /** RFC 3339: when it ends */
      readonly expiresAt: string;
      /** RFC 3339: when somebody ended it; null: nobody has */
      readonly revokedAt: string | null;
      /** RFC 3339: when it was used last on this very server since its start, or null */
      readonly lastUsedAt: string | null;
      /** addresses and networks it may be used from; empty: from anywhere */
      readonly networks: readonly string[];
      /** shown this once; null in a dry run, and to a request that is repeated with its Idempotency-Key */
      readonly bearer: string | null;
    };
  };
  /** ends a token at once, on all servers; it stays in the list for 30 days. Needs the role admin. */
  revokeToken: {
    args: {
      /** the id of a token: what stands between its underscores */
      id: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      /** the revision you know, or * */
      ifMatch?: string;
    };
    answer: Token;
  };
  /** brakes in pages, all of one moment. Needs the role viewer. */
  listBrakes: {
    args: {
      /** how many at most, 1 to 5000; 500 when absent */
      limit?: number | string;
      /** what to keep of each object, comma-separated: columns (name, by, state, holds, since, liftable) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** columns, comma-separated, a minus before one for descending; by name when absent. Columns: name, by, state, holds, since, liftable */
      sort?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: name, by, state, holds, since, liftable */
      fieldSelector?: string;
    };
    item: Brake;
  };
  /** one brake; its ETag is its revision. Needs the role viewer. */
  getBrake: {
    args: {
      /** the name of a brake, as in health-rack-3-silent */
      name: string | number;
    };
    answer: Brake;
  };
  /** changes of brakes as server-sent events, from a revision on. Needs the role viewer. */
  watchBrakes: {
    args: {
      /** `revision` of a list, or the id of the last event; the header Last-Event-ID counts more; from now on when absent */
      from?: string;
      /** what to keep of each object, comma-separated: columns (name, by, state, holds, since, liftable) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: name, by, state, holds, since, liftable */
      fieldSelector?: string;
    };
    change: Brake;
  };
  /** has a brake passed over for a while, by whichever server leads. Needs the role operator. */
  liftBrake: {
    args: {
      /** the name of a brake, as in health-rack-3-silent */
      name: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      body: {
        /** for those who come after: a sentence, kept in the audit log */
        readonly reason: string;
        /** how long it is passed over at most; when it falls before, so does this */
        readonly seconds: number;
      };
      /** the revision you know, or * */
      ifMatch?: string;
    };
    answer: Brake;
  };
  /** stops automation, or gives the brake that is on another reason, extent or end. Needs the role operator. */
  putBrake: {
    args: {
      /** manual: the others are automation's own */
      name: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      body: {
        /** for those who come after: a sentence, kept in the audit log */
        readonly reason: string;
        /** health: machines are asked, but their states stay; cluster: nobody joins, leaves or is swapped, only taints change; everything: both */
        readonly holds?: "health" | "cluster" | "everything";
        /** when it comes off by itself; absent: it stays until it is taken off */
        readonly seconds?: number;
      };
      /** the revision you know, or * */
      ifMatch?: string;
      /** only if it is not there yet */
      ifNoneMatch?: '*';
    };
    answer: Brake;
  };
  /** takes the manual brake off. Needs the role operator. */
  deleteBrake: {
    args: {
      /** manual: the others are automation's own */
      name: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      /** the revision you know, or * */
      ifMatch?: string;
    };
    answer: undefined;
  };
  /** discoveries in pages, all of one moment. Needs the role viewer. */
  listDiscoveries: {
    args: {
      /** how many at most, 1 to 5000; 500 when absent */
      limit?: number | string;
      /** what to keep of each object, comma-separated: columns (id, serial, mac, state, confirmed, conflict, rack, network, manufacturer, product, firstSeen, lastSeen) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** columns, comma-separated, a minus before one for descending; by name when absent. Columns: id, serial, mac, state, confirmed, conflict, rack, network, manufacturer, product, firstSeen, lastSeen */
      sort?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: id, serial, mac, state, confirmed, conflict, rack, network, manufacturer, product, firstSeen, lastSeen */
      fieldSelector?: string;
    };
    item: {
      /** its MAC address with hyphens */
      readonly id: string;
      /** the store's, of its last change; the object's ETag */
      readonly revision: string;
      readonly state: "waiting" | "approved" | "rejected";
      /** it is to be registered under: what was edited, else what its firmware says */
      readonly serial: string | null;
      readonly mac: string;
      /** when it was noticed */
      readonly firstSeen: string;
      /** to a minute */
      readonly lastSeen: string;
      /** it follows our scripts: it reached iPXE, and did not only ask for an address */
      readonly confirmed: boolean;
      readonly signs: ReadonlyArray<"dhcp" | "tftp" | "ipxe" | "facts">;
      /** what it says of itself; nothing proves it */
      readonly claims: {
        /** SMBIOS */
        readonly serial: string | null;
        /** SMBIOS */
        readonly uuid: string | null;
        /** SMBIOS */
        readonly manufacturer: string | null;
        /** SMBIOS */
        readonly product: string | null;
        /** SMBIOS */
        readonly asset: string | null;
        /** of all its network cards */
        readonly macs: readonly string[];
        /** DHCP option 60 */
        readonly vendorClass: string | null;
        /** DHCP option 77 */
        readonly userClass: string | null;
        /** DHCP option 93 */
        readonly architecture: string | null;
        /** of its iPXE */
        readonly buildarch: string | null;
        /** of its iPXE: efi or pcbios */
        readonly platform: string | null;
        /** DHCP option 12 */
        readonly hostName: string | null;
      };
      readonly place: {
        /** it was lent or asks from */
        readonly address: string | null;
        /** the name of its network */
        readonly network: string | null;
        /** the relay agent it came over */
        readonly relay: string | null;
        /** option 82 sub-option 1, often the port of a switch */
        readonly circuit: string | null;
        /** option 82 sub-option 2, often the switch */
        readonly remote: string | null;
        /** of the server, where it came in */
        readonly interface: string | null;
        /** lease: its address is leased to its MAC address; claim: nothing tells */
        readonly proof: string | null;
      };
      readonly rackGuess: {
        readonly rack: number;
        /** what tells so */
        readonly by: string;
      } | null;
      /** what was edited */
      readonly wish: {
        /** in place of its own */
        readonly serial: string | null;
        /** it is to have */
        readonly role: string | null;
        readonly rack: number | null;
        readonly labels: Readonly<Record<string, string>> | null;
        /** the type of its BMC */
        readonly bmcType: string | null;
      };
      readonly conflict: {
        readonly kind: "serial-missing" | "serial-default" | "serial-invalid" | "serial-duplicate" | "serial-registered" | "mac-duplicate";
        /** what is in the way */
        readonly text: string;
        /** what a person can do */
        readonly todo: string;
      } | null;
      /** the rule that would decide about it */
      readonly rule: string | null;
      readonly decision: {
        /** when */
        readonly at: string;
        /** a person, an address, or `rule NAME` */
        readonly by: string;
        /** the rule that said so */
        readonly rule: string | null;
        readonly text: string;
        /** of the machine that it is now */
        readonly serial: string | null;
      } | null;
      readonly factsAt: string | null;
    };
  };
  /** one discovery; its ETag is its revision. Needs the role viewer. */
  getDiscovery: {
    args: {
      /** its MAC address with hyphens, as in 52-54-00-12-34-56 */
      id: string | number;
    };
    answer: Discovery;
  };
  /** changes of discoveries as server-sent events, from a revision on. Needs the role viewer. */
  watchDiscoveries: {
    args: {
      /** `revision` of a list, or the id of the last event; the header Last-Event-ID counts more; from now on when absent */
      from?: string;
      /** what to keep of each object, comma-separated: columns (id, serial, mac, state, confirmed, conflict, rack, network, manufacturer, product, firstSeen, lastSeen) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: id, serial, mac, state, confirmed, conflict, rack, network, manufacturer, product, firstSeen, lastSeen */
      fieldSelector?: string;
    };
    change: {
      /** its MAC address with hyphens */
      readonly id: string;
      /** the store's, of its last change; the object's ETag */
      readonly revision: string;
      readonly state: "waiting" | "approved" | "rejected";
      /** it is to be registered under: what was edited, else what its firmware says */
      readonly serial: string | null;
      readonly mac: string;
      /** when it was noticed */
      readonly firstSeen: string;
      /** to a minute */
      readonly lastSeen: string;
      /** it follows our scripts: it reached iPXE, and did not only ask for an address */
      readonly confirmed: boolean;
      readonly signs: ReadonlyArray<"dhcp" | "tftp" | "ipxe" | "facts">;
      /** what it says of itself; nothing proves it */
      readonly claims: {
        /** SMBIOS */
        readonly serial: string | null;
        /** SMBIOS */
        readonly uuid: string | null;
        /** SMBIOS */
        readonly manufacturer: string | null;
        /** SMBIOS */
        readonly product: string | null;
        /** SMBIOS */
        readonly asset: string | null;
        /** of all its network cards */
        readonly macs: readonly string[];
        /** DHCP option 60 */
        readonly vendorClass: string | null;
        /** DHCP option 77 */
        readonly userClass: string | null;
        /** DHCP option 93 */
        readonly architecture: string | null;
        /** of its iPXE */
        readonly buildarch: string | null;
        /** of its iPXE: efi or pcbios */
        readonly platform: string | null;
        /** DHCP option 12 */
        readonly hostName: string | null;
      };
      readonly place: {
        /** it was lent or asks from */
        readonly address: string | null;
        /** the name of its network */
        readonly network: string | null;
        /** the relay agent it came over */
        readonly relay: string | null;
        /** option 82 sub-option 1, often the port of a switch */
        readonly circuit: string | null;
        /** option 82 sub-option 2, often the switch */
        readonly remote: string | null;
        /** of the server, where it came in */
        readonly interface: string | null;
        /** lease: its address is leased to its MAC address; claim: nothing tells */
        readonly proof: string | null;
      };
      readonly rackGuess: {
        readonly rack: number;
        /** what tells so */
        readonly by: string;
      } | null;
      /** what was edited */
      readonly wish: {
        /** in place of its own */
        readonly serial: string | null;
        /** it is to have */
        readonly role: string | null;
        readonly rack: number | null;
        readonly labels: Readonly<Record<string, string>> | null;
        /** the type of its BMC */
        readonly bmcType: string | null;
      };
      readonly conflict: {
        readonly kind: "serial-missing" | "serial-default" | "serial-invalid" | "serial-duplicate" | "serial-registered" | "mac-duplicate";
        /** what is in the way */
        readonly text: string;
        /** what a person can do */
        readonly todo: string;
      } | null;
      /** the rule that would decide about it */
      readonly rule: string | null;
      readonly decision: {
        /** when */
        readonly at: string;
        /** a person, an address, or `rule NAME` */
        readonly by: string;
        /** the rule that said so */
        readonly rule: string | null;
        readonly text: string;
        /** of the machine that it is now */
        readonly serial: string | null;
      } | null;
      readonly factsAt: string | null;
    };
  };
  /** says what a discovered machine shall be once it is approved. Needs the role operator. */
  patchDiscovery: {
    args: {
      /** its MAC address with hyphens, as in 52-54-00-12-34-56 */
      id: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      body: {
        readonly serial?: string | null;
        readonly role?: string | null;
        readonly rack?: number | null;
        readonly labels?: Readonly<Record<string, string>> | null;
        readonly bmcType?: string | null;
      };
      /** the revision you know, or * */
      ifMatch: string;
    };
    answer: {
      /** its MAC address with hyphens */
      readonly id: string;
      /** the store's, of its last change; the object's ETag */
      readonly revision: string;
      readonly state: "waiting" | "approved" | "rejected";
      /** it is to be registered under: what was edited, else what its firmware says */
      readonly serial: string | null;
      readonly mac: string;
      /** when it was noticed */
      readonly firstSeen: string;
      /** to a minute */
      readonly lastSeen: string;
      /** it follows our scripts: it reached iPXE, and did not only ask for an address */
      readonly confirmed: boolean;
      readonly signs: ReadonlyArray<"dhcp" | "tftp" | "ipxe" | "facts">;
      /** what it says of itself; nothing proves it */
      readonly claims: {
        /** SMBIOS */
        readonly serial: string | null;
        /** SMBIOS */
        readonly uuid: string | null;
        /** SMBIOS */
        readonly manufacturer: string | null;
        /** SMBIOS */
        readonly product: string | null;
        /** SMBIOS */
        readonly asset: string | null;
        /** of all its network cards */
        readonly macs: readonly string[];
        /** DHCP option 60 */
        readonly vendorClass: string | null;
        /** DHCP option 77 */
        readonly userClass: string | null;
        /** DHCP option 93 */
        readonly architecture: string | null;
        /** of its iPXE */
        readonly buildarch: string | null;
        /** of its iPXE: efi or pcbios */
        readonly platform: string | null;
        /** DHCP option 12 */
        readonly hostName: string | null;
      };
      readonly place: {
        /** it was lent or asks from */
        readonly address: string | null;
        /** the name of its network */
        readonly network: string | null;
        /** the relay agent it came over */
        readonly relay: string | null;
        /** option 82 sub-option 1, often the port of a switch */
        readonly circuit: string | null;
        /** option 82 sub-option 2, often the switch */
        readonly remote: string | null;
        /** of the server, where it came in */
        readonly interface: string | null;
        /** lease: its address is leased to its MAC address; claim: nothing tells */
        readonly proof: string | null;
      };
      readonly rackGuess: {
        readonly rack: number;
        /** what tells so */
        readonly by: string;
      } | null;
      /** what was edited */
      readonly wish: {
        /** in place of its own */
        readonly serial: string | null;
        /** it is to have */
        readonly role: string | null;
        readonly rack: number | null;
        readonly labels: Readonly<Record<string, string>> | null;
        /** the type of its BMC */
        readonly bmcType: string | null;
      };
      readonly conflict: {
        readonly kind: "serial-missing" | "serial-default" | "serial-invalid" | "serial-duplicate" | "serial-registered" | "mac-duplicate";
        /** what is in the way */
        readonly text: string;
        /** what a person can do */
        readonly todo: string;
      } | null;
      /** the rule that would decide about it */
      readonly rule: string | null;
      readonly decision: {
        /** when */
        readonly at: string;
        /** a person, an address, or `rule NAME` */
        readonly by: string;
        /** the rule that said so */
        readonly rule: string | null;
        readonly text: string;
        /** of the machine that it is now */
        readonly serial: string | null;
      } | null;
      readonly factsAt: string | null;
    };
  };
  /** registers a discovered machine in one commit; while it waits, it goes on by itself. Needs the role operator. */
  approveDiscovery: {
    args: {
      /** its MAC address with hyphens, as in 52-54-00-12-34-56 */
      id: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      body: {
        readonly serial?: string;
        readonly role?: string;
        readonly rack?: number;
        readonly labels?: Readonly<Record<string, string>>;
        /** default: none */
        readonly bmcType?: string;
        /** it is the registered machine of this serial, with a network card it never had */
        readonly adopt?: boolean;
      };
      /** the revision you know, or * */
      ifMatch?: string;
    };
    answer: {
      /** its MAC address with hyphens */
      readonly id: string;
      /** the store's, of its last change; the object's ETag */
      readonly revision: string;
      readonly state: "waiting" | "approved" | "rejected";
      /** it is to be registered under: what was edited, else what its firmware says */
      readonly serial: string | null;
      readonly mac: string;
      /** when it was noticed */
      readonly firstSeen: string;
      /** to a minute */
      readonly lastSeen: string;
      /** it follows our scripts: it reached iPXE, and did not only ask for an address */
      readonly confirmed: boolean;
      readonly signs: ReadonlyArray<"dhcp" | "tftp" | "ipxe" | "facts">;
      /** what it says of itself; nothing proves it */
      readonly claims: {
        /** SMBIOS */
        readonly serial: string | null;
        /** SMBIOS */
        readonly uuid: string | null;
        /** SMBIOS */
        readonly manufacturer: string | null;
        /** SMBIOS */
        readonly product: string | null;
        /** SMBIOS */
        readonly asset: string | null;
        /** of all its network cards */
        readonly macs: readonly string[];
        /** DHCP option 60 */
        readonly vendorClass: string | null;
        /** DHCP option 77 */
        readonly userClass: string | null;
        /** DHCP option 93 */
        readonly architecture: string | null;
        /** of its iPXE */
        readonly buildarch: string | null;
        /** of its iPXE: efi or pcbios */
        readonly platform: string | null;
        /** DHCP option 12 */
        readonly hostName: string | null;
      };
      readonly place: {
        /** it was lent or asks from */
        readonly address: string | null;
        /** the name of its network */
        readonly network: string | null;
        /** the relay agent it came over */
        readonly relay: string | null;
        /** option 82 sub-option 1, often the port of a switch */
        readonly circuit: string | null;
        /** option 82 sub-option 2, often the switch */
        readonly remote: string | null;
        /** of the server, where it came in */
        readonly interface: string | null;
        /** lease: its address is leased to its MAC address; claim: nothing tells */
        readonly proof: string | null;
      };
      readonly rackGuess: {
        readonly rack: number;
        /** what tells so */
        readonly by: string;
      } | null;
      /** what was edited */
      readonly wish: {
        /** in place of its own */
        readonly serial: string | null;
        /** it is to have */
        readonly role: string | null;
        readonly rack: number | null;
        readonly labels: Readonly<Record<string, string>> | null;
        /** the type of its BMC */
        readonly bmcType: string | null;
      };
      readonly conflict: {
        readonly kind: "serial-missing" | "serial-default" | "serial-invalid" | "serial-duplicate" | "serial-registered" | "mac-duplicate";
        /** what is in the way */
        readonly text: string;
        /** what a person can do */
        readonly todo: string;
      } | null;
      /** the rule that would decide about it */
      readonly rule: string | null;
      readonly decision: {
        /** when */
        readonly at: string;
        /** a person, an address, or `rule NAME` */
        readonly by: string;
        /** the rule that said so */
        readonly rule: string | null;
        readonly text: string;
        /** of the machine that it is now */
        readonly serial: string | null;
      } | null;
      readonly factsAt: string | null;
    };
  };
  /** turns a discovered machine away; it may be approved later. Needs the role operator. */
  rejectDiscovery: {
    args: {
      /** its MAC address with hyphens, as in 52-54-00-12-34-56 */
      id: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      body: {
        /** its screen shows it */
        readonly reason: string;
      };
      /** the revision you know, or * */
      ifMatch?: string;
    };
    answer: {
      /** its MAC address with hyphens */
      readonly id: string;
      /** the store's, of its last change; the object's ETag */
      readonly revision: string;
      readonly state: "waiting" | "approved" | "rejected";
      /** it is to be registered under: what was edited, else what its firmware says */
      readonly serial: string | null;
      readonly mac: string;
      /** when it was noticed */
      readonly firstSeen: string;
      /** to a minute */
      readonly lastSeen: string;
      /** it follows our scripts: it reached iPXE, and did not only ask for an address */
      readonly confirmed: boolean;
      readonly signs: ReadonlyArray<"dhcp" | "tftp" | "ipxe" | "facts">;
      /** what it says of itself; nothing proves it */
      readonly claims: {
        /** SMBIOS */
        readonly serial: string | null;
        /** SMBIOS */
        readonly uuid: string | null;
        /** SMBIOS */
        readonly manufacturer: string | null;
        /** SMBIOS */
        readonly product: string | null;
        /** SMBIOS */
        readonly asset: string | null;
        /** of all its network cards */
        readonly macs: readonly string[];
        /** DHCP option 60 */
        readonly vendorClass: string | null;
        /** DHCP option 77 */
        readonly userClass: string | null;
        /** DHCP option 93 */
        readonly architecture: string | null;
        /** of its iPXE */
        readonly buildarch: string | null;
        /** of its iPXE: efi or pcbios */
        readonly platform: string | null;
        /** DHCP option 12 */
        readonly hostName: string | null;
      };
      readonly place: {
        /** it was lent or asks from */
        readonly address: string | null;
        /** the name of its network */
        readonly network: string | null;
        /** the relay agent it came over */
        readonly relay: string | null;
        /** option 82 sub-option 1, often the port of a switch */
        readonly circuit: string | null;
        /** option 82 sub-option 2, often the switch */
        readonly remote: string | null;
        /** of the server, where it came in */
        readonly interface: string | null;
        /** lease: its address is leased to its MAC address; claim: nothing tells */
        readonly proof: string | null;
      };
      readonly rackGuess: {
        readonly rack: number;
        /** what tells so */
        readonly by: string;
      } | null;
      /** what was edited */
      readonly wish: {
        /** in place of its own */
        readonly serial: string | null;
        /** it is to have */
        readonly role: string | null;
        readonly rack: number | null;
        readonly labels: Readonly<Record<string, string>> | null;
        /** the type of its BMC */
        readonly bmcType: string | null;
      };
      readonly conflict: {
        readonly kind: "serial-missing" | "serial-default" | "serial-invalid" | "serial-duplicate" | "serial-registered" | "mac-duplicate";
        /** what is in the way */
        readonly text: string;
        /** what a person can do */
        readonly todo: string;
      } | null;
      /** the rule that would decide about it */
      readonly rule: string | null;
      readonly decision: {
        /** when */
        readonly at: string;
        /** a person, an address, or `rule NAME` */
        readonly by: string;
        /** the rule that said so */
        readonly rule: string | null;
        readonly text: string;
        /** of the machine that it is now */
        readonly serial: string | null;
      } | null;
      readonly factsAt: string | null;
    };
  };
  /** forgets a discovered machine; it comes back when it asks again. Needs the role operator. */
  deleteDiscovery: {
    args: {
      /** its MAC address with hyphens, as in 52-54-00-12-34-56 */
      id: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      /** the revision you know, or * */
      ifMatch: string;
    };
    answer: undefined;
  };
  /** the same decision about many discovered machines, each by itself. Needs the role operator. */
  bulkDiscoveries: {
    args: {
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      body: {
        /** one of the two */
        readonly select: {
          readonly names?: readonly string[];
          /** as in lists */
          readonly fieldSelector?: string;
        };
        /** how many you saw selected; with another number nothing is done */
        readonly expect: number;
        readonly approve?: {
          readonly role?: string;
          readonly rack?: number;
          readonly labels?: Readonly<Record<string, string>>;
          /** default: none */
          readonly bmcType?: string;
        };
        readonly reject?: {
          /** its screen shows it */
          readonly reason: string;
        };
        readonly forget?: true;
      };
      /** the revision you know, or * */
      ifMatch?: string;
    };
    answer: {
      readonly selected: number;
      readonly done: number;
      readonly failed: number;
      readonly items: ReadonlyArray<{
        readonly name: string;
        readonly outcome: "done" | "failed";
        /** of the machine that it is now */
        readonly serial: string | null;
        readonly problem?: {
          readonly type: string;
          readonly status: number;
          readonly detail: string;
        };
      }>;
    };
  };
  /** discovery-rules in pages, all of one moment. Needs the role viewer. */
  listDiscoveryRules: {
    args: {
      /** how many at most, 1 to 5000; 500 when absent */
      limit?: number | string;
      /** what to keep of each object, comma-separated: columns (name, order, verdict) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** columns, comma-separated, a minus before one for descending; by name when absent. Columns: name, order, verdict */
      sort?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: name, order, verdict */
      fieldSelector?: string;
    };
    item: DiscoveryRule;
  };
  /** one discovery-rule; its ETag is its revision. Needs the role viewer. */
  getDiscoveryRule: {
    args: {
      /** the name of a rule, as in dell-r650 */
      name: string | number;
    };
    answer: DiscoveryRule;
  };
  /** changes of discovery-rules as server-sent events, from a revision on. Needs the role viewer. */
  watchDiscoveryRules: {
    args: {
      /** `revision` of a list, or the id of the last event; the header Last-Event-ID counts more; from now on when absent */
      from?: string;
      /** what to keep of each object, comma-separated: columns (name, order, verdict) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: name, order, verdict */
      fieldSelector?: string;
    };
    change: DiscoveryRule;
  };
  /** sets a rule about discovered machines; replacing one takes If-Match. Needs the role operator. */
  putDiscoveryRule: {
    args: {
      /** the name of a rule, as in dell-r650 */
      name: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      body: {
        /** lower ones are asked first; equal ones by name; the first that matches decides */
        readonly order?: number;
        /** all that are given must match */
        readonly match: {
          /** the serial number: * is any text, ? one character */
          readonly serial?: string;
          /** of SMBIOS: * is any text, ? one character */
          readonly manufacturer?: string;
          /** of SMBIOS: * is any text, ? one character */
          readonly product?: string;
          /** DHCP option 60: * is any text, ? one character */
          readonly vendorClass?: string;
          /** as in 52:54:00 */
          readonly macPrefix?: string;
          /** the name of its network: * is any text, ? one character */
          readonly network?: string;
          readonly rack?: number;
        };
        /** without rack: the rack it is guessed to be in */
        readonly approve?: {
          readonly role: string;
          readonly rack?: number;
          readonly labels?: Readonly<Record<string, string>>;
          readonly bmcType?: string;
        };
        readonly reject?: {
          readonly reason: string;
        };
      };
      /** the revision you know, or * */
      ifMatch?: string;
      /** only if it is not there yet */
      ifNoneMatch?: '*';
    };
    answer: DiscoveryRule;
  };
  /** takes a rule about discovered machines away. Needs the role operator. */
  deleteDiscoveryRule: {
    args: {
      /** the name of a rule, as in dell-r650 */
      name: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      /** the revision you know, or * */
      ifMatch: string;
    };
    answer: undefined;
  };
  /** plans in pages, all of one moment. Needs the role viewer. */
  listPlans: {
    args: {
      /** how many at most, 1 to 5000; 500 when absent */
      limit?: number | string;
      /** what to keep of each object, comma-separated: columns (name, generation, pending, held, controlPlanes, workers) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** columns, comma-separated, a minus before one for descending; by name when absent. Columns: name, generation, pending, held, controlPlanes, workers */
      sort?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: name, generation, pending, held, controlPlanes, workers */
      fieldSelector?: string;
    };
    item: ClusterPlan;
  };
  /** one plan of a cluster; its ETag is its revision. Needs the role viewer. */
  getClusterPlan: {
    args: {
      /** the name of the cluster */
      name: string | number;
    };
    answer: ClusterPlan;
  };
  /** changes of plans as server-sent events, from a revision on. Needs the role viewer. */
  watchPlans: {
    args: {
      /** `revision` of a list, or the id of the last event; the header Last-Event-ID counts more; from now on when absent */
      from?: string;
      /** what to keep of each object, comma-separated: columns (name, generation, pending, held, controlPlanes, workers) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: name, generation, pending, held, controlPlanes, workers */
      fieldSelector?: string;
    };
    change: ClusterPlan;
  };
  /** operations in pages, all of one moment. Needs the role viewer. */
  listOperations: {
    args: {
      /** how many at most, 1 to 5000; 500 when absent */
      limit?: number | string;
      /** what to keep of each object, comma-separated: columns (id, kind, state, done, total, by, runsOn, startedAt, endedAt) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** columns, comma-separated, a minus before one for descending; by name when absent. Columns: id, kind, state, done, total, by, runsOn, startedAt, endedAt */
      sort?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: id, kind, state, done, total, by, runsOn, startedAt, endedAt */
      fieldSelector?: string;
    };
    item: Operation;
  };
  /** one operation; its ETag is its revision. Needs the role viewer. */
  getOperation: {
    args: {
      /** the id of the operation; ids ascend with the time they began */
      id: string | number;
    };
    answer: Operation;
  };
  /** changes of operations as server-sent events, from a revision on. Needs the role viewer. */
  watchOperations: {
    args: {
      /** `revision` of a list, or the id of the last event; the header Last-Event-ID counts more; from now on when absent */
      from?: string;
      /** what to keep of each object, comma-separated: columns (id, kind, state, done, total, by, runsOn, startedAt, endedAt) or dotted paths, as in spec.labels; its name always comes */
      fields?: string;
      /** Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: id, kind, state, done, total, by, runsOn, startedAt, endedAt */
      fieldSelector?: string;
    };
    change: Operation;
  };
  /** asks an operation to end early; what is done stays done. Needs the role operator. */
  cancelOperation: {
    args: {
      /** the id of the operation; ids ascend with the time they began */
      id: string | number;
      /** true: decide on what is stored now, write nothing, answer what would be */
      dryRun?: boolean;
      /** the revision you know, or * */
      ifMatch?: string;
    };
    answer: Operation;
  };
  /** what the cluster should be, why, and what is held back. Needs the role viewer. */
  getPlan: {
    args: object;
    answer: Readonly<Record<string, unknown>>;
  };
  /** what this server is doing. Needs the role viewer. */
  getStatus: {
    args: object;
    answer: Readonly<Record<string, unknown>>;
  };
  /** this server examines itself, its etcd and its host now, which takes up to 15 seconds. Needs the role operator. */
  getDoctor: {
    args: object;
    answer: {
      /** whose examination this is */
      readonly server: string;
      readonly at: string;
      /** no finding is a problem */
      readonly healthy: boolean;
      readonly findings: ReadonlyArray<{
        /** `etcd`, `ports`, `records` … */
        readonly check: string;
        readonly level: "ok" | "warning" | "problem";
        /** what was looked at */
        readonly subject: string;
        /** what was found there */
        readonly found: string;
        /** what to do; empty when all is well */
        readonly advice: string;
      }>;
    };
  };
  /** this description. Needs the role viewer. */
  getOpenApi: {
    args: object;
    answer: Readonly<Record<string, unknown>>;
  };
};
