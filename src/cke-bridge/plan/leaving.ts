/** Workers that leave, within the removal budget: gone ones, moved ones, and failed ones whose newcomer has settled. */

import { formatIpv4 } from '../../base/addresses.ts';
import { formatInstant } from '../../base/time.ts';
import type { Machine, Role, Serial } from '../../inventory/machine.ts';
import { factsOf, type Member } from '../cluster.ts';
import { removalsMaxOf } from '../limits.ts';
import { type Draft, isSound, leave, naming, secondsAfter, wait, workersOf } from './draft.ts';
import type { Failed } from './failed.ts';
import { goneBecause } from './gone.ts';

export function removeWorkers(draft: Draft, failed: readonly Failed[]): void {
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
