/** Control planes: the exact count, spread over racks, never a majority changed, one disruption at a time. */

import { formatInstant, instantOf } from '../../base/time.ts';
import { holdOn, holdText } from '../../inventory/hold.ts';
import type { Machine, Serial } from '../../inventory/machine.ts';
import type { Member } from '../cluster.ts';
import { daysUntil, stateTaintKey } from '../node.ts';
import { controlPlaneScore, dayScore, keepScore } from '../score.ts';
import { mayBeControlPlane, workerTemplateOf } from '../template.ts';
import { type Draft, isSound, join, leave, naming, secondsAfter, wait } from './draft.ts';
import { goneBecause } from './gone.ts';
import { isDown } from './memory.ts';

/** The first generation: all control planes at once, or none. */
export function foundControlPlanes(draft: Draft): boolean {
  const { constraints, settings, machines, template, now } = draft.input;
  const count = constraints.controlPlaneCount;
  const able = [...draft.free.values()].filter((machine) =>
    mayBeControlPlane(template, machine.spec.role),
  );
  if (able.length < count) {
    const text = `the first cluster needs ${count} healthy machines that may be control planes; there are ${able.length}`;
    wait(draft, 'control-plane-candidates', text);
    return false;
  }
  const racks = new Set(able.map((machine) => machine.spec.rack));
  const known = machines.filter(
    (machine) =>
      mayBeControlPlane(template, machine.spec.role) &&
      !settings.excludedRoles.includes(machine.spec.role) &&
      machine.status.state !== 'retired' &&
      machine.status.state !== 'retiring',
  );
  const wanted = Math.min(count, new Set(known.map((machine) => machine.spec.rack)).size);
  const readySince = able
    .map((machine) => instantOf(machine.status.since) + settings.minHealthySeconds * 1000)
    .sort((a, b) => a - b)[count - 1];
  const until = secondsAfter((readySince ?? now) as typeof now, settings.spreadWaitSeconds);
  if (racks.size < wanted && until > now) {
    const text = `the first cluster waits until ${formatInstant(until)} for control plane candidates in ${wanted} racks; there are candidates in ${racks.size}`;
    wait(draft, 'control-plane-spread', text, [], until);
    return false;
  }
  for (let chosen = 0; chosen < count; chosen += 1) {
    const best = bestCandidate(draft);
    if (best !== undefined) enlist(draft, best, 'the first cluster');
  }
  return true;
}

/** One kind of change per pass: those who are gone, then one who is dead, then the count. */
export function planControlPlanes(draft: Draft): void {
  const { constraints, settings, now } = draft.input;
  const current = controlPlanesOf(draft);
  const lost = current.filter((member) => goneBecause(draft, member) !== undefined);
  const dead = current.filter((member) => !lost.includes(member) && isDead(draft, member));
  const difference = constraints.controlPlaneCount - current.length;
  if (lost.length === 0 && dead.length === 0 && difference === 0) return;

  const settledAt =
    draft.controlPlanesChangedAt === undefined
      ? now
      : secondsAfter(draft.controlPlanesChangedAt, settings.controlPlaneSettleSeconds);
  if (settledAt > now) {
    const text = `control planes changed a moment ago; the next change waits until ${formatInstant(settledAt)}`;
    wait(draft, 'control-plane-settles', text, [], settledAt);
    return;
  }
  const before = draft.changes.length;
  if (lost.length > 0) replaceLost(draft, current, lost);
  else if (dead.length > 0) replaceDead(draft, current, dead);
  if (draft.changes.length === before && lost.length === 0) {
    if (difference > 0) raiseCount(draft, difference);
    if (difference < 0) lowerCount(draft, current, -difference);
  }
  if (draft.changes.length > before) draft.controlPlanesChangedAt = now;
}

function controlPlanesOf(draft: Draft): readonly Member[] {
  return [...draft.next.values()].filter((member) => member.controlPlane);
}

/** Cannot take part in a quorum now. */
function isSilent(draft: Draft, member: Member): boolean {
  const state = draft.machineOf.get(member.facts.serial)?.status.state;
  return state === 'unreachable' || state === 'updating' || state === 'uninitialized';
}

