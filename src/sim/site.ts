/** A site: racks full of machines, cabled to their relays. The same in virtual time and on loopback. */

import { macFromBytes } from '../base/addresses.ts';
import { assert } from '../base/assert.ts';
import { ok, type Result } from '../base/result.ts';
import type { Chance, Clock, Endpoint, NetProblem, World } from '../base/world.ts';
import { firmwareKinds, firmwares } from './firmware.ts';
import { createMachine, type MachineEvent, type SimMachine } from './machine.ts';
import type { OsEdge } from './os.ts';
import { createRack, type Rack } from './rack.ts';

export type SitePlan = {
  readonly racks: number;
  readonly machines: number;
  /** `s-001` for the first one. */
  readonly serialOf: (number: number) => string;
  readonly relayAddressOf: (rack: number) => string;
  readonly dhcpServers: readonly Endpoint[];
  /** Where each relay listens; 67, or 0 for any port where there is no privilege. */
  readonly relayPort: number;
  readonly tftpPort: number;
  readonly hurry: number;
  /** Share of DHCP frames lost inside racks. */
  readonly loss: number;
};

/** The outside, for one rack or one machine. */
export type SiteWorld = Pick<World, 'net' | 'http'> & {
  readonly clock: Clock;
  readonly chance: Chance;
};

type SiteMachine = SimMachine & { readonly rack: number };

export type Site = {
  /** In order of their numbers; the first of rack 0, the first of rack 1, … */
  readonly machines: readonly SiteMachine[];
  readonly find: (serial: string) => SiteMachine | undefined;
  readonly racks: readonly Rack[];
  readonly start: () => Promise<Result<void, NetProblem>>;
  readonly stop: () => void;
  readonly setPlug: (serial: string, isIn: boolean) => void;
  /** A rack's power: all its machines and its switch. Back on, machines start as their power buttons stood. */
  readonly setRackPower: (rack: number, isOn: boolean) => void;
};

/** Locally administered addresses for more would need another byte. */
const machinesMax = 65_536;

export function createSite(
  plan: SitePlan,
  worldOf: (name: string, address: () => string) => SiteWorld,
  osEdge: OsEdge,
  observe: (event: MachineEvent) => void,
): Site {
  assert(plan.machines <= machinesMax, `at most ${machinesMax} machines on a site`);
  const racks = Array.from({ length: plan.racks }, (_, number) =>
    createRack(
      worldOf(`rack-${number}`, () => plan.relayAddressOf(number)),
      {
        number,
        relayAddress: plan.relayAddressOf(number),
        relayPort: plan.relayPort,
        servers: plan.dhcpServers,
        loss: plan.loss,
      },
    ),
  );
  const machines = Array.from({ length: plan.machines }, (_, at): SiteMachine => {
    const number = at + 1;
    const rack = at % plan.racks;
    const serial = plan.serialOf(number);
    // HTTP leaves from the leased address; there is none before the first lease, and no HTTP either.
    const world = worldOf(serial, () => made.leased() ?? '0.0.0.0');
    const mac = macFromBytes(Uint8Array.of(0x52, 0x54, 0, rack, number >> 8, number & 255));
    const kind = firmwareKinds[Math.floor(at / plan.racks) % firmwareKinds.length];
    const [here] = racks.slice(rack);
    assert(kind !== undefined && here !== undefined, 'every machine has a rack and a firmware');
    const settings = {
      serial,
      mac,
      uuid: Uint8Array.from({ length: 16 }, () => Math.floor(world.chance.next() * 256)),
      firmware: firmwares[kind],
      hurry: plan.hurry,
      tftpPort: plan.tftpPort,
    };
    const made = createMachine(world, settings, here.plugIn(mac), osEdge, observe);
    return { ...made, rack };
  });
  const bySerial = new Map(machines.map((machine) => [machine.serial, machine]));
  const wereOn = new Map<number, readonly SiteMachine[]>();

  return {
    machines,
    racks,
    find: (serial) => bySerial.get(serial),
    start: async () => {
      for (const rack of racks) {
        const started = await rack.start();
        if (!started.ok) return started;
      }
      return ok(undefined);
    },
    stop: () => {
      for (const machine of machines) machine.powerOff();
      for (const rack of racks) rack.stop();
    },
    setPlug: (serial, isIn) => {
      const machine = bySerial.get(serial);
      if (machine !== undefined) racks[machine.rack]?.setPlug(machine.mac, isIn);
    },
    setRackPower: (rack, isOn) => {
      racks[rack]?.setSwitch(isOn);
      if (isOn) {
        for (const machine of wereOn.get(rack) ?? []) machine.powerOn();
        wereOn.delete(rack);
        return;
      }
      const running = machines.filter(
        (machine) => machine.rack === rack && machine.stage() !== 'off',
      );
      wereOn.set(rack, running);
      for (const machine of running) machine.powerOff();
    },
  };
}
