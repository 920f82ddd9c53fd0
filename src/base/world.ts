/**
 * The outside world, handed in. Two worlds exist: the real one (`io/real-world.ts`, made by a `main.ts`) and
 * the simulated one (`src/sim/world.ts`); the same fleet runs in both.
 *
 * A function asks for the parts it uses: `(world: Pick<World, 'clock' | 'store'>)`. An edge that only one part
 * needs is declared by that part, where it is used.
 */

import type { Result } from './result.ts';
import type { Store } from './store.ts';
import type { Instant } from './time.ts';

export type World = {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly net: Net;
  readonly http: HttpClient;
  readonly store: Store;
  readonly log: Log;
};

/** Wall time for what people read, monotonic time for deadlines, timers for loops. */
export type Clock = {
  readonly now: () => Instant;
  /** Milliseconds that never step back or jump; only differences mean anything. */
  readonly monotonicMs: () => number;
  /** Calls back once, `delayMs` from now at the earliest. The return value calls it off. */
  readonly after: (delayMs: number, callback: () => void) => () => void;
};

/** Numbers in [0, 1). The simulated world draws them from its seed. */
export type Chance = { readonly next: () => number };

export type Endpoint = { readonly address: string; readonly port: number };

/** One IPv4 network interface, as DHCP needs to know it: RFC 2131 answers belong to the link they came in on. */
export type NetworkInterface = {
  readonly name: string;
  readonly mac: string;
  /** The system's number of it: one made anew under its old name has another. Undefined where the system tells none. */
  readonly index?: number | undefined;
  readonly ipv4: readonly { readonly address: string; readonly prefixLength: number }[];
};

export type Datagram = { readonly payload: Uint8Array; readonly from: Endpoint };

export type UdpSocket = {
  readonly local: Endpoint;
  /** Fire and forget, as UDP is; a local send error is reported to `onError`. */
  readonly send: (payload: Uint8Array, to: Endpoint) => void;
  /**
   * Sends datagrams that lie end to end, each `frameBytes` long but the last, which is not longer. The memory is the
   * caller's again at once. Absent where a system has nothing faster than one `send` each.
   */
  readonly sendFrames?: (frames: Uint8Array, frameBytes: number, to: Endpoint) => void;
  readonly close: () => void;
};

export type UdpOptions = {
  /** Local address; `0.0.0.0` for all. */
  readonly address: string;
  /** Local port; 0 lets the system choose. */
  readonly port: number;
  /** Bind to this interface (SO_BINDTODEVICE): only its packets come in, broadcasts go out through it. */
  readonly interface?: string;
  readonly broadcast?: boolean;
  /** Sends many datagrams at a time: then `sendFrames` is worth its price, if the system has it. */
  readonly frames?: boolean;
  /**
   * With `frames`: who is nearly always the other end. Sending there and hearing from there costs less; to `send`, it is
   * this very object. Everybody else is heard, too.
   */
  readonly peer?: Endpoint;
  /** Answers many at once: they are read and sent so, if the system can. Datagrams over 2,048 bytes are cut. */
  readonly batches?: boolean;
  readonly onDatagram: (datagram: Datagram) => void;
  readonly onError: (error: Error) => void;
};

export type NetProblem = {
  readonly kind:
    | 'port-taken'
    | 'not-permitted'
    | 'no-such-address'
    /** Binding to an interface needs a library that is not there; other sockets do not. */
    | 'no-library'
    | 'failed';
  readonly text: string;
};

export type Net = {
  readonly interfaces: () => readonly NetworkInterface[];
  readonly openUdp: (options: UdpOptions) => Promise<Result<UdpSocket, NetProblem>>;
};

export type HttpRequest = {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** The whole exchange, connect to last byte, in milliseconds. */
  readonly timeoutMs: number;
  /** More than this is an error, never a cut body. */
  readonly bodyBytesMax: number;
};

export type HttpResponse = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
};

export type HttpProblem = {
  readonly kind: 'refused' | 'timed-out' | 'too-large' | 'failed';
  readonly text: string;
};

/** Requests out. Redirects are not followed: whoever wants one decides so. */
export type HttpClient = {
  readonly request: (request: HttpRequest) => Promise<Result<HttpResponse, HttpProblem>>;
};

export type LogFields = Readonly<
  Record<string, string | number | boolean | null | readonly string[]>
>;

/** The message is a constant, everything that varies is a field. Secrets are never fields. */
export type Log = {
  readonly debug: (message: string, fields?: LogFields) => void;
  readonly info: (message: string, fields?: LogFields) => void;
  readonly warn: (message: string, fields?: LogFields) => void;
  readonly error: (message: string, fields?: LogFields) => void;
  /** A log that adds these fields to each line. */
  readonly with: (fields: LogFields) => Log;
};
