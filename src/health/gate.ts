/**
 * When nothing at all is moved: while we may be the ones who are cut off, or our clock is not to be trusted.
 *
 * A server that lost etcd has often lost the machines too; what it did not hear in that time proves nothing.
 */

import type { Inventory } from '../inventory/inventory.ts';
import type { HealthPolicy } from './policy.ts';
import type { SteadyTime } from './steady-time.ts';
import { spell } from './verdict.ts';

export type GateReason = {
  readonly kind: 'evidence-missing' | 'inventory-loading' | 'store-silent' | 'clock-jumped';
  readonly text: string;
};

export type Gate = {
  /** The same as `reasons`, by kind; only looks, and closes nothing. */
  readonly closedBy: () => readonly GateReason[];
  /** Why nothing is moved; empty: open. */
  readonly reasons: () => readonly string[];
  /** How often it closed so far: a pass is trusted when it stayed the same and open. */
  readonly closings: () => number;
};

export function createGate(options: {
  readonly inventory: Pick<Inventory, 'freshness'>;
  readonly time: SteadyTime;
  readonly policy: () => HealthPolicy;
  /** Undefined: evidence of earlier leaders is read. */
  readonly notLoaded: () => string | undefined;
  /** Called once each time the gate closes. */
  readonly onClose: (reasons: readonly string[], clockJumped: boolean) => void;
}): Gate {
  const { inventory, time } = options;
  let closings = 0;
  let closed = false;

  const look = (): readonly GateReason[] => {
    const reasons: GateReason[] = [];
    const notLoaded = options.notLoaded();
    if (notLoaded !== undefined) reasons.push({ kind: 'evidence-missing', text: notLoaded });
    const freshness = inventory.freshness();
    if (freshness.kind === 'loading') {
      const text = 'waits for the inventory: it is still loading';
      reasons.push({ kind: 'inventory-loading', text });
    }
    if (freshness.kind === 'behind') {
      const text = `waits for the store: no news for ${spell(freshness.silentMs)} (${freshness.text}), so this server may be the one that is cut off`;
      reasons.push({ kind: 'store-silent', text });
    }
    const jump = time.jump(options.policy().clock);
    if (jump !== undefined) {
      const way = jump.byMs > 0 ? 'forward' : 'back';
      const text = `waits for the clock: wall time went ${way} by ${spell(Math.abs(jump.byMs))} against monotonic time; steady again in ${spell(jump.untilAt - time.now())}`;
      reasons.push({ kind: 'clock-jumped', text });
    }
    return reasons;
  };

  return {
    reasons: () => {
      const found = look();
      const reasons = found.map(({ text }) => text);
      if (reasons.length > 0 && !closed) {
        closings += 1;
        options.onClose(
          reasons,
          found.some(({ kind }) => kind === 'clock-jumped'),
        );
      }
      closed = reasons.length > 0;
      return reasons;
    },
    closedBy: look,
    closings: () => closings,
  };
}
