import { describe, expect, it } from 'vitest';
import { ipamG } from '../../support/machines.ts';
import { aBed, bind, hex, ip, message, storedTable } from './bed.ts';

describe("Sabakan's golden vectors", () => {
  it('a DISCOVER on an interface gets the first address of its block and the parameters', async () => {
    const reply = await aBed().ask(message('discover'));
    expect(reply).toMatchObject({
      type: 'offer',
      yourAddress: '10.69.1.32',
      nextServer: '10.69.1.3',
      to: '255.255.255.255:68',
    });
    const option = (code: number) => hex(reply?.options.get(code));
    expect(option(54)).toBe('0a450103');
    expect(option(1)).toBe('ffffffc0');
    expect(option(3)).toBe('0a450101');
    expect(option(6)).toBe('0a0000010a000002');
    expect(option(51)).toBe('00000e10');
    expect(new TextDecoder().decode(reply?.bytes.subarray(44, 53))).toBe('10.69.1.3');
  });

  it('a relayed DISCOVER gets an address of the relay, with the same server', async () => {
    const reply = await aBed().ask(message('discover', { giaddr: '10.69.0.129' }));
    expect(reply).toMatchObject({ yourAddress: '10.69.0.160', to: '10.69.0.129:67' });
    expect(hex(reply?.options.get(3))).toBe('0a450081');
    expect(hex(reply?.options.get(54))).toBe('0a450103');
    expect(hex(reply?.bytes.subarray(24, 28))).toBe('0a450081');
  });

  it('mask, gateway and lease time follow the configuration', async () => {
    const ipam = { ...ipamG, nodeIpv4RangeMask: 24, nodeGatewayOffset: 100 };
    const reply = await aBed({ ipam, dhcp: { 'lease-minutes': 10 } }).ask(message('discover'));
    expect(hex(reply?.options.get(1))).toBe('ffffff00');
    expect(hex(reply?.options.get(3))).toBe('0a450164');
    expect(hex(reply?.options.get(51))).toBe('00000258');
    expect(reply?.options.has(6)).toBe(false);
  });

  it('an INFORM gets the parameters of its own network and no lease', async () => {
    const bed = aBed();
    const reply = await bed.ask(message('inform', { ciaddr: '10.69.0.196' }));
    expect(reply).toMatchObject({ type: 'ack', yourAddress: '0.0.0.0', to: '10.69.0.196:68' });
    expect(hex(reply?.options.get(3))).toBe('0a4500c1');
    expect([51, 58, 59].some((code) => reply?.options.has(code))).toBe(false);
    expect(await storedTable(bed, '10.69.0.224')).toBeUndefined();
  });

  it('two machines in the block of 10.69.0.195 get .224 and .225, stored as Sabakan does', async () => {
    const bed = aBed({ server: '10.69.0.195' });
    expect(await bind(bed, { mac: 1 })).toBe('10.69.0.224');
    expect(await bind(bed, { mac: 2 })).toBe('10.69.0.225');
    expect(await storedTable(bed, '10.69.0.224')).toEqual({
      '52:54:1e:00:00:01': { index: 0, lease: '2026-11-21T07:00:00Z' },
      '52:54:1e:00:00:02': { index: 1, lease: '2026-11-21T07:00:00Z' },
    });
  });

  it('an address outside the pool gets silence', async () => {
    expect(await aBed({ server: '10.68.10.20' }).ask(message('discover'))).toBeUndefined();
  });
});

