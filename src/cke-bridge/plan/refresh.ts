/** Members follow their machine: labels, dates, and the taint of its state. */

import { formatInstant } from '../../base/time.ts';
import type { Machine } from '../../inventory/machine.ts';
import { type Facts, factsOf, type Member, taintStateOf } from '../cluster.ts';
import { wrongInNode } from '../kube-names.ts';
import { nodeOf } from '../node.ts';
import { workerTemplateOf } from '../template.ts';
import { type Draft, naming, secondsAfter, wait } from './draft.ts';

export function refreshMembers(draft: Draft): void {
  const taintLater: { serial: Member['facts']['serial']; at: number }[] = [];
  const { now, settings } = draft.input;
  for (const member of [...draft.next.values()]) {
    const machine = draft.machineOf.get(member.facts.serial);
    if (machine === undefined) continue;
    let next = member;
    const facts = freshFacts(draft, member, machine);
    if (facts !== undefined) {
      next = { ...next, facts };
      draft.changes.push({
        kind: 'refresh',
        serial: facts.serial,
        why: 'the labels or dates of its machine changed',
      });
    }
    const state = taintStateOf(machine.status.state);
    if (state !== member.taint.state) {
      const from = member.taint.state;
      const mayAt = secondsAfter(member.taint.at, settings.taintIntervalSeconds);
      const urgent = state === 'retiring' || state === 'retired' || mayAt <= now;
      // A member that just joined has not been tainted before, so nothing flaps yet.
      const first = member.taint.at === member.joinedAt && from === 'none';
      if (urgent || first) {
        next = { ...next, taint: { state, at: now } };
        const why = `its machine is ${machine.status.state} since ${machine.status.since}`;
        draft.changes.push({ kind: 'taint', serial: member.facts.serial, from, to: state, why });
      } else {
        taintLater.push({ serial: member.facts.serial, at: mayAt });
      }
    }
    if (next !== member) draft.next.set(member.facts.serial, next);
  }
  if (taintLater.length > 0) {
    const serials = taintLater.map((each) => each.serial);
    const until = secondsAfter(now, Math.min(...taintLater.map((each) => each.at - now)) / 1000);
    const text = `the taint of ${naming(serials)} changed less than ${settings.taintIntervalSeconds} s ago; it changes again at ${formatInstant(until)}`;
    wait(draft, 'taint-interval', text, serials, until);
  }
}

/** New facts of the same address, unless nothing changed or Kubernetes would refuse them. */
function freshFacts(draft: Draft, member: Member, machine: Machine): Facts | undefined {
  const facts = factsOf(machine);
  if (facts === undefined || facts.address !== member.facts.address) return undefined;
  if (sameFacts(facts, member.facts)) return undefined;
  const { template } = draft.input;
  const nodeTemplate = member.controlPlane
    ? template.controlPlane
    : workerTemplateOf(template, facts.role);
  if (nodeTemplate === undefined) {
    const text = `the template has no worker of its new role ${facts.role}; its node stays as it was`;
    draft.notes.set(facts.serial, text);
    return undefined;
  }
  const wrong = wrongInNode(nodeOf(facts, nodeTemplate, member.controlPlane, 'none'));
  if (wrong === undefined) return facts;
  draft.notes.set(facts.serial, `its node stays as it was, Kubernetes would refuse its ${wrong}`);
  return undefined;
}

function sameFacts(a: Facts, b: Facts): boolean {
  return (
    a.rack === b.rack &&
    a.indexInRack === b.indexInRack &&
    a.role === b.role &&
    a.registerDate === b.registerDate &&
    a.retireDate === b.retireDate &&
    sameTexts(a.labels, b.labels)
  );
}

function sameTexts(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}
