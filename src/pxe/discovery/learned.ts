/** Network cards of registered machines, as they become known: their records, and what becomes of their discoveries. */

import type { Write } from '../../base/store.ts';
import { formatInstant, type Instant } from '../../base/time.ts';
import {
  type Discovery,
  type decodeDiscovery,
  discoveryPrefix,
  encodeDiscovery,
} from '../discovery.ts';
import { foldNote } from './fold.ts';
import { encodeKnownMac, type KnownMac, knownMacKey } from './known-macs.ts';

/** A registered machine's card; `replaces`: it had others, and this is told as a discovery that is settled. */
export type Learned = { readonly known: KnownMac; readonly replaces?: string };

/** Adds what a learned card changes; a discovery of it that still waits is none. */
export function learnInto(
  writes: Map<string, Write>,
  { known, replaces }: Learned,
  read: (id: string) => ReturnType<typeof decodeDiscovery>,
  view: { readonly get: (key: string) => { readonly value: Uint8Array } | undefined },
  now: Instant,
): void {
  const key = knownMacKey(known.mac);
  const value = encodeKnownMac(known);
  writes.set(key, { kind: 'put', key, value });
  const id = known.mac.replaceAll(':', '-');
  const discovery = read(id);
  const about = discoveryPrefix + id;
  if (replaces !== undefined) {
    const at = formatInstant(now);
    const settled: Discovery = {
      ...(discovery.ok ? discovery.value : newcomer(known, now)),
      state: 'approved',
      decision: { at, by: 'server', text: replaces, serial: known.serial },
    };
    writes.set(about, { kind: 'put', key: about, value: encodeDiscovery(settled) });
  } else if (view.get(about) !== undefined && discovery.ok && discovery.value.state === 'waiting') {
    writes.set(about, { kind: 'delete', key: about });
  }
}

function newcomer({ mac, serial }: KnownMac, at: Instant): Discovery {
  const parsed = mac as Discovery['mac'];
  const claims = { serial };
  return foldNote(undefined, { mac: parsed, at, signs: ['ipxe'], claims, macs: [], place: {} });
}
