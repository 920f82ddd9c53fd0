/** What a server says of itself: how it is, what it leads, and which records it cannot read. */

import type { Rfc3339 } from '../base/time.ts';
import type { Endpoint } from '../base/world.ts';
import type { BrakeBoard } from '../inventory/brake-board.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { Pxe } from '../pxe/pxe.ts';
import type { Control } from './control.ts';
import type { Tokens } from './who/tokens.ts';
import type { Works } from './works/desk.ts';

export type StatusParts = {
  readonly server: {
    readonly server: string;
    readonly version: string;
    readonly startedAt: Rfc3339;
  };
  readonly listening: Readonly<Record<string, Endpoint>>;
  readonly inventory: Inventory;
  readonly board: BrakeBoard;
  readonly works: Works;
  readonly tokens: Tokens;
  readonly pxe: Pxe;
  readonly control: Control;
  readonly isProbed: boolean;
  /** Open now. */
  readonly watchers: number;
};

export function serverStatus(parts: StatusParts): unknown {
  const { inventory, board, works, tokens, pxe, control } = parts;
  const { dhcp, ...boot } = pxe.status();
  return {
    ...parts.server,
    listening: parts.listening,
    store: { inventory: inventory.freshness(), revision: inventory.revision() },
    machines: inventory.machines().length,
    watchers: parts.watchers,
    brokenRecords: [
      ...inventory.broken(),
      ...board.broken(),
      ...works.records.broken(),
      ...tokens.broken(),
      ...pxe.broken(),
    ].map(([key, why]) => ({ key, why })),
    leader: control.holder() ?? null,
    leading: control.isLeader(),
    dhcp: dhcp ?? 'off',
    boot,
    boots: {
      ...pxe.boots.stored(),
      stuck: Object.fromEntries(pxe.boots.stuck()),
      counters: pxe.boots.counters(),
    },
    discoveries: { ...pxe.discoveries.states(), counters: pxe.discoveries.counters() },
    health: parts.isProbed ? (control.monitor()?.overview() ?? 'runs on the leader') : 'off',
    cluster: clusterStatus(control),
  };
}

/** What the bridge does and what holds it back; the plan itself has its own page. */
function clusterStatus({ bridge }: Control): unknown {
  if (bridge === undefined) return 'not configured';
  const view = bridge.plan();
  if (!view.leading) return 'runs on the leader';
  const { generation, pending, swaps, refusals, waitingFor, problem, counters } = view;
  return { generation, pending, swaps, refusals, waitingFor, problem, counters };
}