function isDead(draft: Draft, member: Member): boolean {
  const { settings, memory, now } = draft.input;
  const { serial } = member.facts;
  const machine = draft.machineOf.get(serial);
  const since = memory.get(serial)?.downSince;
  if (machine === undefined || !isDown(machine.status.state) || since === undefined) return false;
  const hold = holdOn(machine, now);
  if (hold !== undefined) {
    const text = `control plane ${serial} is ${machine.status.state} and stays: ${holdText(hold)}`;
    wait(draft, 'held', text, [serial]);
    return false;
  }
  const until = secondsAfter(since, settings.replaceControlPlaneAfterSeconds);
  if (until <= now) return true;
  const text = `control plane ${serial} is ${machine.status.state}; it is replaced if it stays so until ${formatInstant(until)}`;
  wait(draft, 'control-plane-grace', text, [serial], until);
  return false;
}

function replaceLost(draft: Draft, current: readonly Member[], lost: readonly Member[]): void {
  const silent = current.filter((member) => !lost.includes(member) && isSilent(draft, member));
  const working = current.length - lost.length - silent.length;
  if (lost.length * 2 >= current.length || working * 2 <= current.length) {
    const text = `${lost.length} of ${current.length} control planes are gone and ${silent.length} silent: without a majority of them nothing is changed`;
    wait(draft, 'control-plane-quorum', text, lost.map(serialOf));
    return;
  }
  for (const member of lost) {
    const best = bestCandidate(draft, member);
    if (best === undefined) {
      missing(draft, `to take the place of ${member.facts.serial}`, member.facts.serial);
      continue;
    }
    const why = goneBecause(draft, member) ?? 'it is gone';
    leave(draft, member, why);
    enlist(draft, best, `${member.facts.serial} left: ${why}`, member.facts.serial);
  }
}

/** A dead control plane costs nothing more; a change while a second one is ill could cost the quorum. */
function replaceDead(draft: Draft, current: readonly Member[], dead: readonly Member[]): void {
  const ill = current.filter(
    (member) => draft.machineOf.get(member.facts.serial)?.status.state !== 'healthy',
  );
  const [member] = dead;
  if (member === undefined) return;
  const { serial } = member.facts;
  if (ill.length > 1 || (current.length - 1) * 2 <= current.length) {
    const others = naming(ill.map(serialOf).filter((each) => each !== serial));
    const text =
      ill.length > 1
        ? `control plane ${serial} is to be replaced, but ${others} must be healthy first`
        : `control plane ${serial} is one of ${current.length}: without a majority it cannot be replaced`;
    wait(draft, 'control-plane-quorum', text, [serial]);
    return;
  }
  const best = bestCandidate(draft, member);
  if (best === undefined) {
    missing(draft, `to take the place of ${serial}`, serial);
    return;
  }
  const seconds = draft.input.settings.replaceControlPlaneAfterSeconds;
  stepDown(draft, member, `it has been down for more than ${seconds} s`);
  enlist(draft, best, `${serial} has been down for more than ${seconds} s`, serial);
}

function raiseCount(draft: Draft, missingCount: number): void {
  const able = candidates(draft);
  if (able.length < missingCount) {
    missing(draft, `for ${missingCount} more control planes; there are ${able.length}`);
    return;
  }
  for (let added = 0; added < missingCount; added += 1) {
    const best = bestCandidate(draft);
    if (best !== undefined) enlist(draft, best, 'control-plane-count asks for more');
  }
}

function lowerCount(draft: Draft, current: readonly Member[], surplus: number): void {
  // A strict minority steps down in one pass, so that those who stay have the majority.
  const most = Math.min(surplus, Math.ceil(current.length / 2) - 1);
  for (let dropped = 0; dropped < most; dropped += 1) {
    const [worst] = controlPlanesOf(draft)
      .map((member) => ({ member, score: keepScoreOf(draft, member) }))
      .sort(
        (a, b) => a.score - b.score || (a.member.facts.serial < b.member.facts.serial ? 1 : -1),
      );
    if (worst !== undefined) stepDown(draft, worst.member, 'control-plane-count asks for fewer');
  }
  if (most === 0) {
    const text = `control-plane-count asks for ${surplus} fewer of ${current.length} control planes: that would change a majority`;
    wait(draft, 'control-plane-quorum', text);
  }
}

