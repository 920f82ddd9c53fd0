/** How network boot stands on this server, for people to see. */

import { formatCidr } from '../base/addresses.ts';
import type { Endpoint } from '../base/world.ts';
import type { AdmissionStatus } from './admission/gate.ts';
import type { AssetCatalog } from './assets/catalog.ts';
import type { DhcpCounters } from './dhcp/counters.ts';
import type { Dhcp, DhcpStatus } from './dhcp/start.ts';
import type { ImageCatalog } from './images/catalog.ts';
import type { Loaders } from './loaders.ts';
import type { Network, Networks } from './networks.ts';
import type { RecorderStatus } from './recorder/recorder.ts';
import { noPulls, type PullCounters, type PullLoop } from './spread/pull-loop.ts';
import type { Spreadable } from './spread/spreadable.ts';
import type { TftpCounters } from './tftp/counters.ts';
import type { TftpResponder } from './tftp/responder.ts';

export type PxeStatus = {
  /** Undefined: off. */
  readonly dhcp:
    | (DhcpStatus & {
        /** Where machines are answered, and how; none: on no network. */
        readonly networks: readonly NetworkStatus[];
        readonly counters: Readonly<DhcpCounters>;
      })
    | undefined;
  readonly tftp: {
    readonly listening: readonly Endpoint[];
    /** Addresses that stay off, and why. */
    readonly off: readonly { readonly address: string; readonly text: string }[];
    readonly transfers: number;
    readonly counters: Readonly<TftpCounters>;
  };
  /** Names that TFTP and HTTP boot serve. */
  readonly loaders: readonly string[];
  readonly images: {
    /** What machines boot from this server; undefined: they cannot boot. */
    readonly newestHere: string | undefined;
    /** Images this server has not got yet, and why not. */
    readonly missing: ReadonlyMap<string, string>;
  };
  /** What came from other servers. */
  readonly pulls: {
    /** URLs whose content was not what it should be, and why; they are asked last. */
    readonly distrusted: ReadonlyMap<string, string>;
    readonly counters: Readonly<Record<Spreadable['noun'], PullCounters>>;
  };
  /** What is kept for Wireshark, and how much of it may be. */
  readonly recorder: RecorderStatus;
  /** Machines that load now, and those that wait for their turn. */
  readonly admission: AdmissionStatus;
  readonly assets: {
    /** Ids of assets that this server has not got or does not offer yet, and why not. */
    readonly missing: ReadonlyMap<string, string>;
    /** Names of records in the store that cannot be read, and why. */
    readonly broken: ReadonlyMap<string, string>;
  };
};

type NetworkStatus = {
  readonly name: string;
  readonly cidr: string;
  readonly mode: Network['mode'];
};

export function statusOf(
  dhcp: Dhcp | undefined,
  networks: Pick<Networks, 'all'>,
  tftp: TftpResponder,
  off: PxeStatus['tftp']['off'],
  loaders: Loaders,
  catalog: ImageCatalog,
  assets: AssetCatalog,
  pulls: ReadonlyMap<Spreadable['noun'], PullLoop>,
  recorder: RecorderStatus,
): Omit<PxeStatus, 'admission'> {
  const missing = (noun: Spreadable['noun']) => pulls.get(noun)?.missing() ?? new Map();
  const countersOf = (noun: Spreadable['noun']) => ({
    ...(pulls.get(noun)?.counters ?? noPulls),
  });
  return {
    dhcp: dhcp && {
      networks: networks
        .all()
        .map(({ name, cidr, mode }) => ({ name, cidr: formatCidr(cidr), mode })),
      ...dhcp.status(),
      counters: dhcp.counters(),
    },
    tftp: {
      listening: tftp.listening(),
      off,
      transfers: tftp.transfers(),
      counters: { ...tftp.counters },
    },
    loaders: [...loaders.keys()],
    images: { newestHere: catalog.newest()?.id, missing: missing('image') },
    pulls: {
      distrusted: new Map([...pulls.values()].flatMap((pull) => [...pull.distrusted()])),
      counters: { image: countersOf('image'), asset: countersOf('asset') },
    },
    recorder,
    assets: { missing: missing('asset'), broken: assets.broken() },
  };
}
