import { describe, expect, it } from 'vitest';
import { fail } from '../../../src/base/result.ts';
import type { Net, UdpSocket } from '../../../src/base/world.ts';
import { parseDhcpConfig } from '../../../src/inventory/dhcp-config.ts';
import { chooseLinks, compareDoors, type Door } from '../../../src/pxe/dhcp/links.ts';
import { type DhcpSettings, defaultDhcpSettings, startDhcp } from '../../../src/pxe/dhcp/start.ts';
import type { Network } from '../../../src/pxe/networks.ts';
import { decodeServerPacket, type ServerPacket } from '../../../src/sim/dhcp-wire.ts';
import { nextTurn } from '../../../src/sim/io/turn.ts';
import type { SimInterface } from '../../../src/sim/network.ts';
import { createSimWorld } from '../../../src/sim/world.ts';
import { ipamG } from '../../support/machines.ts';
import { hex, message, nodePoolOf } from './bed.ts';

function link(name: string, ...addresses: string[]): SimInterface {
  return {
    name,
    mac: '52:54:00:00:00:03',
    link: name,
    ipv4: addresses.map((address) => ({ address, prefixLength: name === 'lo' ? 8 : 26 })),
  };
}

async function aSite(
  settings: Partial<DhcpSettings>,
  interfaces: readonly SimInterface[],
  netOf: (net: Net) => Net = (net) => net,
  networks: readonly Network[] = [],
) {
  const sim = createSimWorld({ seed: 'dhcp', startMs: 0, turn: nextTurn });
  const world = sim.worldOf({
    name: 'server',
    interfaces,
    isUp: () => true,
    address: () => '10.69.0.3',
  });
  const dhcp = parseDhcpConfig({});
  if (!dhcp.ok) throw new Error(dhcp.error);
  const started = await startDhcp({
    world: { ...world, net: netOf(world.net) },
    inventory: { ipam: () => ipamG, dhcp: () => dhcp.value, ownerOf: () => undefined },
    networks: { of: nodePoolOf({ ipam: ipamG, dhcp: dhcp.value }), all: () => networks },
    settings: { ...defaultDhcpSettings, bind: { address: '0.0.0.0', port: 67 }, ...settings },
    advertiseUrl: 'http://10.69.0.3:10080',
  });
  let until = 0;
  return {
    started,
    pass: (ms = 50) => {
      until += ms;
      return sim.clock.runUntil(until);
    },
    /** A host with one address, which remembers what it hears on `port`. */
    peer: async (name: string, address: string, port: number, on = name) => {
      const heard: { readonly packet: ServerPacket; readonly from: string }[] = [];
      const peerWorld = sim.worldOf({
        name: `${name}-${address}`,
        interfaces: [{ ...link(name, address), link: on }],
        isUp: () => true,
        address: () => address,
      });
      const opened = await peerWorld.net.openUdp({
        address: '0.0.0.0',
        port,
        interface: name,
        broadcast: true,
        onDatagram: ({ payload, from }) => {
          const packet = decodeServerPacket(payload);
          if (packet !== undefined) heard.push({ packet, from: from.address });
        },
        onError: () => {},
      });
      if (!opened.ok) throw new Error(opened.error.text);
      return { heard, send: opened.value.send };
    },
  };
}

const two = [link('lo', '127.0.0.1'), link('left', '10.69.0.3'), link('right', '10.69.0.67')];

