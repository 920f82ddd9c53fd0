import { describe, expect, it } from 'vitest';
import { macFromBytes } from '../../src/base/addresses.ts';
import { encodeClientPacket, optionsOf } from '../../src/sim/dhcp-wire.ts';
import { nextTurn } from '../../src/sim/io/turn.ts';
import { createRack } from '../../src/sim/rack.ts';
import { createSimWorld } from '../../src/sim/world.ts';

const mac = macFromBytes(Uint8Array.of(0x52, 0x54, 0, 0, 0, 1));
const relayAddress = '10.69.0.65';

function discover(): Uint8Array {
  return encodeClientPacket({
    xid: 1,
    mac,
    secs: 0,
    broadcast: false,
    options: [[53, Uint8Array.of(1)]],
    bytesMin: 300,
  });
}

async function aRackWithServer() {
  const sim = createSimWorld({ seed: 'rack', startMs: 0, turn: nextTurn });
  const host = { name: 'any', interfaces: [], isUp: () => true, address: () => '10.69.0.3' };
  const world = sim.worldOf(host);
  const arrived: { payload: Uint8Array; from: { address: string; port: number } }[] = [];
  const server = await world.net.openUdp({
    address: '10.69.0.3',
    port: 67,
    onDatagram: (datagram) => arrived.push(datagram),
    onError: () => {},
  });
  if (!server.ok) throw new Error(server.error.text);
  const rack = createRack(world, {
    number: 1,
    relayAddress,
    relayPort: 0,
    servers: [{ address: '10.69.0.3', port: 67 }],
    loss: 0,
  });
  await rack.start();
  const cable = rack.plugIn(mac);
  const heard: Uint8Array[] = [];
  cable.listen((frame) => heard.push(frame));
  let until = 0;
  const pass = () => {
    until += 10;
    return sim.clock.runUntil(until);
  };
  return { rack, cable, arrived, heard, server: server.value, pass };
}

describe('the relay of a rack', () => {
  it('adds giaddr, a hop, and option 82 with the port it wants answers on (RFC 8357)', async () => {
    const { cable, arrived, pass } = await aRackWithServer();
    cable.broadcast(discover());
    await pass();
    const [relayed] = arrived;
    expect(relayed?.from.address).toBe(relayAddress);
    expect(relayed?.payload[3]).toBe(1);
    expect([...(relayed?.payload.subarray(24, 28) ?? [])].join('.')).toBe(relayAddress);
    const last = [...optionsOf(relayed?.payload ?? new Uint8Array())].at(-1);
    expect(last?.code).toBe(82);
    expect([...(last?.value.slice(-2) ?? [])]).toEqual([19, 0]);
    expect(relayed?.payload.at(-1)).toBe(255);
  });

  it('hands an answer to the machine with that address, without option 82', async () => {
    const { cable, arrived, heard, server, pass } = await aRackWithServer();
    cable.broadcast(discover());
    await pass();
    const [relayed] = arrived;
    if (relayed === undefined) throw new Error('nothing arrived');
    server.send(Uint8Array.of(2, ...relayed.payload.subarray(1)), relayed.from);
    await pass();
    expect(heard.length).toBe(1);
    const codes = [...optionsOf(heard[0] ?? new Uint8Array())].map(({ code }) => code);
    expect(codes).toEqual([53]);
  });

  it('nobody is heard without plug or switch', async () => {
    const { rack, cable, arrived, pass } = await aRackWithServer();
    rack.setSwitch(false);
    cable.broadcast(discover());
    rack.setSwitch(true);
    rack.setPlug(mac, false);
    cable.broadcast(discover());
    await pass();
    expect(arrived).toEqual([]);
    expect(cable.isUp()).toBe(false);
    rack.setPlug(mac, true);
    cable.broadcast(discover());
    await pass();
    expect(arrived.length).toBe(1);
  });

  it('a frame that was relayed sixteen times goes no further', async () => {
    const { cable, arrived, pass } = await aRackWithServer();
    const looped = discover();
    looped[3] = 16;
    cable.broadcast(looped);
    await pass();
    expect(arrived).toEqual([]);
  });
});