describe('an OFFER', () => {
  it('writes nothing', async () => {
    const bed = aBed();
    await bed.ask(message('discover'));
    expect(await storedTable(bed, '10.69.1.32')).toBeUndefined();
    expect(bed.responder.holds()).toBe(1);
  });

  it('of one address goes to one machine while it may be taken up', async () => {
    const bed = aBed();
    const offers = [];
    for (let number = 1; number <= 31; number += 1) {
      offers.push((await bed.ask(message('discover', { mac: number })))?.yourAddress);
    }
    expect(new Set(offers).size).toBe(31);
  });

  it('repeats the same address, whatever the client then asks for', async () => {
    const bed = aBed();
    const first = await bed.ask(message('discover', { wants: '10.69.1.40' }));
    const second = await bed.ask(message('discover', { wants: '10.69.1.41' }));
    expect([first?.yourAddress, second?.yourAddress]).toEqual(['10.69.1.40', '10.69.1.40']);
  });

  it('goes on in a flood: an honest machine is bound though every address was offered', async () => {
    const bed = aBed();
    for (let number = 100; number < 1100; number += 1) {
      await bed.ask(message('discover', { mac: number }));
    }
    const address = await bind(bed, { mac: 1 });
    expect(address).toMatch(/^10\.69\.1\.(3[2-9]|[45]\d|6[0-2])$/);
  });

  it('skips addresses of machines, of gateways and our own', async () => {
    const bed = aBed({ owned: ['10.69.1.32', '10.69.1.34'], server: '10.69.1.33' });
    expect((await bed.ask(message('discover')))?.yourAddress).toBe('10.69.1.35');
  });

  it('carries what was asked for in T1, T2 and broadcast address', async () => {
    const reply = await aBed().ask(
      message('discover', { options: [[55, Uint8Array.of(58, 59, 28)]] }),
    );
    expect(hex(reply?.options.get(58))).toBe('00000708');
    expect(hex(reply?.options.get(59))).toBe('00000c4e');
    expect(hex(reply?.options.get(28))).toBe('0a45013f');
  });

  it('returns client identifier and machine identifier as they came', async () => {
    const machineId = Uint8Array.from({ length: 17 }, (_, at) => at);
    const reply = await aBed().ask(
      message('discover', {
        options: [
          [61, Uint8Array.of(255, 1, 2, 3)],
          [97, machineId],
        ],
      }),
    );
    expect(hex(reply?.options.get(61))).toBe('ff010203');
    expect(hex(reply?.options.get(97))).toBe(hex(machineId));
  });
});

