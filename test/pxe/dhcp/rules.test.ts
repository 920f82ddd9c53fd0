/** Rules of RFC 2131 and its companions that no other file here is about; `docs/dhcp.md` names the test of each. */

import { describe, expect, it } from 'vitest';
import { decodeDhcp } from '../../../src/pxe/dhcp/packet.ts';
import { ipamG } from '../../support/machines.ts';
import { aBed, bind, hex, message, type Reply, storedTable } from './bed.ts';

const text = (value: string) => new TextEncoder().encode(value);
const pxe = [
  [60, text('PXEClient:Arch:00007:UNDI:003016')],
  [93, Uint8Array.of(0, 7)],
] as const;

describe('who asks', () => {
  it.each([2, 3, 128, 255])('an identifier of %i octets is echoed whole', async (length) => {
    const id = new Uint8Array(length).fill(0xff);
    const reply = await aBed().ask(message('discover', { options: [[61, id]] }));
    expect(hex(reply?.options.get(61))).toBe(hex(id));
  });

  it('two machines that send one identifier are two clients, one that sends several is one', async () => {
    const bed = aBed();
    const options = [[61, Uint8Array.of(255, 1, 2, 3)]] as const;
    const first = await bind(bed, { mac: 1, options });
    expect(await bind(bed, { mac: 2, options })).not.toBe(first);
    expect(await bind(bed, { mac: 1, options: [[61, Uint8Array.of(1, 9)]] })).toBe(first);
    expect(await bind(bed, { mac: 1 })).toBe(first);
  });

  it('any number of hops and seconds is served, and an answer has none', async () => {
    const payload = message('discover');
    payload[3] = 255;
    payload.set([255, 255], 8);
    const reply = await aBed().ask(payload);
    expect(reply?.type).toBe('offer');
    expect([reply?.bytes[3], hex(reply?.bytes.subarray(8, 10))]).toEqual([0, '0000']);
  });

  it('whoever sent the frame, the answer is for the hardware address in the message', async () => {
    const reply = await aBed().ask(message('discover', { mac: 7 }), {
      from: { address: '10.69.1.77', port: 1068 },
    });
    expect(reply).toMatchObject({ mac: '52:54:1e:00:00:07', to: '255.255.255.255:68' });
  });

  it('two machines may have one xid', async () => {
    const bed = aBed();
    const both = await Promise.all(
      [1, 2].map((mac) => bed.ask(message('discover', { mac, xid: 5 }))),
    );
    expect(both.map((reply) => reply?.xid)).toEqual([5, 5]);
    expect(new Set(both.map((reply) => reply?.yourAddress)).size).toBe(2);
  });
});

