import { describe, expect, it } from 'vitest';
import { macFromBytes } from '../../src/base/addresses.ts';
import { type FirmwareKind, firmwareKinds, firmwares } from '../../src/sim/firmware.ts';
import { nextTurn } from '../../src/sim/io/turn.ts';
import { createMachine, type SimMachine } from '../../src/sim/machine.ts';
import { createSimOsDirectory } from '../../src/sim/os.ts';
import { createRack } from '../../src/sim/rack.ts';
import { createSimWorld, type SimWorld } from '../../src/sim/world.ts';
import {
  defaultAddress as serverAddress,
  startWaywardServer,
  type Wayward,
} from './wayward-server.ts';

const mac = macFromBytes(Uint8Array.of(0x52, 0x54, 0, 0, 0, 1));
const nodeAddress = '10.69.0.4';

type Stand = {
  readonly sim: SimWorld;
  readonly machine: SimMachine;
  readonly server: Wayward;
  readonly seen: string[];
  readonly pull: (isIn: boolean) => void;
  readonly ask: () => string;
};

async function aStand(kind: FirmwareKind): Promise<Stand> {
  const sim = createSimWorld({ seed: 'machine', startMs: 0, turn: nextTurn });
  const host = { name: 'lab', interfaces: [], isUp: () => true, address: () => '10.69.0.40' };
  const world = sim.worldOf(host);
  const server = await startWaywardServer(sim, world);
  const rack = createRack(world, {
    number: 0,
    relayAddress: '10.69.0.1',
    relayPort: 0,
    servers: [{ address: serverAddress, port: 67 }],
    loss: 0,
  });
  await rack.start();
  const os = createSimOsDirectory();
  const seen: string[] = [];
  const machine = createMachine(
    world,
    {
      serial: 'sn-1',
      mac,
      uuid: new Uint8Array(16),
      firmware: firmwares[kind],
      hurry: 1,
      tftpPort: 69,
    },
    rack.plugIn(mac),
    os,
    ({ stage, text }) => seen.push(`${stage}: ${text}`),
  );
  const pull = (isIn: boolean) => rack.setPlug(mac, isIn);
  return { sim, machine, server, seen, pull, ask: () => os.ask(nodeAddress).kind };
}