describe('a REQUEST that selects', () => {
  it('is acknowledged after the lease is stored', async () => {
    const bed = aBed();
    await bind(bed, { mac: 7 });
    expect(await storedTable(bed, '10.69.1.32')).toMatchObject({
      '52:54:1e:00:00:07': { index: 6 },
    });
  });

  it('for another server gets silence and frees what we offered', async () => {
    const bed = aBed();
    const offer = await bed.ask(message('discover'));
    const reply = await bed.ask(
      message('request', { wants: offer?.yourAddress ?? '', server: '10.69.1.4' }),
    );
    expect(reply).toBeUndefined();
    expect(bed.responder.holds()).toBe(0);
  });

  it('for an address of another client gets NAK', async () => {
    const bed = aBed();
    const taken = await bind(bed, { mac: 1 });
    const reply = await bed.ask(message('request', { mac: 2, wants: taken, server: bed.server }));
    expect(reply).toMatchObject({ type: 'nak', yourAddress: '0.0.0.0', nextServer: '0.0.0.0' });
    expect(reply?.options.has(51)).toBe(false);
    expect(hex(reply?.options.get(54))).toBe('0a450103');
    expect(reply?.to).toBe('255.255.255.255:68');
  });

  it('for an address that is on offer to another client gets NAK', async () => {
    const bed = aBed();
    const offer = await bed.ask(message('discover', { mac: 1 }));
    const wants = offer?.yourAddress ?? '';
    expect((await bed.ask(message('request', { mac: 2, wants, server: bed.server })))?.type).toBe(
      'nak',
    );
  });

  it('for an address outside the range gets NAK', async () => {
    const bed = aBed();
    for (const wants of ['10.69.1.4', '10.69.1.63', '10.69.0.40', '192.0.2.1']) {
      expect((await bed.ask(message('request', { wants, server: bed.server })))?.type).toBe('nak');
    }
  });

  it('without an address gets what it was offered, and silence when that was nothing', async () => {
    const bed = aBed();
    expect(await bed.ask(message('request', { server: bed.server }))).toBeUndefined();
    await bed.ask(message('discover', { wants: '10.69.1.50' }));
    const reply = await bed.ask(message('request', { server: bed.server }));
    expect(reply).toMatchObject({ type: 'ack', yourAddress: '10.69.1.50' });
  });

  it('repeated is answered alike', async () => {
    const bed = aBed();
    const address = await bind(bed);
    const again = await bed.ask(message('request', { wants: address, server: bed.server }));
    expect(again).toMatchObject({ type: 'ack', yourAddress: address });
  });

  it('and comes late does not free the address that its sender uses by now', async () => {
    const bed = aBed();
    const address = await bind(bed, { mac: 1 });
    const late = message('request', { mac: 1, wants: '10.69.1.50', server: bed.server });
    expect((await bed.ask(late))?.type).toBe('nak');
    const other = await bed.ask(message('discover', { mac: 2, wants: address }));
    expect(other?.yourAddress).not.toBe(address);
    bed.owned.add(ip(address));
    expect(await bed.ask(late)).toMatchObject({ type: 'ack', yourAddress: '10.69.1.50' });
  });

  it('is served after a restart that forgot the offer', async () => {
    const before = aBed();
    const offer = await before.ask(message('discover'));
    const after = aBed({ store: before.store });
    const wants = offer?.yourAddress ?? '';
    expect((await after.ask(message('request', { wants, server: after.server })))?.type).toBe(
      'ack',
    );
  });

  it('names the same boot file as the offer; one that only keeps its address gets none', async () => {
    const bed = aBed();
    const options = [
      [60, new TextEncoder().encode('PXEClient:Arch:00007:UNDI:003000')],
      [93, Uint8Array.of(0, 7)],
    ] as const;
    const offer = await bed.ask(message('discover', { options }));
    const wants = offer?.yourAddress ?? '';
    const ack = await bed.ask(message('request', { options, wants, server: bed.server }));
    const renewed = await bed.ask(message('request', { options, ciaddr: wants }));
    expect([offer?.file, ack?.file, renewed?.file]).toEqual(['snponly.efi', 'snponly.efi', '']);
  });
});

describe('a REQUEST that confirms (INIT-REBOOT)', () => {
  it('follows the table of RFC 2131', async () => {
    const bed = aBed();
    const address = await bind(bed, { mac: 1 });
    const confirm = async (number: number, wants: string) =>
      (await bed.ask(message('request', { mac: number, wants })))?.type;
    expect(await confirm(1, address)).toBe('ack');
    expect(await confirm(1, '10.69.1.40')).toBe('nak');
    expect(await confirm(1, '192.0.2.7')).toBe('nak');
    expect(await confirm(2, '192.0.2.7')).toBe('nak');
    expect(await confirm(2, '10.69.1.40')).toBeUndefined();
    expect(await confirm(2, address)).toBeUndefined();
  });
});

