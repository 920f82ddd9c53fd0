/** What a discovered machine shall be, from people's words to a machine that the inventory takes. */

import { fail, ok, type Result } from '../../base/result.ts';
import {
  emptyLabels,
  isLabelName,
  isLabelValue,
  labelMap,
  labelsPerMachineMax,
  type NewMachine,
  parseBmcType,
  parseRack,
  parseRole,
  parseSerial,
} from '../../inventory/machine.ts';
import {
  type Approval,
  type Discovery,
  type DiscoveryPatch,
  type DiscoveryWish,
  serialOf,
} from '../discovery.ts';

/** Of a machine whose BMC nobody named. */
const noBmc = 'none';

/** What an approval says it shall be; absent members stay as edited. */
export function wishIn({ serial, role, rack, labels, bmcType }: Approval): DiscoveryWish {
  return {
    ...(serial === undefined ? {} : { serial }),
    ...(role === undefined ? {} : { role }),
    ...(rack === undefined ? {} : { rack }),
    ...(labels === undefined ? {} : { labels }),
    ...(bmcType === undefined ? {} : { bmcType }),
  };
}

/** Null takes away what was said before. */
export function patched(wish: DiscoveryWish, patch: DiscoveryPatch): DiscoveryWish {
  const merged = { ...wish, ...patch };
  const kept = Object.entries(merged).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(kept) as DiscoveryWish;
}

/** @returns why a value cannot be a machine's; undefined: all can. */
export function whyWrong({
  serial,
  role,
  rack,
  labels,
  bmcType,
}: DiscoveryPatch): string | undefined {
  const texts = [
    ['serial', serial, parseSerial],
    ['role', role, parseRole],
    ['bmcType', bmcType, parseBmcType],
  ] as const;
  for (const [name, text, parse] of texts) {
    const parsed = typeof text === 'string' ? parse(text) : undefined;
    if (parsed?.ok === false) return `${name}: ${parsed.error}`;
  }
  if (typeof rack === 'number') {
    const parsed = parseRack(rack);
    if (!parsed.ok) return `rack ${parsed.error}`;
  }
  return labels === undefined || labels === null ? undefined : whyWrongLabels(labels);
}

function whyWrongLabels(labels: ReadonlyMap<string, string>): string | undefined {
  if (labels.size > labelsPerMachineMax)
    return `a machine has at most ${labelsPerMachineMax} labels`;
  const wrong = [...labels].find(([name, text]) => !isLabelName(name) || !isLabelValue(text));
  return wrong && `label ${JSON.stringify(wrong[0])} or its value holds what labels may not`;
}

/**
 * @param guessed the rack it seems to stand in, where nobody said one
 * @returns as the inventory takes it, or what is missing
 */
export function newMachine(
  discovery: Discovery,
  guessed: number | undefined,
): Result<NewMachine, string> {
  const { id, wish } = discovery;
  const wrong = whyWrong(wish);
  if (wrong !== undefined) return fail(wrong);
  const serial = parseSerial(serialOf(discovery));
  if (!serial.ok) return serial;
  if (wish.role === undefined) {
    return fail(`role is missing: tetsu approve ${id} --role cs`);
  }
  const role = parseRole(wish.role);
  if (!role.ok) return role;
  const rack = wish.rack ?? guessed;
  if (rack === undefined) {
    return fail(`rack is missing, and nothing tells where ${id} stands: --rack NUMBER`);
  }
  return ok({
    serial: serial.value,
    role: role.value,
    rack,
    labels: wish.labels === undefined ? emptyLabels : labelMap(wish.labels),
    bmcType: wish.bmcType ?? noBmc,
  });
}
