/** Which rules are about a machine, and which of them goes before which. */

import type { Machine } from '../../inventory/machine.ts';
import type { BootRule, RuleMatch } from '../boot-policy.ts';

export function isMeant({ serials, role, labels }: RuleMatch, { spec }: Machine): boolean {
  return (
    (serials.length === 0 || serials.includes(spec.serial)) &&
    (role === undefined || role === spec.role) &&
    [...labels].every(([name, value]) => spec.labels.get(name) === value)
  );
}

/**
 * Negative: `a` is the more specific one. Named machines go before labels, more labels before fewer, and where those are
 * alike a role before none; a rule that matches everything is last.
 */
export function compareRules(a: BootRule, b: BootRule): number {
  const [x, y] = [weightOf(a.match), weightOf(b.match)];
  const at = x.findIndex((number, index) => number !== y[index]);
  return at < 0 ? 0 : (y[at] ?? 0) - (x[at] ?? 0);
}

/** Undefined, or the first of `others` that is as specific and may mean the same machine: nobody could say which counts. */
export function tiedWith(rule: BootRule, others: readonly BootRule[]): BootRule | undefined {
  return others.find(
    (other) =>
      other.name !== rule.name &&
      compareRules(rule, other) === 0 &&
      mayMeet(rule.match, other.match),
  );
}

/** The kind of match in words, for people who ask why. */
export function matchText({ serials, role, labels }: RuleMatch): string {
  const parts = [
    ...(serials.length === 0 ? [] : ['its serial number']),
    ...[...labels].map(([name, value]) => `label ${name}=${value}`),
    ...(role === undefined ? [] : [`role ${role}`]),
  ];
  return parts.length === 0 ? 'every machine' : parts.join(', ');
}

function weightOf({ serials, labels, role }: RuleMatch): readonly number[] {
  return [serials.length > 0 ? 1 : 0, labels.size, role === undefined ? 0 : 1];
}

/** Of equally specific ones: some machine could be meant by both. */
function mayMeet(a: RuleMatch, b: RuleMatch): boolean {
  const sameRole = a.role === b.role;
  const sameSerial = a.serials.length === 0 || a.serials.some((one) => b.serials.includes(one));
  const isApart = [...a.labels].some(([name, value]) => (b.labels.get(name) ?? value) !== value);
  return sameRole && sameSerial && !isApart;
}