describe('a REQUEST that extends', () => {
  it('of the owner is acknowledged to its address with a fresh lease', async () => {
    const bed = aBed();
    const address = await bind(bed);
    bed.clock.advance(1_800_000);
    const reply = await bed.ask(message('request', { ciaddr: address }));
    expect(reply).toMatchObject({ type: 'ack', yourAddress: address, to: `${address}:68` });
    expect(hex(reply?.bytes.subarray(12, 16))).toBe('0a450120');
    expect(await storedTable(bed, '10.69.1.32')).toEqual({
      '52:54:1e:00:00:01': { index: 0, lease: '2026-11-21T07:30:00Z' },
    });
  });

  it('works past the relay: by the client address, not by where it came in', async () => {
    const bed = aBed();
    const address = await bind(bed, { giaddr: '10.69.0.129' });
    const reply = await bed.ask(message('request', { ciaddr: address }));
    expect(reply).toMatchObject({ type: 'ack', yourAddress: '10.69.0.160', to: '10.69.0.160:68' });
  });

  it('of somebody else never is', async () => {
    const bed = aBed();
    const address = await bind(bed, { mac: 1 });
    const other = await bed.ask(message('request', { mac: 2, ciaddr: address }));
    expect(other).toMatchObject({ type: 'nak', to: '255.255.255.255:68' });
    expect(await bed.ask(message('request', { mac: 2, ciaddr: '10.69.1.50' }))).toBeUndefined();
    const wrong = await bed.ask(message('request', { mac: 1, ciaddr: '10.69.1.50' }));
    expect(wrong?.type).toBe('nak');
  });

  it('through a relay of another network gets NAK', async () => {
    const bed = aBed();
    const address = await bind(bed);
    const reply = await bed.ask(message('request', { ciaddr: address, giaddr: '10.69.0.129' }));
    expect(reply).toMatchObject({ type: 'nak', to: '10.69.0.129:67' });
  });
});

describe('expiry', () => {
  it('keeps an address for its owner until another needs it', async () => {
    const one = { ...ipamG, maxNodesInRack: 58 };
    const bed = aBed({ ipam: one, dhcp: { 'lease-minutes': 1 } });
    const address = await bind(bed, { mac: 1 });
    bed.clock.advance(59_000);
    expect(await bed.ask(message('discover', { mac: 2 }))).toBeUndefined();
    expect(bed.responder.counters().rangeFull).toBe(1);
    bed.clock.advance(86_400_000);
    expect((await bed.ask(message('discover', { mac: 1 })))?.yourAddress).toBe(address);
    bed.clock.advance(3_600_000);
    expect(await bind(bed, { mac: 2 })).toBe(address);
    expect(await storedTable(bed, '10.69.1.62')).toEqual({
      '52:54:1e:00:00:02': { index: 0, lease: expect.any(String) },
    });
  });

  it('lets nobody else have it one second early, and anybody soon after', async () => {
    const one = { ...ipamG, maxNodesInRack: 58 };
    const bed = aBed({ ipam: one, dhcp: { 'lease-minutes': 1 } });
    await bind(bed, { mac: 1 });
    bed.clock.advance(60_000 + 120_000 - 1);
    expect(await bed.ask(message('discover', { mac: 2 }))).toBeUndefined();
    bed.clock.advance(1);
    expect((await bed.ask(message('discover', { mac: 2 })))?.type).toBe('offer');
  });
});

describe('DECLINE and RELEASE', () => {
  it('DECLINE sets an address aside under a hardware address nobody has', async () => {
    const bed = aBed();
    const address = await bind(bed);
    expect(
      await bed.ask(message('decline', { wants: address, server: bed.server })),
    ).toBeUndefined();
    expect(await storedTable(bed, '10.69.1.32')).toEqual({
      'ff:00:00:00:00:00': { index: 0, lease: '2026-11-21T07:00:00Z' },
    });
    expect(await bind(bed)).toBe('10.69.1.33');
    expect(bed.responder.counters().declined).toBe(1);
    expect(bed.lines.some((line) => line.level === 'warn')).toBe(true);
  });

  it('RELEASE frees it at once and remembers whose it was', async () => {
    const bed = aBed();
    const address = await bind(bed, { mac: 1 });
    const released = message('release', { mac: 1, ciaddr: address, server: bed.server });
    expect(await bed.ask(released)).toBeUndefined();
    expect((await bed.ask(message('discover', { mac: 1 })))?.yourAddress).toBe(address);
    const other = await bed.ask(message('request', { mac: 2, ciaddr: address }));
    expect(other).toBeUndefined();
  });

  it('change nothing for addresses the sender does not hold or for other servers', async () => {
    const bed = aBed();
    const address = await bind(bed, { mac: 1 });
    const before = await storedTable(bed, '10.69.1.32');
    const { server } = bed;
    for (const payload of [
      message('decline', { mac: 2, wants: address, server }),
      message('decline', { mac: 1, wants: '10.69.1.50', server }),
      message('decline', { mac: 1, wants: address, server: '10.69.1.9' }),
      message('release', { mac: 2, ciaddr: address, server }),
      message('release', { mac: 1, ciaddr: '10.69.1.50', server }),
      message('release', { mac: 1, ciaddr: address, server: '10.69.1.9' }),
      message('release', { mac: 1, ciaddr: address }),
    ]) {
      expect(await bed.ask(payload)).toBeUndefined();
    }
    expect(await storedTable(bed, '10.69.1.32')).toEqual(before);
  });
});

