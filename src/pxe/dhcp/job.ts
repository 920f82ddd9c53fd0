/** A request between its datagram and its answer. */

import type { Ipv4 } from '../../base/addresses.ts';
import type { Endpoint } from '../../base/world.ts';
import type { DhcpConfig } from '../../inventory/dhcp-config.ts';
import { leaseKey } from './leases.ts';
import type { DhcpRequest } from './request.ts';
import type { Round } from './rounds.ts';
import type { Seen } from './sighting.ts';
import type { Subnet } from './subnet.ts';

export type Outgoing = { readonly payload: Uint8Array; readonly to: Endpoint };

/** Takes the reply; undefined: silence. */
export type Answering = (outgoing: Outgoing | undefined) => void;

/** A class, since there are thousands at a time, and each closure is an object more. */
export class Job implements Round, Seen {
  readonly request: DhcpRequest;
  readonly payload: Uint8Array;
  readonly from: Endpoint;
  readonly port: number | undefined;
  readonly interface: string | undefined;
  readonly serverAddress: Ipv4;
  readonly subnet: Subnet;
  readonly dhcp: DhcpConfig;
  readonly tableKey: string;
  readonly receivedMs: number;
  readonly isDiscover: boolean;
  readonly #answer: Answering;
  #isDone = false;
  /** Calls off what would happen if it took too long. */
  cancel: (() => void) | undefined;

  constructor(
    seen: Seen,
    where: Pick<Job, 'serverAddress' | 'subnet' | 'dhcp'>,
    receivedMs: number,
    answer: Answering,
  ) {
    this.request = seen.request;
    this.payload = seen.payload;
    this.from = seen.from;
    this.port = seen.port;
    this.interface = seen.interface;
    this.serverAddress = where.serverAddress;
    this.subnet = where.subnet;
    this.dhcp = where.dhcp;
    this.tableKey = leaseKey(where.subnet.range);
    this.receivedMs = receivedMs;
    this.isDiscover = seen.request.wish.kind === 'discover';
    this.#answer = answer;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** Only the first call counts. */
  done(outgoing: Outgoing | undefined): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.cancel?.();
    this.#answer(outgoing);
  }
}
