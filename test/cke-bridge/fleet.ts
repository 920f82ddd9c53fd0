/** A fleet on paper: machines whose states a test changes, and passes of the bridge over them. */

import { type Ipv4, parseIpv4 } from '../../src/base/addresses.ts';
import type { Freshness } from '../../src/base/mirror.ts';
import type { Revision } from '../../src/base/store.ts';
import { addMs, formatInstant, type Instant, instant } from '../../src/base/time.ts';
import { emptyMemory, type LastCluster, type Memory } from '../../src/cke-bridge/cluster.ts';
import { lastClusterAfter, type Pass, type PassInput, runPass } from '../../src/cke-bridge/pass.ts';
import type { RefusalKind } from '../../src/cke-bridge/refusal.ts';
import {
  type BridgeSettings,
  type Constraints,
  defaultBridgeSettings,
  defaultConstraints,
} from '../../src/cke-bridge/settings.ts';
import { type ClusterTemplate, parseClusterTemplate } from '../../src/cke-bridge/template.ts';
import type { Machine, MachineState, Role, Serial } from '../../src/inventory/machine.ts';

export const plainTemplate = `name: tokyo
nodes:
  - user: cybozu
    control_plane: true
    labels:
      cke.cybozu.com/role: cs
  - user: cybozu
    control_plane: false
    labels:
      cke.cybozu.com/role: cs
  - user: cybozu
    labels:
      cke.cybozu.com/role: ss
    taints:
      - key: cke.cybozu.com/role
        value: storage
        effect: NoSchedule
service_subnet: 10.68.0.0/16
`;