describe('relays', () => {
  const information = (...parts: number[]) => [82, Uint8Array.from(parts)] as const;

  it('get their option back, whole and last, also with a NAK', async () => {
    const bed = aBed();
    const options = [
      information(1, 3, 65, 66, 67, 99, 2, 7, 7),
      [61, Uint8Array.of(1, 2)],
    ] as const;
    const offer = await bed.ask(message('discover', { giaddr: '10.69.0.129', options }));
    expect(hex(offer?.options.get(82))).toBe('010341424363020707');
    expect([...(offer?.options.keys() ?? [])].at(-1)).toBe(82);
    const nak = await bed.ask(
      message('request', { giaddr: '10.69.0.129', options, wants: '192.0.2.1' }),
    );
    expect(nak).toMatchObject({ type: 'nak', to: '10.69.0.129:67' });
    expect(hex(nak?.options.get(82))).toBe('010341424363020707');
    expect(hex(nak?.bytes.subarray(10, 12))).toBe('8000');
  });

  it('on the link itself, switches that have no address, get their option back', async () => {
    const options = [information(1, 3, 65, 66, 67, 5, 4, 10, 69, 2, 1)];
    const offer = await aBed().ask(message('discover', { options }));
    expect(offer).toMatchObject({ yourAddress: '10.69.1.32', to: '255.255.255.255:68' });
    expect(hex(offer?.options.get(82))).toBe('01034142430504' + '0a450201');
  });

  it('that ask for it are answered on the port they send from (RFC 8357)', async () => {
    const reply = await aBed().ask(
      message('discover', { giaddr: '10.69.0.129', options: [information(19, 0)] }),
      { from: { address: '10.69.0.129', port: 40_123 } },
    );
    expect(reply?.to).toBe('10.69.0.129:40123');
  });

  it('choose the subnet by link selection (RFC 3527) and are answered at their own address', async () => {
    const reply = await aBed().ask(
      message('discover', { giaddr: '10.69.0.129', options: [information(5, 4, 10, 69, 2, 1)] }),
    );
    expect(reply).toMatchObject({ yourAddress: '10.69.2.32', to: '10.69.0.129:67' });
  });

  it('may stand in as the server (RFC 5107)', async () => {
    const bed = aBed();
    const options = [information(11, 4, 10, 69, 0, 129)];
    const offer = await bed.ask(message('discover', { giaddr: '10.69.0.129', options }));
    expect(hex(offer?.options.get(54))).toBe('0a450081');
    const ack = await bed.ask(
      message('request', {
        giaddr: '10.69.0.129',
        options,
        wants: offer?.yourAddress ?? '',
        server: '10.69.0.129',
      }),
    );
    expect(ack?.type).toBe('ack');
  });

  it('and the link itself share one binding', async () => {
    const bed = aBed({ server: '10.69.0.130' });
    const direct = await bed.ask(message('discover'));
    const relayed = await bed.ask(message('discover', { giaddr: '10.69.0.129' }));
    expect(relayed?.yourAddress).toBe(direct?.yourAddress);
  });
});

