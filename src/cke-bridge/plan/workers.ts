/** Workers: who leaves (gone, or replaced), who joins (in place of a failed one, or to grow), and who waits. */

import { formatIpv4 } from '../../base/addresses.ts';
import { formatInstant, type Instant } from '../../base/time.ts';
import type { Machine, Role, Serial } from '../../inventory/machine.ts';
import { factsOf, type Member } from '../cluster.ts';
import { removalsMaxOf } from '../limits.ts';
import { workerTemplateOf } from '../template.ts';
import { type Draft, isSound, join, leave, naming, secondsAfter, wait } from './draft.ts';
import { goneBecause } from './gone.ts';
import { isDown } from './memory.ts';
import { racksDown } from './rack-incident.ts';

type Failed = { readonly member: Member; readonly since: Instant };

export function planWorkers(draft: Draft): void {
  const failed = failedWorkers(draft);
  callOffSwaps(draft);
  removeWorkers(draft, failed);
  addWorkers(
    draft,
    failed.filter((each) => draft.next.has(each.member.facts.serial)),
  );
}

export function workersOf(draft: Draft): readonly Member[] {
  return [...draft.next.values()].filter((member) => !member.controlPlane);
}

/** Down for longer than `replaceAfterSeconds`, longest first; a dark rack is an incident of its own. */
function failedWorkers(draft: Draft): readonly Failed[] {
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

/** The failed one is healthy again, or gone: its newcomer is a member like any other. */
function callOffSwaps(draft: Draft): void {
  for (const member of workersOf(draft)) {
    const { replaces } = member;
    if (replaces === undefined) continue;
    const other = draft.next.get(replaces);
    const settledBack =
      other !== undefined && draft.input.memory.get(replaces)?.downSince === undefined;
    if (other === undefined || settledBack) {
      draft.next.set(member.facts.serial, { ...member, replaces: undefined });
    }
  }
}

function removeWorkers(draft: Draft, failed: readonly Failed[]): void {
  const { settings, now, lastCluster } = draft.input;
  const due: { member: Member; why: string; guarded: boolean; to?: Machine }[] = [];
  for (const member of workersOf(draft)) {
    const why = goneBecause(draft, member);
    const retired = draft.machineOf.get(member.facts.serial)?.status.state === 'retired';
    if (why !== undefined) due.push({ member, why, guarded: retired });
    else moveAddress(draft, member, due);
  }
  const squads = squadsOf(draft);
  for (const { member } of failed) {
    const why = mayLeaveBecause(draft, member, squads.get(member.facts.role));
    if (why !== undefined) due.push({ member, why, guarded: true });
  }
  if (due.length === 0) return;
  // Those whose machine is gone leave whatever the rate, so they are not kept waiting by those it holds.
  due.sort((a, b) => Number(a.guarded) - Number(b.guarded));

  const nextAt =
    draft.removedAt === undefined
      ? now
      : secondsAfter(draft.removedAt, settings.secondsBetweenRemovals);
  const most = nextAt > now ? 0 : removalsMaxOf(settings, lastCluster?.members.length ?? 0);
  const allowed = due.slice(0, most);
  const rest = due.slice(most);
  for (const { member, why, guarded, to } of allowed) {
    if (to !== undefined) writeAddress(draft, member, to, why);
    else if (guarded && fallsBelowRate(draft, member)) continue;
    else leave(draft, member, why);
    draft.removedAt = now;
  }
  if (rest.length > 0) {
    const serials = rest.map((each) => each.member.facts.serial);
    const until = nextAt > now ? nextAt : secondsAfter(now, settings.secondsBetweenRemovals);
    const text = `${naming(serials)} may leave, but at most ${removalsMaxOf(settings, lastCluster?.members.length ?? 0)} nodes leave every ${settings.secondsBetweenRemovals} s; next at ${formatInstant(until)}`;
    wait(draft, 'removal-budget', text, serials, until);
  }
}

/** The same machine with another first address is one replacement, written in one pass. */
function moveAddress(
  draft: Draft,
  member: Member,
  due: { member: Member; why: string; guarded: boolean; to?: Machine }[],
): void {
  const { serial, address } = member.facts;
  const machine = draft.machineOf.get(serial);
  const to = machine?.spec.ipv4[0];
  if (machine === undefined || to === address) return;
  const shown = to === undefined ? 'no address' : formatIpv4(to);
  const holder = [...draft.next.values()].find((each) => each.facts.address === to);
  if (to === undefined || holder !== undefined || !isSound(draft, serial)) {
    const text = `${serial} now has ${shown} instead of ${formatIpv4(address)}; its node moves once it is healthy and the address is free`;
    wait(draft, 'address-change', text, [serial]);
    return;
  }
  const why = `its machine was registered again with ${shown}`;
  due.push({ member, why, guarded: false, to: machine });
}

function writeAddress(draft: Draft, member: Member, machine: Machine, why: string): void {
  const facts = factsOf(machine);
  if (facts === undefined) return;
  const { serial, address } = member.facts;
  // A free machine chosen later in this pass must not find the address used twice.
  for (const [other, candidate] of draft.free) {
    if (candidate.spec.ipv4[0] === facts.address) draft.free.delete(other);
  }
  draft.next.set(serial, { ...member, facts, joinedAt: draft.input.now });
  draft.changes.push({ kind: 'readdress', serial, from: address, to: facts.address, why });
}

type Squad = { settled: number; readonly newcomers: Map<Serial, Member> };

/** Per role: how many workers have settled, and who came in for whom. */
function squadsOf(draft: Draft): ReadonlyMap<Role, Squad> {
  const squads = new Map<Role, Squad>();
  for (const member of workersOf(draft)) {
    const squad = squads.get(member.facts.role) ?? { settled: 0, newcomers: new Map() };
    if (isSettled(draft, member)) squad.settled += 1;
    if (member.replaces !== undefined) squad.newcomers.set(member.replaces, member);
    squads.set(member.facts.role, squad);
  }
  return squads;
}

/** Why a failed worker may leave: its newcomer has settled, or its role is complete without it. */
function mayLeaveBecause(
  draft: Draft,
  member: Member,
  squad: Squad | undefined,
): string | undefined {
  const { settings, now } = draft.input;
  const { serial, role } = member.facts;
  const newcomer = squad?.newcomers.get(serial);
  if (newcomer !== undefined) {
    const swap = `swap ${serial} by ${newcomer.facts.serial}`;
    if (isSettled(draft, newcomer)) return `${swap}: the newcomer has settled`;
    const until = secondsAfter(newcomer.joinedAt, settings.newcomerSettleSeconds);
    const text = `${swap}: ${serial} leaves once ${newcomer.facts.serial} has been a healthy member for ${settings.newcomerSettleSeconds} s`;
    const serials = [serial, newcomer.facts.serial];
    wait(draft, 'newcomer-settles', text, serials, until > now ? until : undefined);
    return undefined;
  }
  if (settings.workers === 'all' || squad === undefined) return undefined;
  const wanted = settings.workers.get(role) ?? 0;
  return wanted > 0 && squad.settled >= wanted
    ? `${squad.settled} healthy workers of role ${role} are enough without it`
    : undefined;
}

function isSettled(draft: Draft, member: Member): boolean {
  const { settings, now } = draft.input;
  const settledAt = secondsAfter(member.joinedAt, settings.newcomerSettleSeconds);
  return settledAt <= now && isSound(draft, member.facts.serial);
}

/** CKE's minimum-workers-rate: workers that remain, as a percentage of those that are wanted. */
function fallsBelowRate(draft: Draft, member: Member): boolean {
  const { constraints, settings } = draft.input;
  const workers = workersOf(draft);
  const healthy = workers.filter(
    (each) => draft.machineOf.get(each.facts.serial)?.status.state === 'healthy',
  ).length;
  const wanted =
    settings.workers === 'all'
      ? healthy
      : [...settings.workers.values()].reduce((sum, count) => sum + count, 0);
  const below = (workers.length - 1) * 100 < constraints.minimumWorkersRate * wanted;
  if (below) {
    const { serial } = member.facts;
    const text = `${serial} stays: with ${workers.length - 1} workers left, fewer than ${constraints.minimumWorkersRate} % of ${wanted} would remain (minimum-workers-rate)`;
    wait(draft, 'workers-rate', text, [serial]);
  }
  return below;
}

function addWorkers(draft: Draft, failed: readonly Failed[]): void {
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
