/** What the doctor needs of the host it runs on; made in `io/host.ts`. */

import type { EtcdFacts } from '../../base/etcd-facts.ts';
import type { CertificateFacts } from './certificates-check.ts';
import type { SyncFacts } from './clock-check.ts';
import type { DiskFacts } from './disk-check.ts';
import type { DhcpWanted, InterfaceFacts, UrlFacts } from './network-check.ts';
import type { PortFacts, PortRights } from './ports-check.ts';

export type HostLook = {
  /** Undefined: etcd is a child of the server, and does not run without it. */
  readonly etcd: (() => Promise<EtcdFacts>) | undefined;
  readonly maxTxnOps: number;
  readonly ports: () => Promise<readonly PortFacts[]>;
  readonly portRights: () => Promise<PortRights>;
  /** Of the server that looks at itself. */
  readonly ownPid: number | undefined;
  readonly dhcp: DhcpWanted;
  readonly interfaces: () => Promise<readonly InterfaceFacts[]>;
  readonly urls: () => Promise<readonly UrlFacts[]>;
  readonly disk: () => Promise<DiskFacts>;
  /** @param path relative to the data directory. */
  readonly fileBytes: (path: string) => Promise<number | undefined>;
  readonly certificates: () => Promise<readonly CertificateFacts[]>;
  readonly clock: () => SyncFacts;
  /** Without a slash at the end. */
  readonly advertiseUrl: string;
};
