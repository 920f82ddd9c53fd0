/** Workers that have been down for too long, apart from those whose whole rack is. */

import { formatInstant, type Instant } from '../../base/time.ts';
import { holdOn, holdText } from '../../inventory/hold.ts';
import type { Serial } from '../../inventory/machine.ts';
import type { Member } from '../cluster.ts';
import { type Draft, secondsAfter, wait, workersOf } from './draft.ts';
import { isDown } from './memory.ts';
import { racksDown } from './rack-incident.ts';

export type Failed = { readonly member: Member; readonly since: Instant };

/** Down for longer than `replaceAfterSeconds`, longest first; a dark rack is an incident of its own. */
export function failedWorkers(draft: Draft): readonly Failed[] {
  const { settings, memory, now } = draft.input;
  const dark = racksDown(draft.next.values(), draft.machineOf, settings);
  const failed: Failed[] = [];
  const inGrace: { serial: Serial; until: Instant }[] = [];
  const darkened = new Map<number, Serial[]>();
  for (const member of workersOf(draft)) {
    const { serial, rack } = member.facts;
    const machine = draft.machineOf.get(serial);
    const since = memory.get(serial)?.downSince;
    if (machine === undefined || !isDown(machine.status.state) || since === undefined) continue;
    const hold = holdOn(machine, now);
    if (hold !== undefined) {
      wait(draft, 'held', `${serial} is ${machine.status.state} and stays: ${holdText(hold)}`, [
        serial,
      ]);
      continue;
    }
    if (dark.has(rack)) {
      darkened.set(rack, [...(darkened.get(rack) ?? []), serial]);
      continue;
    }
    const until = secondsAfter(since, settings.replaceAfterSeconds);
    if (until <= now) failed.push({ member, since });
    else inGrace.push({ serial, until });
  }
  for (const { serial, until } of inGrace) {
    const state = draft.machineOf.get(serial)?.status.state;
    const text = `${serial} is ${state}; a spare steps in if it stays so until ${formatInstant(until)}`;
    wait(draft, 'grace', text, [serial], until);
  }
  for (const [rack, serials] of darkened) {
    const text = `${serials.length} workers of rack ${rack} are down together: that is one incident, none of them is replaced until most of the rack is back`;
    wait(draft, 'rack-down', text, serials);
  }
  return failed.sort(
    (a, b) => a.since - b.since || (a.member.facts.serial < b.member.facts.serial ? -1 : 1),
  );
}
