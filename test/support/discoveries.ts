/** Machines that nobody registered, as they are stored. */

import { settled } from './clock.ts';
import type { TestFace } from './face.ts';

export const strangerIds = ['52-54-00-00-00-01', '52-54-00-00-00-02'] as const;

/** Two that wait in rack 0, with these serial numbers. */
export async function twoStrangers(
  face: TestFace,
  serials: readonly [string, string],
): Promise<void> {
  for (const [at, id] of strangerIds.entries()) {
    const seen = '2026-11-21T05:00:00Z';
    const stored = {
      ...{ state: 'waiting', firstSeen: seen, lastSeen: seen, signs: ['dhcp', 'ipxe'], wish: {} },
      ...{ claims: { serial: serials[at] }, macs: [id.replaceAll('-', ':')] },
      place: { address: `10.69.0.4${at}`, proof: 'lease' },
    };
    const value = new TextEncoder().encode(JSON.stringify(stored));
    await face.store.commit([], [{ kind: 'put', key: `tetsukan/discoveries/${id}`, value }]);
  }
  await settled();
}