describe('a simulated machine', () => {
  for (const kind of firmwareKinds) {
    it(`${kind} boots from power on to an OS that answers at its own address`, async () => {
      const { sim, machine, seen, ask } = await aStand(kind);
      machine.powerOn();
      await sim.clock.runUntil(45_000);
      expect(seen.at(-1)).toBe(`up: OS up at ${nodeAddress}`);
      expect(ask()).toBe('answers');
      expect(machine.address()).toBe(nodeAddress);
    });
  }

  it('OVMF asks TFTP twice, first for the size alone', async () => {
    const { sim, machine, server } = await aStand('uefi-pxe');
    machine.powerOn();
    await sim.clock.runUntil(45_000);
    expect(server.asked.filter((line) => line.startsWith('RRQ'))).toEqual([
      'RRQ snponly.efi tsize 0 blksize 1468 windowsize 4',
      'RRQ snponly.efi blksize 1468 windowsize 4',
    ]);
  });

  it('UEFI HTTP boot asks HEAD, then GET', async () => {
    const { sim, machine, server } = await aStand('uefi-http');
    machine.powerOn();
    await sim.clock.runUntil(20_000);
    expect(server.asked.slice(0, 2)).toEqual(['HEAD /ipxe.efi', 'GET /ipxe.efi']);
  });

  it('a machine that loses power is silent at once and boots again', async () => {
    const { sim, machine, ask } = await aStand('bios-ipxe-rom');
    machine.powerOn();
    await sim.clock.runUntil(30_000);
    machine.powerOff();
    expect(ask()).toBe('silent');
    await sim.clock.runUntil(60_000);
    expect(machine.stage()).toBe('off');
    machine.powerOn();
    await sim.clock.runUntil(90_000);
    expect(ask()).toBe('answers');
  });

  it('power lost in the middle of a boot ends that boot', async () => {
    const { sim, machine, seen } = await aStand('uefi-pxe');
    machine.powerOn();
    await sim.clock.runUntil(10_000);
    machine.powerOff();
    const before = seen.length;
    await sim.clock.runUntil(120_000);
    expect(seen.length).toBe(before);
  });

  it('an unplugged machine is silent, and answers when plugged in again', async () => {
    const { sim, machine, pull, ask } = await aStand('bios-ipxe-rom');
    machine.powerOn();
    await sim.clock.runUntil(30_000);
    pull(false);
    expect(ask()).toBe('silent');
    pull(true);
    expect(ask()).toBe('answers');
  });

  it('a hang lasts until its power is cycled', async () => {
    const { sim, machine, ask } = await aStand('bios-ipxe-rom');
    machine.powerOn();
    await sim.clock.runUntil(30_000);
    machine.setFault({ kind: 'hang' });
    expect(ask()).toBe('silent');
    machine.powerOff();
    machine.powerOn();
    await sim.clock.runUntil(60_000);
    expect(ask()).toBe('answers');
  });

  it('a flapping machine answers and is silent in turn', async () => {
    const { sim, machine, ask } = await aStand('bios-ipxe-rom');
    machine.powerOn();
    await sim.clock.runUntil(30_000);
    machine.setFault({ kind: 'flapping', upMs: 1_000, downMs: 500 });
    const answers: string[] = [];
    for (const after of [500, 1_200, 1_600]) {
      await sim.clock.runUntil(30_000 + after);
      answers.push(ask());
    }
    expect(answers).toEqual(['answers', 'silent', 'answers']);
  });
});

describe('a machine whose boot goes wrong', () => {
  const check = (
    title: string,
    kind: FirmwareKind,
    spoil: (stand: Stand) => void,
    last: string,
    untilMs = 58_000,
  ) =>
    it(title, async () => {
      const stand = await aStand(kind);
      spoil(stand);
      stand.machine.powerOn();
      await stand.sim.clock.runUntil(untilMs);
      expect(stand.seen.at(-1)).toBe(last);
    });

  check(
    'OVMF ignores an offer without option 60 and stays dark',
    'uefi-http',
    ({ server }) => {
      server.echoesHttpClient = false;
    },
    'dark: firmware got no lease',
    70_000,
  );
  check(
    'secure boot refuses the loader after downloading it',
    'uefi-pxe',
    ({ machine }) => machine.setFault({ kind: 'refuses-loader' }),
    'dark: snponly.efi: Access Denied (secure boot)',
  );
  check(
    'UEFI does not run a BIOS loader',
    'uefi-pxe',
    ({ server }) => {
      server.bootFile = () => 'undionly.kpxe';
    },
    'dark: undionly.kpxe: not a program for uefi-pxe',
  );
  check(
    'a loader that is not there is named',
    'bios-pxe-plain',
    ({ server }) => server.files.delete('undionly.kpxe'),
    'dark: undionly.kpxe: TFTP error 1: ',
    30_000,
  );
  check(
    'a script for nobody leaves the machine dark, with the reason',
    'uefi-http',
    ({ server }) => server.files.delete('boot/sn-1'),
    'dark: chain http://10.69.0.3:8080/boot/sn-1: HTTP 404',
  );
  check(
    'a BIOS machine starts over after a minute, and boots when the script is there',
    'bios-ipxe-rom',
    ({ server }) => server.troubles.set('boot/sn-1', 2),
    `up: OS up at ${nodeAddress}`,
    100_000,
  );
  check(
    'Ignition is asked for until it answers',
    'bios-ipxe-rom',
    ({ server }) => server.troubles.set('ign', 3),
    `up: OS up at ${nodeAddress}`,
  );
});
