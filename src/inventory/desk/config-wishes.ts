/** Configuration that comes with machines, in the same commit: what of it is new, and whether it may be written. */

import type { View } from '../../base/decision.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Condition, Write } from '../../base/store.ts';
import type { ConfigOutcome, ConfigWish } from '../apply.ts';
import type { AuditFacts } from '../audit.ts';
import { dhcpConfigToJson, parseDhcpConfig } from '../dhcp-config.ts';
import { type IpamConfig, ipamConfigToJson } from '../ipam-config.ts';
import { keys } from '../keys.ts';
import type { Serial } from '../machine.ts';
import type { InventoryProblem } from '../problem.ts';
import { parseBytes, putJson, readIpam } from './change.ts';
import { machinesExist } from './config-changes.ts';

export type DecidedConfig = {
  /** Of which addresses are made from now on; undefined: there is none. */
  readonly plan: IpamConfig | undefined;
  readonly outcomes: readonly ConfigOutcome[];
  readonly writes: readonly Write[];
  readonly conditions: readonly Condition[];
  readonly facts: readonly AuditFacts[];
};

/**
 * @param someMachine one that this server knows of, to be looked up rather than the whole fleet; undefined: the view
 * holds all there are.
 */
export function decideConfig(
  view: View,
  { ipam, dhcp }: ConfigWish,
  someMachine: Serial | undefined,
): Result<DecidedConfig, InventoryProblem> {
  const stored = storedPlan(view);
  if (!stored.ok && ipam === undefined) return stored;
  const outcomes: ConfigOutcome[] = [];
  const writes: Write[] = [];
  const conditions: Condition[] = [];
  const facts: AuditFacts[] = [];
  const put = (
    noun: 'ipam' | 'dhcp',
    key: string,
    before: Json | undefined,
    after: Json,
  ): boolean => {
    const isSame = before !== undefined && JSON.stringify(before) === JSON.stringify(after);
    outcomes.push({ noun, kind: isSame ? 'unchanged' : before ? 'changed' : 'set', before, after });
    if (isSame) return false;
    writes.push(putJson(key, after));
    const detail = JSON.stringify(after);
    facts.push({ category: noun, instance: 'config', action: 'put', detail, before, after });
    return true;
  };
  if (ipam !== undefined) {
    const before = stored.ok && stored.value ? ipamConfigToJson(stored.value) : undefined;
    if (put('ipam', keys.ipam, before, ipamConfigToJson(ipam))) {
      const isThere =
        someMachine === undefined
          ? view.under(keys.machines).length > 0
          : view.get(keys.machine(someMachine)) !== undefined;
      if (isThere) return fail(machinesExist);
      conditions.push({ kind: 'none-under', prefix: keys.machines });
    }
  }
  if (dhcp !== undefined) {
    const entry = view.get(keys.dhcp);
    const before = entry && parseDhcpConfig(parseBytes(entry.value));
    put(
      'dhcp',
      keys.dhcp,
      before?.ok ? dhcpConfigToJson(before.value) : undefined,
      dhcpConfigToJson(dhcp),
    );
  }
  const plan = ipam ?? (stored.ok ? stored.value : undefined);
  return ok({ plan, outcomes, writes, conditions, facts });
}

type Json = Readonly<Record<string, unknown>>;

function storedPlan(view: View): Result<IpamConfig | undefined, InventoryProblem> {
  const stored = readIpam(view);
  return !stored.ok && stored.error.kind === 'ipam-missing' ? ok(undefined) : stored;
}
