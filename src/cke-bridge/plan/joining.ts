/** Workers that join: in place of a failed one first, then to grow, spread over racks; the reserve stays out. */

import { formatInstant } from '../../base/time.ts';
import type { Machine, Role } from '../../inventory/machine.ts';
import { workerTemplateOf } from '../template.ts';
import { type Draft, join, wait, workersOf } from './draft.ts';
import type { Failed } from './failed.ts';

export function addWorkers(draft: Draft, failed: readonly Failed[]): void {
  const { template } = draft.input;
  const roles = new Map<Role, Machine[]>();
  for (const machine of draft.free.values()) {
    const { role } = machine.spec;
    if (workerTemplateOf(template, role) === undefined) continue;
    const pool = roles.get(role);
    if (pool === undefined) roles.set(role, [machine]);
    else pool.push(machine);
  }
  const counted = draft.input.settings.workers === 'all' ? [] : draft.input.settings.workers.keys();
  const all = new Set<Role>([
    ...roles.keys(),
    ...failed.map((each) => each.member.facts.role),
    ...counted,
    ...draft.input.settings.spares.keys(),
  ]);
  for (const role of [...all].sort()) {
    addOfRole(draft, role, roles.get(role) ?? [], failed);
  }
}

function addOfRole(draft: Draft, role: Role, pool: Machine[], allFailed: readonly Failed[]): void {
  const { settings } = draft.input;
  const members = workersOf(draft).filter((member) => member.facts.role === role);
  const failed = allFailed.filter((each) => each.member.facts.role === role);
  const newcomers = new Set(members.map((member) => member.replaces));
  const unpaired = failed.filter((each) => !newcomers.has(each.member.facts.serial));
  const reserve = settings.spares.get(role) ?? 0;

  let growth: number;
  let swaps: readonly Failed[] = unpaired;
  if (settings.workers === 'all') {
    growth = Math.max(0, pool.length - reserve - unpaired.length);
  } else {
    const gone = new Set(failed.map((each) => each.member.facts.serial));
    const standing = members.filter((member) => {
      const state = draft.machineOf.get(member.facts.serial)?.status.state;
      return !gone.has(member.facts.serial) && state !== 'retiring' && state !== 'retired';
    });
    const room = Math.max(0, (settings.workers.get(role) ?? 0) - standing.length);
    swaps = unpaired.slice(0, room);
    growth = room - swaps.length;
    if (room > pool.length && unpaired.length === 0) {
      const text = `role ${role}: ${settings.workers.get(role)} workers are wanted, ${standing.length} stand, ${pool.length} healthy machines are free`;
      wait(draft, 'workers-wanted', text);
    }
  }
  const picks = spreadPicks(draft, pool);
  for (const { member, since } of swaps) {
    const { serial } = member.facts;
    const state = draft.machineOf.get(serial)?.status.state;
    const why = `swap ${serial} by it: ${serial} is ${state} since ${formatInstant(since)}`;
    const machine = hasRoom(draft) ? picks() : undefined;
    if (machine !== undefined) {
      join(draft, machine, false, why, serial);
      continue;
    }
    const text = `${serial} is ${state} since ${formatInstant(since)} and no spare of role ${role} is free to take its place; it stays, tainted`;
    wait(draft, 'no-spare', text, [serial]);
  }
  for (let added = 0; added < growth && hasRoom(draft); added += 1) {
    const machine = picks();
    if (machine === undefined) break;
    const wanted =
      settings.workers === 'all'
        ? 'every healthy machine'
        : `${settings.workers.get(role)} workers`;
    join(draft, machine, false, `role ${role} gets ${wanted}`);
  }
  const left = pool.filter((machine) => draft.free.has(machine.spec.serial)).length;
  if (left < reserve) {
    const text = `the spare pool of role ${role} holds ${left} of ${reserve} healthy machines`;
    wait(draft, 'spare-pool', text);
  }
  const { nodesMax } = settings;
  if (left > reserve && !hasRoom(draft)) {
    wait(
      draft,
      'nodes-max',
      `the cluster has reached nodes-max (${nodesMax}); ${left} healthy machines stay out`,
    );
  }
}

function hasRoom(draft: Draft): boolean {
  return draft.next.size < draft.input.settings.nodesMax;
}

/** Free machines, from the rack with the fewest members first: a dark rack then costs the least. */
function spreadPicks(draft: Draft, pool: readonly Machine[]): () => Machine | undefined {
  const inRack = new Map<number, number>();
  for (const member of draft.next.values()) {
    inRack.set(member.facts.rack, (inRack.get(member.facts.rack) ?? 0) + 1);
  }
  const byRack = new Map<number, Machine[]>();
  for (const machine of [...pool].reverse()) {
    const { rack } = machine.spec;
    const queue = byRack.get(rack);
    if (queue === undefined) byRack.set(rack, [machine]);
    else queue.push(machine);
  }
  return () => {
    for (;;) {
      let best: number | undefined;
      for (const rack of byRack.keys()) {
        const least = best === undefined ? Number.POSITIVE_INFINITY : (inRack.get(best) ?? 0);
        const members = inRack.get(rack) ?? 0;
        if (members < least || (members === least && rack < (best ?? rack))) best = rack;
      }
      if (best === undefined) return undefined;
      const machine = byRack.get(best)?.pop();
      if (machine === undefined) {
        byRack.delete(best);
      } else if (draft.free.has(machine.spec.serial)) {
        inRack.set(best, (inRack.get(best) ?? 0) + 1);
        return machine;
      }
    }
  };
}
