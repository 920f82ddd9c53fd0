/** What a machine can be asked, and what can come back. */

import type { Ipv4 } from '../base/addresses.ts';

export type Probe =
  /** Does the port accept a connection? */
  | { readonly name: string; readonly kind: 'tcp'; readonly port: number }
  /** Does `GET path` answer with this status? Redirects are not followed. */
  | {
      readonly name: string;
      readonly kind: 'http';
      readonly port: number;
      readonly path: string;
      readonly expectStatus: number;
    };

export type ProbeResult = {
  readonly kind: ProbeResultKind;
  /** From the question to the answer, or to giving up. */
  readonly latencyMs: number;
  /** HTTP only: what it answered. */
  readonly status?: number;
  /** One clause for people: `connected`, `nothing within 2000 ms`. */
  readonly text: string;
};

export type ProbeResultKind =
  | 'answered'
  /** The machine is there and said no: its kernel lives, nothing listens. */
  | 'refused'
  /** Nothing came back. */
  | 'silent'
  /** The port answers, but not as it should: another status, not HTTP, no answer after the connection. */
  | 'wrong'
  /** We could not ask (no descriptors, a forbidden target): says nothing about the machine. */
  | 'unasked';

export type ProbeQuestion = {
  readonly address: Ipv4;
  readonly probe: Probe;
  /** For the whole exchange. */
  readonly timeoutMs: number;
};

/** Asks one machine one thing. Never rejects; what goes wrong on our side is `unasked`. */
export type Prober = { readonly ask: (question: ProbeQuestion) => Promise<ProbeResult> };

/** `ssh tcp/22`, `metrics http/9105 /metrics`. */
export function formatProbe(probe: Probe): string {
  const path = probe.kind === 'http' ? ` ${probe.path}` : '';
  return `${probe.name} ${probe.kind}/${probe.port}${path}`;
}
