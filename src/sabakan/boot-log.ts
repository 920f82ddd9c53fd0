/** Steps of boots in this server's log. */

import type { Log } from '../base/world.ts';
import type { Sighting } from '../pxe/sightings.ts';

/**
 * One line for each step of a boot: what an operator looks for when a machine stays dark. DHCP writes its own, of which
 * a flood is bounded.
 */
export function logBoot(log: Log, sighting: Sighting): void {
  switch (sighting.by) {
    case 'dhcp':
      return;
    case 'tftp': {
      const { kind, client, file, bytes, durationMs, text } = sighting;
      const level =
        kind === 'started' || kind === 'moving' || kind === 'size-only' ? 'debug' : 'info';
      const fields = { outcome: kind, client: client.address, file, bytes, durationMs, text };
      log[level]('tftp transfer', fields);
      return;
    }
    case 'http': {
      const { kind, phase, serial, remoteAddress, status, sentBytes, bodyBytes, text } = sighting;
      const fields = { step: kind, serial: serial ?? null, client: remoteAddress, status };
      if (phase === 'answered') {
        if (status >= 400 && kind !== 'other') log.warn('boot request failed', { ...fields, text });
        else log.info('boot request', fields);
      } else if (phase === 'ended' && sentBytes < bodyBytes) {
        log.warn('a download broke off', { ...fields, sentBytes, bodyBytes });
      }
      return;
    }
  }
}