function keepScoreOf(draft: Draft, member: Member): number {
  const state = draft.machineOf.get(member.facts.serial)?.status.state;
  const inRack = racksOf(draft).get(member.facts.rack) ?? 0;
  const days = daysUntil(member.facts.retireDate, draft.input.now);
  return keepScore(state === 'healthy', inRack, days);
}

function stepDown(draft: Draft, member: Member, why: string): void {
  if (workerTemplateOf(draft.input.template, member.facts.role) === undefined) {
    leave(draft, member, `${why}, and the template has no worker of role ${member.facts.role}`);
    return;
  }
  draft.next.set(member.facts.serial, { ...member, controlPlane: false });
  draft.changes.push({ kind: 'demote', serial: member.facts.serial, why });
}

function enlist(draft: Draft, machine: Machine, why: string, replaces?: Serial): void {
  const { serial } = machine.spec;
  const member = draft.next.get(serial);
  if (member === undefined) {
    join(draft, machine, true, why, replaces);
    return;
  }
  draft.next.set(serial, { ...member, controlPlane: true });
  draft.changes.push({ kind: 'promote', serial, why });
}

function missing(draft: Draft, forWhat: string, serial?: Serial): void {
  const text = `no healthy machine may become a control plane ${forWhat}`;
  wait(draft, 'control-plane-candidates', text, serial === undefined ? [] : [serial]);
}

function racksOf(draft: Draft, without?: Member): ReadonlyMap<number, number> {
  const racks = new Map<number, number>();
  for (const member of controlPlanesOf(draft)) {
    if (member === without) continue;
    racks.set(member.facts.rack, (racks.get(member.facts.rack) ?? 0) + 1);
  }
  return racks;
}

function candidates(draft: Draft): readonly Machine[] {
  const { template } = draft.input;
  const workers = [...draft.next.values()]
    .filter((member) => !member.controlPlane && isSound(draft, member.facts.serial))
    .filter((member) => goneBecause(draft, member) === undefined)
    .flatMap((member) => draft.machineOf.get(member.facts.serial) ?? [])
    .filter(
      (machine) => machine.spec.ipv4[0] === draft.next.get(machine.spec.serial)?.facts.address,
    );
  return [...draft.free.values(), ...workers].filter(
    (machine) =>
      mayBeControlPlane(template, machine.spec.role) &&
      !isTaintedByOthers(draft, machine.spec.serial),
  );
}

/**
 * The rack with the fewest control planes first, then free machines before workers, spare-tainted workers before
 * others, then the newer machine. (CKE takes a free machine even into a crowded rack; we do not.)
 */
function bestCandidate(draft: Draft, leaving?: Member): Machine | undefined {
  const racks = racksOf(draft, leaving);
  const { now, template, nodeTaints } = draft.input;
  const spareKey = template.spareNodeTaintKey;
  const rank = (machine: Machine): readonly number[] => {
    const { serial, rack, retireDate } = machine.spec;
    const spare = spareKey !== undefined && nodeTaints?.get(serial)?.includes(spareKey) === true;
    const days = daysUntil(retireDate, now);
    return [
      controlPlaneScore(racks.get(rack) ?? 0, 0),
      draft.free.has(serial) ? 2 : spare ? 1 : 0,
      dayScore(days),
    ];
  };
  let best: { machine: Machine; rank: readonly number[] } | undefined;
  for (const machine of candidates(draft)) {
    const ranked = rank(machine);
    if (best === undefined || beats(ranked, best.rank, machine, best.machine)) {
      best = { machine, rank: ranked };
    }
  }
  return best?.machine;
}

function beats(a: readonly number[], b: readonly number[], one: Machine, other: Machine): boolean {
  for (const [at, value] of a.entries()) {
    const difference = value - (b[at] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return one.spec.serial < other.spec.serial;
}

function isTaintedByOthers(draft: Draft, serial: Serial): boolean {
  const { template, nodeTaints } = draft.input;
  const tolerated = [
    stateTaintKey,
    'cke.cybozu.com/master',
    ...template.controlPlaneTolerations,
    ...(template.spareNodeTaintKey === undefined ? [] : [template.spareNodeTaintKey]),
  ];
  return (nodeTaints?.get(serial) ?? []).some(
    (key) => !key.startsWith('node.kubernetes.io/') && !tolerated.includes(key),
  );
}

function serialOf(member: Member): Serial {
  return member.facts.serial;
}
