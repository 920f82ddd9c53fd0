/**
 * Lists go to programs that act on what is missing from them, so a list that may lack a machine is an error instead
 * (a reconciler that sees 28 machines fewer removes 28 nodes).
 */

import type { Inventory } from '../inventory/inventory.ts';
import { keys } from '../inventory/keys.ts';
import type { FaceProblem } from './problems.ts';

export type Truthful = Pick<Inventory, 'freshness' | 'broken'>;

/**
 * Why the inventory as this server sees it must not be taken for all there is; undefined when it may. Who asks for
 * certain serials only is not bothered by the broken records of others.
 */
export function whyNotWhole(
  inventory: Truthful,
  serials: readonly string[] = [],
): FaceProblem | undefined {
  const silence = whySilent(inventory);
  if (silence !== undefined) return silence;
  const asked = new Set(serials.map(keys.machine));
  const broken = [...inventory.broken()].find(([key]) =>
    asked.size > 0 ? asked.has(key) : key.startsWith(keys.machines),
  );
  if (broken === undefined) return undefined;
  const [key, why] = broken;
  return {
    kind: 'failed',
    text: `the record ${key} cannot be read, so no list is complete: ${why}`,
  };
}

/** Why "there is no such key" must not be said of one key of this copy of the store; undefined when it may. */
export function whyUnknown(copy: Truthful, key: string, name?: string): FaceProblem | undefined {
  const why = copy.broken().get(key);
  if (why === undefined) return whySilent(copy, name);
  return { kind: 'failed', text: `the record ${key} cannot be read: ${why}` };
}

/** Why a copy of part of the store may lack what is there; undefined when it may not. */
export function whySilent(
  copy: Pick<Inventory, 'freshness'>,
  name = 'the inventory',
): FaceProblem | undefined {
  const freshness = copy.freshness();
  if (freshness.kind === 'loading') {
    return { kind: 'not-live', text: `${name} is still being read from the store` };
  }
  if (freshness.kind === 'live') return undefined;
  const seconds = Math.round(freshness.silentMs / 1000);
  const text = `${name} has heard nothing from the store for ${seconds}s (${freshness.text})`;
  return { kind: 'not-live', text };
}

/** Why a copy of part of the store, of which every record counts, must not be taken for all there is. */
export function whyNotRead(copy: Truthful, name: string): FaceProblem | undefined {
  const silence = whySilent(copy, name);
  if (silence !== undefined) return silence;
  const [broken] = copy.broken();
  if (broken === undefined) return undefined;
  const text = `the record ${broken[0]} cannot be read, so no list is complete: ${broken[1]}`;
  return { kind: 'failed', text };
}
