/** What the bridge remembers of machines that fell: derived from each pass's inventory, kept in the store. */

import { addMs, type Instant, instantOf } from '../../base/time.ts';
import type { Machine, MachineState, Serial } from '../../inventory/machine.ts';
import type { MachineMemory, Memory } from '../cluster.ts';
import type { BridgeSettings } from '../settings.ts';

export type MemorySettings = Pick<
  BridgeSettings,
  'minHealthySeconds' | 'flapsMax' | 'flapWindowSeconds' | 'flapHoldSeconds'
>;

export function isDown(state: MachineState): boolean {
  return state === 'unhealthy' || state === 'unreachable';
}

/**
 * Together with 5,000 members so many fit into one key of the store. A fleet in which more machines fall has the
 * guard `many-down` upon it; those beyond the bound are remembered once others have recovered.
 */
export const rememberedMax = 5000;

/**
 * A machine is up again only after `minHealthySeconds` of health, so that a machine that comes back for a moment
 * keeps its deadline. The same value comes back when nothing changed, so that nothing is written.
 */
export function remember(
  memory: Memory,
  machines: readonly Machine[],
  settings: MemorySettings,
  now: Instant,
): Memory {
  const next = new Map<Serial, MachineMemory>();
  let changed = false;
  for (const machine of machines) {
    const { serial } = machine.spec;
    const before = memory.get(serial);
    if (before === undefined && next.size >= rememberedMax) continue;
    const after = rememberOne(before, machine, settings, now);
    if (after !== undefined) next.set(serial, after);
    changed ||= after !== before;
  }
  for (const serial of memory.keys()) changed ||= !next.has(serial);
  return changed ? next : memory;
}

function rememberOne(
  before: MachineMemory | undefined,
  machine: Machine,
  settings: MemorySettings,
  now: Instant,
): MachineMemory | undefined {
  const { state } = machine.status;
  if (before === undefined && !isDown(state)) return undefined;
  const since = instantOf(machine.status.since);
  const oldest = addMs(now, -settings.flapWindowSeconds * 1000);
  const kept = before?.falls.filter((fall) => fall > oldest) ?? [];
  let after: MachineMemory;
  if (isDown(state)) {
    const fell = before === undefined || before.up || before.downSince === undefined;
    const falls = fell ? [...kept, since].slice(-settings.flapsMax) : kept;
    after = { downSince: before?.downSince ?? since, up: false, falls };
  } else {
    const recovered =
      state !== 'healthy' || since <= addMs(now, -settings.minHealthySeconds * 1000);
    after = { downSince: recovered ? undefined : before?.downSince, up: true, falls: kept };
    if (after.downSince === undefined && kept.length === 0) return undefined;
  }
  const same =
    before !== undefined &&
    before.downSince === after.downSince &&
    before.up === after.up &&
    before.falls.length === after.falls.length &&
    before.falls.at(-1) === after.falls.at(-1);
  return same ? before : after;
}

/** Whether a machine fell too often of late, and until when it is held out. */
export function heldOutUntil(
  machine: Machine,
  memory: MachineMemory | undefined,
  settings: MemorySettings,
  now: Instant,
): Instant | undefined {
  const oldest = addMs(now, -settings.flapWindowSeconds * 1000);
  const falls = memory?.falls.filter((fall) => fall > oldest).length ?? 0;
  if (falls < settings.flapsMax) return undefined;
  const until = addMs(instantOf(machine.status.since), settings.flapHoldSeconds * 1000);
  return until > now ? until : undefined;
}
