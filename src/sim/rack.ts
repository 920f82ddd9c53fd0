/**
 * A rack: power, one switch, and a relay agent that carries its machines' DHCP to the servers.
 *
 * The relay listens on a port of its own choosing and says so (RFC 8357), which is why the demo needs no
 * privileges: one UDP socket on the rack's address stands for the whole rack.
 */

import type { MacAddress } from '../base/addresses.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Chance, Clock, Endpoint, Net, NetProblem, UdpSocket } from '../base/world.ts';
import type { Cable } from './cable.ts';
import { addressBytes, macOf, optionsOf } from './dhcp-wire.ts';

export type RackSettings = {
  readonly number: number;
  /** The rack's gateway, RFC 2131's giaddr. */
  readonly relayAddress: string;
  /** Where the relay sends: each server in turn gets every message (RFC 1542 section 4.1.1). */
  readonly servers: readonly Endpoint[];
  readonly relayPort: number;
  /** Share of frames inside the rack that get lost, 0 to 1. */
  readonly loss: number;
};

export type Rack = {
  readonly number: number;
  readonly start: () => Promise<Result<void, NetProblem>>;
  readonly stop: () => void;
  readonly plugIn: (mac: MacAddress) => Cable;
  /** One machine's plug, out or in. */
  readonly setPlug: (mac: MacAddress, isIn: boolean) => void;
  /** The switch: without it nobody in the rack hears or is heard. */
  readonly setSwitch: (isOn: boolean) => void;
  readonly switchIsOn: () => boolean;
  readonly counters: { relayedUp: number; relayedDown: number; lost: number; strangers: number };
};

/** RFC 1542 section 4.1.1: more hops than this is a loop. */
const hopsMax = 16;
const portsMax = 64;
/** Store and forward. */
const switchDelayMs = 0.05;
const relayInformation = 82;
const circuitId = 1;
/** RFC 8357 section 5.1: a sub-option without a value. */
const sourcePort = 19;

type Port = {
  readonly number: number;
  isIn: boolean;
  readonly listeners: Set<(frame: Uint8Array) => void>;
};

export function createRack(
  world: { readonly net: Pick<Net, 'openUdp'>; readonly clock: Clock; readonly chance: Chance },
  settings: RackSettings,
): Rack {
  const ports = new Map<string, Port>();
  const counters = { relayedUp: 0, relayedDown: 0, lost: 0, strangers: 0 };
  let socket: UdpSocket | undefined;
  let switchOn = true;

  const carry = (deliver: () => void): void => {
    if (settings.loss > 0 && world.chance.next() < settings.loss) {
      counters.lost += 1;
      return;
    }
    world.clock.after(switchDelayMs, deliver);
  };

  const isUp = (port: Port): boolean => switchOn && port.isIn;

  const up = (port: Port, frame: Uint8Array): void => {
    if (!isUp(port)) return;
    carry(() => {
      const relayed = relayUp(frame, settings.relayAddress, `${settings.number}/${port.number}`);
      if (relayed === undefined) return;
      counters.relayedUp += 1;
      for (const server of settings.servers) socket?.send(relayed, server);
    });
  };

  const down = (payload: Uint8Array): void => {
    if (payload[0] !== 2 || !switchOn) return;
    const port = ports.get(macOf(payload));
    if (port === undefined) {
      counters.strangers += 1;
      return;
    }
    carry(() => {
      if (!isUp(port)) return;
      counters.relayedDown += 1;
      const frame = withoutRelayInformation(payload);
      for (const listener of [...port.listeners]) listener(frame);
    });
  };

  return {
    number: settings.number,
    counters,
    start: async () => {
      const opened = await world.net.openUdp({
        address: settings.relayAddress,
        port: settings.relayPort,
        onDatagram: ({ payload }) => down(payload),
        onError: () => {},
      });
      if (!opened.ok) return fail(opened.error);
      socket = opened.value;
      return ok(undefined);
    },
    stop: () => socket?.close(),
    plugIn: (mac) => {
      const port: Port = ports.get(mac) ?? {
        number: Math.min(ports.size + 1, portsMax),
        isIn: true,
        listeners: new Set(),
      };
      ports.set(mac, port);
      return {
        isUp: () => isUp(port),
        broadcast: (frame) => up(port, frame),
        listen: (onFrame) => {
          port.listeners.add(onFrame);
          return () => port.listeners.delete(onFrame);
        },
      };
    },
    setPlug: (mac, isIn) => {
      const port = ports.get(mac);
      if (port !== undefined) port.isIn = isIn;
    },
    setSwitch: (isOn) => {
      switchOn = isOn;
    },
    switchIsOn: () => switchOn,
  };
}

/** Adds giaddr, a hop and option 82 (RFC 3046); undefined for what a relay drops. */
function relayUp(frame: Uint8Array, relayAddress: string, circuit: string): Uint8Array | undefined {
  const hops = frame[3] ?? 0;
  if (frame[0] !== 1 || hops >= hopsMax) return undefined;
  const end = endOfOptions(frame);
  const circuitBytes = new TextEncoder().encode(`rack${circuit}`);
  const information = [circuitId, circuitBytes.length, ...circuitBytes, sourcePort, 0];
  const relayed = Uint8Array.of(
    ...frame.subarray(0, end),
    ...[relayInformation, information.length, ...information, 255],
  );
  relayed[3] = hops + 1;
  relayed.set(addressBytes(relayAddress), 24);
  return relayed;
}

/** A relay takes its own option out again before the client sees the answer (RFC 3046 section 2.1). */
function withoutRelayInformation(payload: Uint8Array): Uint8Array {
  const parts = [...payload.subarray(0, 240)];
  for (const { code, value } of optionsOf(payload)) {
    if (code !== relayInformation) parts.push(code, value.length, ...value);
  }
  return Uint8Array.from([...parts, 255]);
}

function endOfOptions(frame: Uint8Array): number {
  let end = 240;
  for (const { at, value } of optionsOf(frame)) end = at + 2 + value.length;
  return end;
}