export function templateOf(text: string): ClusterTemplate {
  const parsed = parseClusterTemplate(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

export function ip(text: string): Ipv4 {
  const parsed = parseIpv4(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

export const start: Instant = instant(Date.UTC(2026, 10, 21, 6));

export type MachineWish = {
  readonly serial: string;
  readonly rack?: number;
  readonly index?: number;
  readonly role?: string;
  readonly state?: MachineState;
  readonly since?: Instant;
  readonly address?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly retireDate?: string;
};

/** Healthy since an hour before the start, unless wished otherwise. */
export function paperMachine(wish: MachineWish): Machine {
  const rack = wish.rack ?? 0;
  const index = wish.index ?? 4;
  const address = ip(wish.address ?? `10.${69 + (rack >> 8)}.${rack & 255}.${index}`);
  const mask = ip('255.255.255.0');
  const nic = { address, netmask: mask, maskBits: 24, gateway: address };
  return {
    spec: {
      serial: wish.serial as Serial,
      labels: new Map(Object.entries(wish.labels ?? {})),
      rack,
      indexInRack: index,
      role: (wish.role ?? 'cs') as Role,
      ipv4: [address],
      registerDate: '2026-01-02T03:04:05.678901234Z' as never,
      retireDate: (wish.retireDate ?? '2031-01-02T03:04:05Z') as never,
      bmc: { type: 'IPMI-2.0', ipv4: address },
    },
    status: {
      state: wish.state ?? 'healthy',
      since: formatInstant(wish.since ?? addMs(start, -3_600_000)),
    },
    info: { network: [nic], bmc: nic },
  };
}

export type Fleet = ReturnType<typeof createFleet>;

/** `racks` × `machines` healthy machines called `s-000` …, and the bridge's memory between passes. */
export function createFleet(wish: {
  readonly racks?: number;
  readonly machines?: number;
  readonly role?: string;
  readonly template?: string;
  readonly constraints?: Partial<Constraints>;
  readonly settings?: Partial<BridgeSettings>;
}) {
  const machines = new Map<string, Machine>();
  for (let rack = 0; rack < (wish.racks ?? 1); rack += 1) {
    for (let at = 0; at < (wish.machines ?? 0); at += 1) {
      const serial = `s-${String(machines.size).padStart(3, '0')}`;
      const role = wish.role ?? 'cs';
      machines.set(serial, paperMachine({ serial, rack, index: 4 + at, role }));
    }
  }
  const fleet = {
    machines,
    template: templateOf(wish.template ?? plainTemplate) as ClusterTemplate | undefined,
    constraints: { ...defaultConstraints, controlPlaneCount: 3, ...wish.constraints },
    settings: { ...defaultBridgeSettings, ...wish.settings } as BridgeSettings,
    last: undefined as LastCluster | undefined,
    memory: emptyMemory as Memory,
    now: start,
    revision: 100,
    freshness: { kind: 'live' } as Freshness,
    unreadable: new Set<Serial>(),
    acknowledged: new Set<RefusalKind>(),
    nodeTaints: new Map<Serial, readonly string[]>(),
    clockJumpMs: 0,

    add: (machine: MachineWish): void => {
      machines.set(machine.serial, paperMachine(machine));
    },
    set: (serial: string, state: MachineState): void => {
      const machine = machines.get(serial);
      if (machine === undefined) throw new Error(`no ${serial}`);
      machines.set(serial, { ...machine, status: { state, since: formatInstant(fleet.now) } });
      fleet.revision += 1;
    },
    after: (seconds: number): void => {
      fleet.now = addMs(fleet.now, seconds * 1000);
    },
    input: (): PassInput => ({
      template: fleet.template,
      constraints: fleet.constraints,
      settings: fleet.settings,
      machines: [...machines.values()].sort((a, b) => (a.spec.serial < b.spec.serial ? -1 : 1)),
      unreadable: fleet.unreadable,
      freshness: fleet.freshness,
      revision: String(fleet.revision) as Revision,
      lastCluster: fleet.last,
      memory: fleet.memory,
      clockJumpMs: fleet.clockJumpMs,
      acknowledged: fleet.acknowledged,
      nodeTaints: fleet.nodeTaints,
      now: fleet.now,
    }),
    /** One pass, applied. */
    pass: (): Pass => {
      const input = fleet.input();
      const pass = runPass(input);
      fleet.memory = pass.memory;
      if (pass.plan !== undefined) {
        fleet.last = lastClusterAfter({ ...pass, plan: pass.plan }, input);
      }
      return pass;
    },
    /** Passes until nothing changes; throws when it does not come to rest. */
    settle: (passesMax = 50): number => {
      for (let count = 1; count <= passesMax; count += 1) {
        if (!fleet.pass().changed) return count;
        fleet.after(fleet.settings.secondsBetweenRemovals);
      }
      throw new Error(`still changing after ${passesMax} passes`);
    },
    controlPlanes: (): readonly string[] =>
      (fleet.last?.members ?? []).flatMap((each) => (each.controlPlane ? each.facts.serial : [])),
    workers: (): readonly string[] =>
      (fleet.last?.members ?? []).flatMap((each) => (each.controlPlane ? [] : each.facts.serial)),
    rackOf: (serial: string): number | undefined => machines.get(serial)?.spec.rack,
  };
  return fleet;
}

/** `join s-004`, `leave s-002` … of a pass. */
export function changesOf(pass: Pass): readonly string[] {
  return (pass.plan?.changes ?? []).map((change) =>
    change.kind === 'taint'
      ? `taint ${change.serial} ${change.to}`
      : `${change.kind} ${change.serial}`,
  );
}

export function waitsOf(pass: Pass): readonly string[] {
  return (pass.plan?.waitingFor ?? []).map((waiting) => waiting.kind);
}

export function refusalsOf(pass: Pass): readonly string[] {
  return pass.refusals.map((refusal) => refusal.kind);
}

/** The node of a machine in the plan's cluster. */
export function nodeIn(pass: Pass, serial: string) {
  return pass.plan?.cluster?.nodes.find(
    (node) => node.annotations.get('cke.cybozu.com/serial') === serial,
  );
}

export function stateTaintIn(pass: Pass, serial: string): string | undefined {
  const taint = nodeIn(pass, serial)?.taints.find((each) => each.key === 'cke.cybozu.com/state');
  return taint === undefined ? undefined : `${taint.value}:${taint.effect}`;
}