describe('on links', () => {
  it('each interface lends from its own network and names its own address', async () => {
    const { started, peer, pass } = await aSite({}, two);
    if (!started.ok) throw new Error(started.error.text);
    const left = await peer('left', '10.69.0.10', 68);
    const right = await peer('right', '10.69.0.70', 68);
    left.send(message('discover', { mac: 1 }), { address: '255.255.255.255', port: 67 });
    right.send(message('discover', { mac: 2 }), { address: '255.255.255.255', port: 67 });
    await pass();
    const view = ({ heard }: typeof left) =>
      heard.map(({ packet, from }) => [packet.yourAddress, packet.nextServer, from]);
    expect(view(left)).toEqual([['10.69.0.32', '10.69.0.3', '10.69.0.3']]);
    expect(view(right)).toEqual([['10.69.0.97', '10.69.0.67', '10.69.0.67']]);
    expect(started.value.counters()).toMatchObject({ received: 2, offered: 2 });
    expect(started.value.status()).toEqual({
      listening: [
        { address: '0.0.0.0', port: 67, interface: 'left' },
        { address: '0.0.0.0', port: 67, interface: 'right' },
      ],
      missing: [],
      holds: 2,
      waiting: 0,
      unserved: [],
      aside: [],
      others: [],
    });
    started.value.stop();
    left.send(message('discover', { mac: 3 }), { address: '255.255.255.255', port: 67 });
    await pass();
    expect(left.heard).toHaveLength(1);
  });

  it('an interface with several addresses speaks as the first', async () => {
    const { peer, pass } = await aSite({}, [link('left', '10.69.0.3', '10.69.0.130')]);
    const client = await peer('left', '10.69.0.10', 68);
    client.send(message('discover'), { address: '255.255.255.255', port: 67 });
    await pass();
    expect(client.heard.map(({ packet }) => packet.nextServer)).toEqual(['10.69.0.3']);
  });

  it('a specific address keeps to its interface', async () => {
    const { started } = await aSite({ bind: { address: '10.69.0.67', port: 67 } }, two);
    expect(started.ok && started.value.status().listening.map((one) => one.interface)).toEqual([
      'right',
    ]);
  });

  it('relays reach the bound sockets, too, and learn the address that faces them', async () => {
    const { peer, pass } = await aSite({}, two);
    const relay = await peer('far', '10.69.0.65', 67, 'elsewhere');
    relay.send(message('discover', { giaddr: '10.69.0.65' }), { address: '10.69.0.67', port: 67 });
    await pass();
    expect(relay.heard.map(({ packet }) => packet.nextServer)).toEqual(['10.69.0.67']);
    expect(hex(relay.heard[0]?.packet.options.get(54))).toBe('0a450043');
  });
});

describe('for relays alone', () => {
  it('one plain socket is enough, and clients on the link get silence', async () => {
    const { started, peer, pass } = await aSite({ interfaces: [] }, two);
    if (!started.ok) throw new Error(started.error.text);
    const relay = await peer('far', '10.69.0.65', 67, 'elsewhere');
    const client = await peer('left', '10.69.0.10', 68);
    client.send(message('discover'), { address: '255.255.255.255', port: 67 });
    relay.send(message('discover', { giaddr: '10.69.0.65' }), { address: '10.69.0.67', port: 67 });
    await pass();
    expect(client.heard).toEqual([]);
    expect(relay.heard.map(({ packet }) => packet.yourAddress)).toEqual(['10.69.0.96']);
    expect(started.value.counters()).toMatchObject({ offered: 1, noSubnet: 1 });
  });

  it('the bound address is the one it names', async () => {
    const { peer, pass } = await aSite(
      { interfaces: [], bind: { address: '10.69.0.3', port: 10067 } },
      two,
    );
    const relay = await peer('far', '10.69.0.65', 67, 'elsewhere');
    relay.send(message('discover', { giaddr: '10.69.0.65' }), {
      address: '10.69.0.3',
      port: 10067,
    });
    await pass();
    expect(relay.heard.map(({ packet }) => packet.nextServer)).toEqual(['10.69.0.3']);
  });
});

/** Has no library to bind sockets to an interface with. */
const unboundNet = (net: Net): Net => ({
  ...net,
  openUdp: async (options) =>
    options.interface === undefined
      ? net.openUdp(options)
      : fail({ kind: 'no-library', text: `cannot bind to ${options.interface}` }),
});

describe('without the library that binds sockets to links', () => {
  it('relays are answered, links are not, and the status says so', async () => {
    const { started, peer, pass } = await aSite({}, two, unboundNet);
    if (!started.ok) throw new Error(started.error.text);
    const relay = await peer('far', '10.69.0.65', 67, 'elsewhere');
    const client = await peer('left', '10.69.0.10', 68);
    client.send(message('discover'), { address: '255.255.255.255', port: 67 });
    relay.send(message('discover', { giaddr: '10.69.0.65' }), { address: '10.69.0.67', port: 67 });
    await pass(6_000);
    expect(client.heard).toEqual([]);
    expect(relay.heard.map(({ packet }) => packet.yourAddress)).toEqual(['10.69.0.96']);
    expect(started.value.status()).toMatchObject({
      listening: [{ address: '0.0.0.0', port: 67, interface: undefined }],
      missing: ['cannot bind to left'],
    });
  });
});

