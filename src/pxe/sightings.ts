/**
 * What network boot sees of machines, one value per message, transfer or request, whichever protocol: log lines, boot
 * timelines, the flight recorder and discovery are all made from these and from nothing else.
 */

import type { Ipv4, MacAddress } from '../base/addresses.ts';
import type { Fence } from '../base/fence.ts';
import type { Instant } from '../base/time.ts';
import type { Endpoint } from '../base/world.ts';

export type Sighting = DhcpSighting | TftpSighting | HttpSighting;

/** One DHCP message and what became of it: told once, when the answer has left or will not. */
export type DhcpSighting = {
  readonly by: 'dhcp';
  readonly at: Instant;
  readonly mac: MacAddress;
  readonly xid: number;
  readonly message:
    | 'discover'
    | 'selecting'
    | 'init-reboot'
    | 'extending'
    | 'decline'
    | 'release'
    | 'inform';
  readonly answer: 'offer' | 'ack' | 'nak' | 'silence';
  /** Why that answer, as a phrase. */
  readonly reason: string;
  /** yiaddr of the answer, or of a silence the address it is about. */
  readonly address: Ipv4 | undefined;
  readonly bootFile: string | undefined;
  readonly client: DhcpClientFacts;
  readonly relay: DhcpRelayFacts | undefined;
  /** Where it came in; undefined on a socket without one. */
  readonly interface: string | undefined;
  readonly received: Frame;
  /** Undefined: silence. */
  readonly sent: Frame | undefined;
};

/** A datagram as it went over the wire, without its IP and UDP headers; shared, never to be written to. */
export type Frame = {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly payload: Uint8Array;
};

/** What a client says of itself; text is as the client sent it, so it is escaped where it is shown. */
export type DhcpClientFacts = {
  /** Option 60. */
  readonly vendorClass: string | undefined;
  /** Option 77. */
  readonly userClasses: readonly string[];
  /** Option 93. */
  readonly architectures: readonly number[];
  /** Option 97 as SMBIOS shows it: `ded10766-389c-4045-9090-02d215cd86c4`. */
  readonly uuid: string | undefined;
  /** Option 61 in hexadecimal. */
  readonly clientId: string | undefined;
  /** Option 12. */
  readonly hostName: string | undefined;
  /** Option 175 or user class iPXE: it is iPXE, not the firmware, that asks. */
  readonly isIpxe: boolean;
};

export type DhcpRelayFacts = {
  /** giaddr. */
  readonly address: Ipv4;
  /** Option 82, sub-options 1 and 2, as sent: often a switch port and a switch. */
  readonly circuitId: Uint8Array | undefined;
  readonly remoteId: Uint8Array | undefined;
};

/**
 * A TFTP read: `started`, `moving` now and then while blocks are acknowledged, and exactly one of the ends; a request
 * that was refused has its end alone.
 */
export type TftpSighting = {
  readonly by: 'tftp';
  readonly at: Instant;
  readonly kind:
    | 'started'
    | 'moving'
    | 'completed'
    /** Asked for its size, then aborted: what firmware does before it reads, and no fault. */
    | 'size-only'
    | 'aborted'
    | 'given-up'
    | 'not-found'
    | 'refused'
    | 'over-limit';
  readonly client: Endpoint;
  /** Ours, that was asked. */
  readonly server: Endpoint;
  readonly file: string;
  /** What was agreed, by RFC name: `blksize`, `windowsize`, `tsize`, `timeout`. */
  readonly options: ReadonlyMap<string, string>;
  /** Content that was acknowledged. */
  readonly bytes: number;
  /** Since the request; 0 at `started`. */
  readonly durationMs: number;
  /** Blocks sent more than once. */
  readonly resentBlocks: number;
  /** The request's datagram. */
  readonly request: Uint8Array;
  /** Why it ended as it did. */
  readonly text: string;
};

/** How often a transfer that goes on says so: its reader looks for minutes without progress, not for seconds. */
export const movingEveryMs = 5_000;

/**
 * A request of a machine that boots: told once when it is answered, now and then while its body leaves, and when that
 * has ended; an answer without a body has its first alone.
 */
export type HttpSighting = {
  readonly by: 'http';
  readonly at: Instant;
  readonly kind:
    | 'loader'
    | 'chain-script'
    | 'script'
    | 'why'
    | 'kernel'
    | 'initrd'
    | 'ignition'
    /** A path below the boot root that is none of these: `autoexec.ipxe`. */
    | 'other';
  /** `answered`: status and headers are decided; `ended`: the body has left, whole or not. */
  readonly phase: 'answered' | 'moving' | 'ended';
  /** The same in both phases of one request. */
  readonly requestId: string;
  readonly method: string;
  /** Decoded, without the query. */
  readonly path: string;
  readonly userAgent: string | undefined;
  readonly remoteAddress: string;
  readonly serial: string | undefined;
  /** Where the path or the script names one. */
  readonly imageId: string | undefined;
  readonly status: number;
  /** Octets of the body that have left, and how many there were to be. */
  readonly sentBytes: number;
  readonly bodyBytes: number;
  /** Since the request came in. */
  readonly durationMs: number;
  /** Why it failed; empty when it did not. */
  readonly text: string;
};

/** Why we are silent on a message that is another server's; who reads sightings knows these silences by it. */
export const leftToAnother = {
  choice: 'it chose another server',
  address: 'another server gives addresses here',
} as const;

/**
 * The address it has from now on: one that we acknowledged, or where we are beside another DHCP server the one that it
 * asks that server for in everybody's hearing.
 */
export function addressTaken({
  message,
  answer,
  reason,
  address,
}: Pick<DhcpSighting, 'message' | 'answer' | 'reason' | 'address'>): Ipv4 | undefined {
  return answer === 'ack' || isTakenElsewhere({ message, reason }) ? address : undefined;
}

/** It takes the address that the server beside us offered. */
export function isTakenElsewhere({
  message,
  reason,
}: Pick<DhcpSighting, 'message' | 'reason'>): boolean {
  return message === 'selecting' && reason === leftToAnother.address;
}

export type SightingListener = (sighting: Sighting) => void;

export type Sightings = {
  /** Tells every listener at once; a listener only takes note, and works later. One that throws keeps nobody from hearing. */
  readonly tell: SightingListener;
  readonly subscribe: (listener: SightingListener) => () => void;
};

export function createSightings(fence: Pick<Fence, 'caught'>): Sightings {
  const listeners = new Set<SightingListener>();
  return {
    tell: (sighting) => {
      for (const listener of listeners) {
        try {
          listener(sighting);
        } catch (error) {
          fence.caught(error);
        }
      }
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