describe('what is refused', () => {
  const check = async (payload: Uint8Array, rules = {}) => {
    const bed = aBed({ rules });
    expect(await bed.ask(payload)).toBeUndefined();
    return bed.responder.counters();
  };

  it('answers to strange relays', async () => {
    for (const giaddr of ['192.0.2.1', '127.0.0.1', '224.0.0.1', '255.255.255.255', '10.69.1.3']) {
      expect((await check(message('discover', { giaddr }))).refused).toBe(1);
    }
  });

  it('answers to strange clients', async () => {
    for (const ciaddr of ['192.0.2.1', '127.0.0.1', '224.0.0.1', '10.69.1.3']) {
      expect((await check(message('inform', { ciaddr }))).refused).toBe(1);
    }
  });

  it('and says so on a network that is served: a line for each reason, whatever addresses come', async () => {
    const bed = aBed();
    for (const giaddr of ['10.69.0.64', '10.69.0.127', '10.69.1.3', '192.0.2.1']) {
      await bed.ask(message('discover', { giaddr }));
    }
    expect(bed.lines.filter(({ level }) => level === 'warn')).toEqual([
      {
        level: 'warn',
        message: 'a DHCP message is not answered',
        fields: { text: "the relay address is a network's: relay 10.69.0.64, client 0.0.0.0" },
      },
      {
        level: 'warn',
        message: 'a DHCP message is not answered',
        fields: {
          text: "the relay address is this server's own: relay 10.69.1.3, client 0.0.0.0",
        },
      },
    ]);
  });

  it('relays on loopback, unless they are named', async () => {
    const ipam = { ...ipamG, nodeIpv4Pool: { base: ip('127.69.0.0'), prefixLength: 20 } };
    const relayed = message('discover', { giaddr: '127.69.0.129' });
    expect(await aBed({ ipam }).ask(relayed)).toBeUndefined();
    const rules = { relayNetworks: [ipam.nodeIpv4Pool] };
    expect((await aBed({ ipam, rules }).ask(relayed))?.yourAddress).toBe('127.69.0.160');
  });

  it('messages of servers, of unknown types, of no type, of a wrong length', async () => {
    const odd = message('discover');
    odd[242] = 9;
    const bootp = message('discover');
    bootp[240] = 0;
    bootp[241] = 0;
    bootp[242] = 0;
    const token = message('discover', { mac: 'ff:00:00:00:00:01' });
    for (const payload of [
      message('offer'),
      message('ack'),
      message('nak'),
      odd,
      bootp,
      token,
      message('request', { options: [[50, Uint8Array.of(1, 2, 3)]], server: '10.69.1.3' }),
      message('request', { wants: '10.69.1.40', options: [[54, Uint8Array.of(1)]] }),
    ]) {
      expect((await check(payload)).notForUs).toBe(1);
    }
  });

  it.each(['00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff', '01:00:5e:00:00:01'])(
    'the hardware address %s, and says why',
    async (mac) => {
      const bed = aBed();
      expect(await bed.ask(message('discover', { mac }))).toBeUndefined();
      expect(bed.responder.counters()).toMatchObject({ notForUs: 1, strangeMac: 1 });
      expect(bed.lines).toEqual([
        expect.objectContaining({
          level: 'debug',
          fields: { mac, reason: 'not a hardware address of one machine' },
        }),
      ]);
    },
  );

  it('everything, as long as there is no configuration', async () => {
    const bed = aBed({ ipam: undefined });
    expect(await bed.ask(message('discover'))).toBeUndefined();
    bed.facts.ipam = ipamG;
    bed.facts.dhcp = undefined;
    expect(await bed.ask(message('discover'))).toBeUndefined();
  });
});

