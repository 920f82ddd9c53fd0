/** The clock of this host against the world's. */

import { fine, type Look, problem, warning } from './finding.ts';

export type SyncFacts = {
  /** What the kernel says of its clock (adjtimex); undefined: it could not be asked. */
  readonly synchronized: boolean | undefined;
  /** The kernel's own bound of the error. */
  readonly errorMsMax?: number;
};

export type PeerClock = {
  readonly url: string;
  /** Their clock against ours, milliseconds; undefined: they gave no time (`why`). */
  readonly aheadMs?: number;
  readonly why?: string;
};

/** HTTP tells whole seconds; leases and state ages of two servers may differ by this much unseen. */
export const clockDifferenceWarnMs = 5_000;

export function checkClocks(sync: SyncFacts, peers: readonly PeerClock[]): readonly Look[] {
  return [kernel(sync), ...peers.map(peer)];
}

function kernel({ synchronized, errorMsMax }: SyncFacts): Look {
  const subject = 'this host';
  if (synchronized === undefined) {
    return fine(subject, 'whether its clock is synchronized cannot be seen here');
  }
  if (synchronized) {
    const bound = errorMsMax === undefined ? '' : `, error at most ${Math.round(errorMsMax)} ms`;
    return fine(subject, `the kernel’s clock is synchronized${bound}`);
  }
  return warning(
    subject,
    'the kernel’s clock is not synchronized (adjtimex)',
    'run chrony or systemd-timesyncd (timedatectl): ages of states, certificates and audit records follow this clock',
  );
}

function peer({ url, aheadMs, why }: PeerClock): Look {
  if (aheadMs === undefined) {
    return warning(
      url,
      `this server gave no time: ${why ?? 'unknown'}`,
      'is it running, and reachable from here? images spread between servers by this address',
    );
  }
  const seconds = Math.abs(aheadMs / 1000).toFixed(1);
  const found = `its clock is ${seconds} s ${aheadMs >= 0 ? 'ahead of' : 'behind'} ours`;
  if (Math.abs(aheadMs) < clockDifferenceWarnMs) return fine(url, found);
  return problem(
    url,
    found,
    'set both hosts by NTP: servers that disagree judge leases differently',
  );
}