describe('what cannot be', () => {
  it.each([
    [
      { interfaces: ['eth7'] },
      'DHCP is to serve eth7, which has no IPv4 address; interfaces that have one: lo, left, right',
    ],
    [
      { bind: { address: '192.0.2.9', port: 67 } },
      'DHCP is bound to 192.0.2.9, but no interface has this address',
    ],
  ])('%j is told', async (settings, text) => {
    const { started } = await aSite(settings, two);
    expect(started).toEqual({ ok: false, error: { kind: 'no-such-address', text } });
  });
});

describe('interfaces that come later', () => {
  it('are served within seconds, one without any is waited for, and one that goes is let go', async () => {
    const interfaces = [link('lo', '127.0.0.1')];
    const { started, peer, pass } = await aSite({}, interfaces);
    if (!started.ok) throw new Error(started.error.text);
    const { status } = started.value;
    const none = 'DHCP is to serve all interfaces, but none has an IPv4 address';
    expect(status()).toMatchObject({ listening: [], missing: [none] });

    const client = await peer('left', '10.69.0.10', 68);
    const to = { address: '255.255.255.255', port: 67 };
    interfaces.push(link('left', '10.69.0.3'));
    await pass(6_000);
    expect(status()).toMatchObject({ listening: [{ interface: 'left' }], missing: [] });
    client.send(message('discover', { mac: 1 }), to);
    await pass();
    expect(client.heard.map(({ packet }) => packet.yourAddress)).toEqual(['10.69.0.32']);

    interfaces.splice(1, 1);
    await pass(6_000);
    expect(status()).toMatchObject({ listening: [], missing: [none] });
    interfaces.push(link('left', '10.69.0.3'));
    await pass(6_000);
    client.send(message('discover', { mac: 1 }), to);
    await pass();
    expect(client.heard).toHaveLength(2);
    started.value.stop();
    await pass(6_000);
    expect(status().listening).toEqual([]);
  });

  it('replace what had their name: the old socket is bound to what is gone', async () => {
    const interfaces = [link('left', '10.69.0.3')];
    const { started, peer, pass } = await aSite({ interfaces: ['left'] }, interfaces);
    if (!started.ok) throw new Error(started.error.text);
    const client = await peer('left', '10.69.0.10', 68);
    interfaces[0] = { ...link('left', '10.69.0.4'), mac: '52:54:00:00:00:99' };
    await pass(6_000);
    client.send(message('discover'), { address: '255.255.255.255', port: 67 });
    await pass();
    expect(client.heard.map(({ packet }) => packet.nextServer)).toEqual(['10.69.0.4']);
    expect(started.value.status().listening).toHaveLength(1);
  });

  it('are others when they are made anew, even with their old hardware address', () => {
    const old = { ...link('left', '10.69.0.3'), index: 7 };
    const door: Door = { socket: {} as UdpSocket, link: old };
    expect(compareDoors([door], [old])).toEqual({ close: [], open: [] });
    const anew = { ...old, index: 8 };
    expect(compareDoors([door], [anew])).toEqual({ close: [door], open: [anew] });
  });

  it('are no more than can be looked after, and that is said', () => {
    const many = Array.from({ length: 300 }, (_, at) => link(`veth${at}`, '10.69.0.3'));
    const choice = chooseLinks(defaultDhcpSettings, many);
    expect(choice.links).toHaveLength(256);
    expect(choice.missing).toEqual(['DHCP serves 256 of 300 interfaces: name those that matter']);
  });
});

describe('leases', () => {
  it('are listed with their addresses', async () => {
    const { started, peer, pass } = await aSite({}, two);
    if (!started.ok) throw new Error(started.error.text);
    const client = await peer('left', '10.69.0.10', 68);
    const to = { address: '255.255.255.255', port: 67 };
    client.send(message('discover'), to);
    await pass();
    client.send(message('request', { wants: '10.69.0.32', server: '10.69.0.3' }), to);
    await pass();
    expect(await started.value.leases()).toEqual({
      ok: true,
      value: [
        {
          address: '10.69.0.32',
          mac: '52:54:1e:00:00:01',
          expiresAt: expect.stringMatching(/^1970-01-01T01:00:00/),
        },
      ],
    });
  });
});