describe('the boot file', () => {
  const asked = [55, Uint8Array.of(1, 3, 28, 58, 59, 66, 67)] as const;
  const pxe = [
    [60, new TextEncoder().encode('PXEClient:Arch:00007:UNDI:003016')],
    [93, Uint8Array.of(0, 7)],
  ] as const;

  it('goes into option 67, too, for a client that asks for it, with room for a NUL after it', async () => {
    const bed = aBed();
    const reply = await bed.ask(message('discover', { options: [...pxe, asked] }));
    const name = new TextDecoder().decode(reply?.options.get(67));
    expect(name).not.toBe('');
    expect(reply?.file).toBe(name);
    const at = Buffer.from(reply?.bytes ?? []).indexOf(name, 240);
    expect(reply?.bytes[at + name.length]).toBe(0);
    const plain = await bed.ask(message('discover', { mac: 2, options: pxe }));
    expect(plain?.options.has(67)).toBe(false);
    expect(plain?.file).toBe(name);
  });

  it('is left in its field alone where both do not fit', async () => {
    const long = new Uint8Array(255).fill(7);
    const reply = await aBed().ask(
      message('discover', { options: [...pxe, asked, [61, long], [57, Uint8Array.of(0, 0)]] }),
    );
    expect(reply?.file).not.toBe('');
    expect(hex(reply?.options.get(61))).toBe(hex(long));
    expect(reply?.options.has(67)).toBe(false);
  });
});

describe('options of a wrong length', () => {
  it('are ignored, not their host', async () => {
    const odd = (code: number) => [code, Uint8Array.of(1, 2, 3)] as const;
    const reply = await aBed().ask(
      message('discover', { options: [50, 51, 57, 93, 94, 97].map(odd) }),
    );
    expect(reply).toMatchObject({ type: 'offer', yourAddress: '10.69.1.32', file: '' });
    expect(reply?.options.has(97)).toBe(false);
  });
});

describe('the log', () => {
  const infos = (bed: ReturnType<typeof aBed>) =>
    bed.lines.filter((line) => line.level === 'info').map(({ fields }) => fields['answer']);

  it('has a line for the beginning of a boot and one for each stored lease', async () => {
    const bed = aBed();
    for (let at = 0; at < 5; at += 1) await bed.ask(message('discover'));
    await bind(bed);
    await bind(bed);
    expect(infos(bed)).toEqual(['offer', 'ack', 'ack']);
    bed.clock.advance(60_000);
    await bed.ask(message('discover'));
    expect(infos(bed)).toEqual(['offer', 'ack', 'ack', 'offer']);
    expect(bed.lines.filter((line) => line.level === 'debug')).toHaveLength(6);
  });

  it('tells each refusal', async () => {
    const bed = aBed();
    for (let at = 0; at < 2; at += 1) {
      await bed.ask(message('request', { wants: '192.0.2.1' }));
    }
    expect(infos(bed)).toEqual(['nak', 'nak']);
  });

  it('does not grow with a flood of invented machines', async () => {
    const bed = aBed();
    for (let at = 0; at < 3_000; at += 1) await bed.ask(message('discover', { mac: at }));
    expect(infos(bed)).toHaveLength(1_024);
    expect(bed.responder.counters().untold).toBe(3_000 - 1_024);
    await bind(bed, { mac: 9_000 });
    expect(infos(bed).at(-1)).toBe('ack');
  });
});

describe('the size of answers', () => {
  it('stays within what the client takes; the relay option goes before the rest', async () => {
    const long = new Uint8Array(255).fill(7);
    const reply = await aBed().ask(
      message('discover', {
        giaddr: '10.69.0.129',
        options: [
          [61, long],
          [82, long],
          [57, Uint8Array.of(0, 0)],
        ],
      }),
    );
    expect(reply?.bytes.length).toBeLessThanOrEqual(576 - 28);
    expect(reply?.options.has(82)).toBe(false);
    expect(hex(reply?.options.get(61))).toBe(hex(long));
    expect([53, 54, 51, 1, 3].every((code) => reply?.options.has(code))).toBe(true);
  });

  it('is at least that of BOOTP', async () => {
    expect((await aBed().ask(message('discover')))?.bytes.length).toBe(300);
  });
});
