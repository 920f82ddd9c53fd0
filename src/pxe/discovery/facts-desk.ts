/** What a discovery image found out about its machine, taken when it comes from the machine's own leased address. */

import { fail, ok, type Result } from '../../base/result.ts';
import type { Clock } from '../../base/world.ts';
import { discoveryId, factsBytesMax } from '../discovery.ts';
import type { Note } from './fold.ts';
import type { Reception } from './reception.ts';

export type FactsProblem = { readonly status: 400 | 403 | 413 | 429; readonly text: string };

export type FactsDesk = {
  /** @param bytes one JSON object. */
  readonly take: (remoteAddress: string, bytes: Uint8Array) => Result<void, FactsProblem>;
};

/** A machine tells its facts once; one that tells them again and again is not listened to. */
const factsEveryMs = 10_000;
/** Machines whose last facts are remembered for that. */
const factsSeenMax = 2_000;

export function createFactsDesk(deps: {
  readonly clock: Pick<Clock, 'now' | 'monotonicMs'>;
  readonly whoIs: Reception['whoIs'];
  readonly isDiscovered: (id: string) => boolean;
  readonly note: (note: Note) => void;
}): FactsDesk {
  const { clock, whoIs } = deps;
  const seen = new Map<string, number>();
  return {
    take: (remoteAddress, bytes) => {
      const who = whoIs(remoteAddress);
      if (who === undefined || !deps.isDiscovered(discoveryId(who.mac))) {
        const text = `${remoteAddress} is not the leased address of a machine that was discovered`;
        return fail({ status: 403, text });
      }
      if (bytes.length > factsBytesMax) {
        return fail({ status: 413, text: `facts are at most ${factsBytesMax} octets of JSON` });
      }
      const nowMs = clock.monotonicMs();
      const last = seen.get(who.mac);
      if (last !== undefined && nowMs - last < factsEveryMs) {
        const text = `facts are taken once in ${factsEveryMs / 1_000} seconds`;
        return fail({ status: 429, text });
      }
      const facts = jsonObject(bytes);
      if (facts === undefined) return fail({ status: 400, text: 'facts are one JSON object' });
      seen.delete(who.mac);
      seen.set(who.mac, nowMs);
      const [oldest] = seen.keys();
      if (seen.size > factsSeenMax && oldest !== undefined) seen.delete(oldest);
      const place = { address: remoteAddress, network: who.network.name, proof: 'lease' };
      const at = clock.now();
      deps.note({ mac: who.mac, at, signs: ['facts'], claims: {}, macs: [], place, facts });
      return ok(undefined);
    },
  };
}

function jsonObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    const isObject = typeof json === 'object' && json !== null && !Array.isArray(json);
    return isObject ? (json as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