describe('a full range', () => {
  it('is told once, its owners renew, other networks lend, and what is freed is lent at once', async () => {
    const bed = aBed({ ipam: { ...ipamG, maxNodesInRack: 57 } });
    const held = [await bind(bed, { mac: 1 }), await bind(bed, { mac: 2 })];
    for (let mac = 3; mac < 9; mac += 1) {
      expect(await bed.ask(message('discover', { mac }))).toBeUndefined();
    }
    expect(bed.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    expect(bed.responder.counters().rangeFull).toBe(6);
    const renewed = await bed.ask(message('request', { mac: 1, ciaddr: held[0] ?? '' }));
    expect(renewed?.type).toBe('ack');
    expect(await bind(bed, { mac: 3, giaddr: '10.69.0.129' })).toMatch(/^10\.69\.0\./);
    await bed.ask(message('release', { mac: 2, ciaddr: held[1] ?? '', server: bed.server }));
    expect(await bind(bed, { mac: 4 })).toBe(held[1]);
  });
});

describe('the time of a lease', () => {
  it.each([
    ['for ever', [255, 255, 255, 255]],
    ['not at all', [0, 0, 0, 0]],
    ['a year', [1, 225, 51, 128]],
    ['an odd length', [1, 2]],
  ])('is ours when a client wishes %s', async (_, wish) => {
    const bed = aBed();
    const options = [
      [51, Uint8Array.from(wish)],
      [55, Uint8Array.of(51, 58, 59)],
    ] as const;
    const reply = await bed.ask(message('discover', { options }));
    const seconds = [58, 59, 51].map((code) => Number(`0x${hex(reply?.options.get(code))}`));
    expect(seconds).toEqual([1_800, 3_150, 3_600]);
    await bind(bed, { options });
    expect(await storedTable(bed, '10.69.1.32')).toMatchObject({
      '52:54:1e:00:00:01': { lease: '2026-11-21T07:00:00Z' },
    });
  });
});

describe('OFFER, ACK and NAK', () => {
  const id = [61, Uint8Array.of(1, 2, 3, 4)] as const;
  const three = async (options: readonly (readonly [number, Uint8Array])[]) => {
    const bed = aBed();
    const offer = await bed.ask(message('discover', { options }));
    const parts = { options, server: bed.server };
    const ack = await bed.ask(message('request', { ...parts, wants: offer?.yourAddress ?? '' }));
    const nak = await bed.ask(message('request', { ...parts, wants: '192.0.2.1' }));
    expect([offer?.type, ack?.type, nak?.type]).toEqual(['offer', 'ack', 'nak']);
    return [offer, ack, nak] as const;
  };
  const valuesOf = (reply: Reply | undefined) =>
    [...(reply?.options ?? [])]
      .filter(([code]) => code !== 53)
      .map(([code, value]) => [code, hex(value)]);

  it('an ACK says what its OFFER said, and no option twice', async () => {
    const asked = [55, Uint8Array.of(3, 1, 6, 28, 58, 59, 12, 15, 42, 67, 1)] as const;
    const [offer, ack] = await three([id, ...pxe, asked]);
    expect(valuesOf(ack)).toEqual(valuesOf(offer));
    expect([ack?.file, ack?.nextServer]).toEqual([offer?.file, offer?.nextServer]);
    const codes = [...(offer?.options.keys() ?? [])];
    expect(codes).toEqual([53, 1, 3, 6, 28, 51, 54, 58, 59, 61, 67]);
  });

  it('carry the identifier when it was sent, and only then', async () => {
    for (const reply of await three([id])) {
      expect(hex(reply?.options.get(61))).toBe('01020304');
    }
    for (const reply of await three([])) expect(reply?.options.has(61)).toBe(false);
  });

  it('are never more than one for a message', async () => {
    const bed = aBed();
    const again = await Promise.all([1, 2, 3].map(() => bed.ask(message('discover'))));
    expect(new Set(again.map((reply) => hex(reply?.bytes))).size).toBe(1);
    expect(bed.responder.counters()).toMatchObject({ received: 3, offered: 3 });
  });
});

describe('relays', () => {
  const override = [82, Uint8Array.of(11, 4, 10, 69, 0, 129)] as const;

  it('that stand in as the server (RFC 5107) are meant by RELEASE and DECLINE, too', async () => {
    const bed = aBed();
    const parts = { giaddr: '10.69.0.129', options: [override], server: '10.69.0.129' };
    const held = async (mac: number): Promise<string> => {
      const offer = await bed.ask(message('discover', { ...parts, mac }));
      const wants = offer?.yourAddress ?? '';
      expect((await bed.ask(message('request', { ...parts, mac, wants })))?.type).toBe('ack');
      return wants;
    };
    await bed.ask(message('release', { ...parts, mac: 1, ciaddr: await held(1) }));
    await bed.ask(message('decline', { ...parts, mac: 2, wants: await held(2) }));
    expect(await storedTable(bed, '10.69.0.160')).toMatchObject({
      '52:54:1e:00:00:01': { lease: '2026-11-21T05:58:00Z' },
      'ff:00:00:00:00:01': { index: 1 },
    });
  });

  it('and the link itself get one binding for one xid, each its own answer', async () => {
    const bed = aBed({ server: '10.69.0.130' });
    const parts = { xid: 77, server: bed.server, wants: '' };
    const discovers = [
      message('discover', parts),
      message('discover', { ...parts, giaddr: '10.69.0.129' }),
    ];
    const offers = await Promise.all(discovers.map((payload) => bed.ask(payload)));
    expect(offers.map((offer) => offer?.to)).toEqual(['255.255.255.255:68', '10.69.0.129:67']);
    const wants = offers[0]?.yourAddress ?? '';
    expect(offers[1]?.yourAddress).toBe(wants);
    const requests = [
      message('request', { ...parts, wants }),
      message('request', { ...parts, wants, giaddr: '10.69.0.129' }),
    ];
    const acks = await Promise.all(requests.map((payload) => bed.ask(payload)));
    expect(acks.map((ack) => [ack?.type, ack?.yourAddress, ack?.to])).toEqual([
      ['ack', wants, '255.255.255.255:68'],
      ['ack', wants, '10.69.0.129:67'],
    ]);
    expect(Object.keys((await storedTable(bed, '10.69.0.160')) as object)).toHaveLength(1);
  });

  it('get no option 82 that they did not send', async () => {
    const reply = await aBed().ask(message('discover', { giaddr: '10.69.0.129' }));
    expect(reply?.options.has(82)).toBe(false);
  });

  it('that are strangers choose no subnet by what they write into option 82', async () => {
    const options = [[82, Uint8Array.of(5, 4, 10, 69, 2, 1)]] as const;
    const bed = aBed();
    expect(await bed.ask(message('discover', { giaddr: '192.0.2.9', options }))).toBeUndefined();
    expect((await bed.ask(message('discover', { options })))?.yourAddress).toBe('10.69.1.32');
  });
});

describe('what is left out when an answer is too large', () => {
  it('goes extras first, then the relay option whole, the identifier last; the rest never', async () => {
    const options = [
      ...pxe,
      [97, new Uint8Array(17)],
      [55, Uint8Array.of(1, 3, 6, 28, 58, 59, 67)],
    ] as const;
    const sized = async (relay: number, id: number) => {
      const reply = await aBed().ask(
        message('discover', {
          giaddr: '10.69.0.129',
          options: [...options, [82, new Uint8Array(relay)], [61, new Uint8Array(id)]],
        }),
      );
      expect(reply?.bytes.length).toBeLessThanOrEqual(548);
      expect([53, 54, 51, 1, 3].every((code) => reply?.options.has(code))).toBe(true);
      expect(reply?.file).toBe('snponly.efi');
      return [67, 97, 28, 6, 82, 61].filter((code) => reply?.options.has(code));
    };
    expect(await sized(20, 20)).toEqual([67, 97, 28, 6, 82, 61]);
    expect(await sized(110, 110)).toEqual([97, 28, 6, 82, 61]);
    expect(await sized(120, 120)).toEqual([28, 6, 82, 61]);
    expect(await sized(125, 125)).toEqual([6, 82, 61]);
    expect(await sized(200, 200)).toEqual([61]);
  });
});

describe('boot clients', () => {
  const fileFor = async (options: readonly (readonly [number, Uint8Array])[]) =>
    aBed().ask(message('discover', { options }));

  it('get the next server in siaddr and by name, one machine, and a file name that is relative', async () => {
    const reply = await fileFor(pxe);
    expect(reply).toMatchObject({ nextServer: '10.69.1.3', file: 'snponly.efi' });
    const packet = decodeDhcp(reply?.bytes ?? new Uint8Array());
    expect(packet.ok && packet.value.serverName).toBe('10.69.1.3');
  });

  it('alone get boot options: an operating system gets neither file nor vendor class', async () => {
    const reply = await fileFor([[60, text('udhcp 1.35.0')]]);
    expect(reply?.file).toBe('');
    for (const code of [43, 60, 66, 67, 175]) expect(reply?.options.has(code)).toBe(false);
  });

  it('of UEFI HTTP get their vendor class back and an absolute URL', async () => {
    const reply = await fileFor([
      [60, text('HTTPClient:Arch:00016:UNDI:003001')],
      [93, Uint8Array.of(0, 16)],
    ]);
    expect(hex(reply?.options.get(60))).toBe(hex(text('HTTPClient')));
    expect(reply?.file).toBe('http://10.69.0.195:10080/api/v1/boot/ipxe.efi');
  });

  it('of UEFI HTTP keep the DNS servers, which a URL with a name needs, before all that can be left out', async () => {
    const reply = await fileFor([
      [60, text('HTTPClient:Arch:00016:UNDI:003001')],
      [93, Uint8Array.of(0, 16)],
      [82, new Uint8Array(200)],
      [61, new Uint8Array(200)],
    ]);
    expect([6, 60, 61, 82].map((code) => reply?.options.has(code))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it('that are iPXE are told that no proxy DHCP server will answer', async () => {
    const reply = await fileFor([...pxe, [77, text('iPXE')]]);
    expect(hex(reply?.options.get(175))).toBe('b00101');
    expect(reply?.file).toBe('http://10.69.0.195:10080/api/v1/boot/coreos/ipxe');
  });

  it.each([43, 60, 77, 93, 94, 97, 175])(
    'get an address whatever length option %i has',
    async (code) => {
      for (const length of [0, 1, 3, 5, 16, 18, 254, 255]) {
        const reply = await fileFor([[code, new Uint8Array(length).fill(0xfe)]]);
        expect(reply).toMatchObject({ type: 'offer', yourAddress: '10.69.1.32' });
      }
    },
  );

  it('of an unknown architecture get an address, no file, and the operator is told', async () => {
    const bed = aBed();
    const options = [
      [60, text('PXEClient')],
      [93, Uint8Array.of(18, 103)],
    ] as const;
    expect(await bed.ask(message('discover', { options }))).toMatchObject({
      type: 'offer',
      file: '',
    });
    expect(bed.responder.counters().noLoader).toBe(1);
    const [warning] = bed.lines.filter(({ level }) => level === 'warn');
    expect(JSON.stringify(warning)).toContain('architecture 4711 is unknown');
  });
});

describe('texts of a client', () => {
  it('are in no line of the log, whatever they hold', async () => {
    const bed = aBed();
    const evil = text('\u001b[31mEVIL\n__proto__');
    const options = [12, 60, 61, 77, 81, 82].map((code) => [code, evil] as const);
    await bed.ask(message('discover', { options }));
    await bed.ask(message('request', { options, wants: '192.0.2.1', server: bed.server }));
    expect(bed.lines.length).toBeGreaterThan(0);
    expect(JSON.stringify(bed.lines)).not.toContain('EVIL');
    expect(Object.hasOwn(Object.prototype, 'index')).toBe(false);
  });
});

describe('addresses that are not lent', () => {
  it('are refused to clients that ask for them, too', async () => {
    const bed = aBed({ owned: ['10.69.1.40'] });
    const ask = (wants: string) => bed.ask(message('request', { wants, server: bed.server }));
    expect((await ask('10.69.1.40'))?.type).toBe('nak');
    expect((await bed.ask(message('discover', { wants: '10.69.1.40' })))?.yourAddress).not.toBe(
      '10.69.1.40',
    );
  });
});
