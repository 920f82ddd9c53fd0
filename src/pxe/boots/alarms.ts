/** Log lines about boots that wait in vain: a rack without its relay is worth some, a flood of invented machines is not. */

import type { Clock, Log } from '../../base/world.ts';
import type { Boot, BootStepName } from '../boot.ts';
import { phaseOf } from './phase.ts';

/** Registered machines that are told of by name within a minute; the rest of them as a number. */
export const alarmsMax = 60;
/** The same of machines that nobody registered. */
export const strangerAlarmsMax = 10;
const perMs = 60_000;

export type Alarms = {
  readonly stuck: (boot: Boot, step: BootStepName, cause: string, isKnown: boolean) => void;
  /** Now and then: tells how many were not told of. */
  readonly look: () => void;
};

export function createAlarms({ clock, log }: { readonly clock: Clock; readonly log: Log }): Alarms {
  let sinceMs = clock.monotonicMs();
  let machines = 0;
  let strangers = 0;
  const look = (): void => {
    if (clock.monotonicMs() - sinceMs < perMs) return;
    sinceMs = clock.monotonicMs();
    const more = Math.max(machines - alarmsMax, 0);
    const moreStrangers = Math.max(strangers - strangerAlarmsMax, 0);
    machines = 0;
    strangers = 0;
    if (more + moreStrangers === 0) return;
    const text = 'tetsu get boots --state stuck lists them';
    log.warn('more boots are stuck', { registered: more, strangers: moreStrangers, text });
  };
  return {
    look,
    stuck: (boot, step, cause, isKnown) => {
      look();
      if (isKnown) machines += 1;
      else strangers += 1;
      if (isKnown ? machines > alarmsMax : strangers > strangerAlarmsMax) return;
      const { id, serial = null, mac = null } = boot;
      log.warn('a boot is stuck', { boot: id, serial, mac, step, text: cause });
    },
  };
}

/**
 * A machine that nobody registered and that no server answered waits for nothing of ours: its network is not enabled or is
 * switched off, its relay is not ours, the range is used up. DHCP says so once for each network.
 */
export function isNobodys(boot: Boot): boolean {
  return boot.steps.every(
    ({ name, result }) => phaseOf(name) < 0 || (isOffer(name) && result === 'failed'),
  );
}

function isOffer(name: BootStepName): boolean {
  return name === 'firmware-offer' || name === 'ipxe-offer';
}
