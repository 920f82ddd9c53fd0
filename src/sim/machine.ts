/** A simulated server: its power, its faults, and what it shows while it walks the road of a boot. */

import type { MacAddress } from '../base/addresses.ts';
import type { Chance, Clock, World } from '../base/world.ts';
import { type Booting, live, type MachineSettings, type Stage } from './boot-road.ts';
import { type Cable, throughCable } from './cable.ts';
import type { Firmware } from './firmware.ts';
import { createLife, type Life } from './life.ts';
import type { OsAnswer, OsEdge } from './os.ts';

export type MachineEvent = {
  readonly serial: string;
  readonly stage: Stage;
  /** What happened, for people. */
  readonly text: string;
};

/** What is wrong with a machine that has power; cleared by `setFault(undefined)` or, a hang, by its power. */
export type Fault =
  | { readonly kind: 'hang' }
  | { readonly kind: 'slow'; readonly afterMs: number }
  | { readonly kind: 'sick' }
  /** Answers for `upMs`, is silent for `downMs`, and so on. */
  | { readonly kind: 'flapping'; readonly upMs: number; readonly downMs: number }
  /** Secure boot: the loader is downloaded whole and then refused. */
  | { readonly kind: 'refuses-loader' };

export type SimMachine = {
  readonly serial: string;
  readonly mac: MacAddress;
  readonly firmware: Firmware;
  readonly stage: () => Stage;
  /** The node's own address once the OS is up. */
  readonly address: () => string | undefined;
  /** The address DHCP has lent it, by whichever program asked last. */
  readonly leased: () => string | undefined;
  readonly powerOn: () => void;
  readonly powerOff: () => void;
  readonly setFault: (fault: Fault | undefined) => void;
};

export function createMachine(
  world: Pick<World, 'net' | 'http'> & { readonly clock: Clock; readonly chance: Chance },
  settings: MachineSettings,
  cable: Cable,
  osEdge: OsEdge,
  observe: (event: MachineEvent) => void,
): SimMachine {
  let stage: Stage = 'off';
  let address: string | undefined;
  let leased: string | undefined;
  let life: Life | undefined;
  let fault: Fault | undefined;
  let faultSinceMs = 0;
  const wired = { ...world, ...throughCable(world, cable) };

  const say = (next: Stage, text: string): void => {
    stage = next;
    observe({ serial: settings.serial, stage, text });
  };

  const answer = (): OsAnswer => {
    if (stage !== 'up' || !cable.isUp()) return { kind: 'silent' };
    return answerWith(fault, world.clock.monotonicMs() - faultSinceMs);
  };

  const powerOn = (): void => {
    if (life !== undefined) return;
    const own = createLife(world.clock);
    life = own;
    own.onEnd(() => {
      address = undefined;
      leased = undefined;
    });
    say('firmware', `power on (${settings.firmware.kind})`);
    const booting: Booting = {
      ...settings,
      world: wired,
      cable,
      life: own,
      identity: { mac: settings.mac, uuid: settings.uuid },
      say,
      lent: (lease) => {
        leased = lease?.address;
        return lease;
      },
      refusesLoader: () => fault?.kind === 'refuses-loader',
    };
    void live(booting, osEdge, answer, (up) => {
      address = up;
    });
  };

  const powerOff = (): void => {
    if (life === undefined) return;
    life.end();
    life = undefined;
    if (fault?.kind === 'hang') fault = undefined;
    say('off', 'power off');
  };

  return {
    serial: settings.serial,
    mac: settings.mac,
    firmware: settings.firmware,
    stage: () => stage,
    address: () => address,
    leased: () => leased,
    powerOn,
    powerOff,
    setFault: (next) => {
      fault = next;
      faultSinceMs = world.clock.monotonicMs();
    },
  };
}

/** How a machine with this fault, present for `sinceMs`, answers a probe. */
function answerWith(fault: Fault | undefined, sinceMs: number): OsAnswer {
  switch (fault?.kind) {
    case 'hang':
      return { kind: 'silent' };
    case 'slow':
      return { kind: 'answers', afterMs: fault.afterMs, status: 200 };
    case 'sick':
      return { kind: 'answers', afterMs: 0, status: 500 };
    case 'flapping':
      return sinceMs % (fault.upMs + fault.downMs) < fault.upMs
        ? { kind: 'answers', afterMs: 0, status: 200 }
        : { kind: 'silent' };
    case 'refuses-loader':
    case undefined:
      return { kind: 'answers', afterMs: 0, status: 200 };
  }
}
