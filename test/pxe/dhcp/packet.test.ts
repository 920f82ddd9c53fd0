import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ipv4 } from '../../../src/base/addresses.ts';
import { optionCodes } from '../../../src/pxe/dhcp/options.ts';
import {
  type DhcpPacket,
  decodeDhcp,
  encodeDhcp,
  encodedBytes,
} from '../../../src/pxe/dhcp/packet.ts';
import { readRequest } from '../../../src/pxe/dhcp/request.ts';
import { seededChance } from '../../support/clock.ts';
import { captured, captures } from '../../support/wire.ts';

const { overload, clientId, userClass, relayInformation, messageType } = optionCodes;

/** A DISCOVER of 52:54:00:00:00:01 whose options area is `area`, with `file` and `sname` filled as given. */
function message(
  area: readonly number[],
  fields: { readonly file?: readonly number[]; readonly serverName?: readonly number[] } = {},
): Uint8Array {
  const bytes = new Uint8Array(240 + area.length);
  bytes.set([1, 1, 6, 0]);
  bytes.set([0x52, 0x54, 0, 0, 0, 1], 28);
  bytes.set(fields.serverName ?? [], 44);
  bytes.set(fields.file ?? [], 108);
  bytes.set([0x63, 0x82, 0x53, 0x63], 236);
  bytes.set(area, 240);
  return bytes;
}

function decoded(bytes: Uint8Array): DhcpPacket {
  const packet = decodeDhcp(bytes);
  if (!packet.ok) throw new Error(packet.error.text);
  return packet.value;
}

function optionOf(bytes: Uint8Array, code: number): readonly number[] | undefined {
  const value = decoded(bytes).options.get(code);
  return value === undefined ? undefined : [...value];
}

function kindOf(bytes: Uint8Array): string {
  const packet = decodeDhcp(bytes);
  return packet.ok ? 'a packet' : packet.error.kind;
}

/** The codes of an encoded message in the order in which they are written. */
function codesOf(bytes: Uint8Array): readonly number[] {
  const codes: number[] = [];
  for (let at = 240; at < bytes.length && bytes[at] !== 255; at += 2 + (bytes[at + 1] ?? 0)) {
    codes.push(bytes[at] ?? 0);
  }
  return codes;
}

describe('RFC 2131 section 2, the fixed fields', () => {
  it('reads a message of real firmware field by field', () => {
    const packet = decoded(captured('uefi-pxe-r2-ovmf-discover'));
    expect(packet).toMatchObject({
      op: 'request',
      hardwareType: 1,
      hops: 1,
      secs: 0,
      broadcast: true,
      clientAddress: 0,
      relayAddress: 0x0a45_0041,
      serverName: '',
      file: '',
    });
    expect([...packet.hardwareAddress]).toEqual([0x52, 0x54, 0, 0xf5, 0x36, 0xcd]);
  });

  it.each([
    ['nothing', new Uint8Array(), 'too-short'],
    ['239 octets', message([]).subarray(0, 239), 'too-short'],
    ['240 octets without options', message([]), 'a packet'],
    ['op 0', message([255]).with(0, 0), 'bad-op'],
    ['op 2, an answer', message([255]).with(0, 2), 'a packet'],
    ['op 3', message([255]).with(0, 3), 'bad-op'],
    ['hlen 16', message([255]).with(2, 16), 'a packet'],
    ['hlen 17', message([255]).with(2, 17), 'bad-hardware-length'],
    ['hlen 255', message([255]).with(2, 255), 'bad-hardware-length'],
    ['another cookie', message([255]).with(239, 0x64), 'no-cookie'],
  ])('%s', (_, bytes, kind) => {
    expect(kindOf(bytes)).toBe(kind);
  });

  it('ignores octets of chaddr past hlen', () => {
    const bytes = message([53, 1, 1, 255]);
    bytes.fill(0xee, 34, 44);
    expect([...decoded(bytes).hardwareAddress]).toEqual([0x52, 0x54, 0, 0, 0, 1]);
  });
});

describe('RFC 2132 section 3, the options area', () => {
  it('3.1: pads are skipped wherever they stand', () => {
    expect(optionOf(message([0, 0, 53, 1, 1, 0, 61, 2, 0, 7, 0, 255]), clientId)).toEqual([0, 7]);
  });

  it('3.2: nothing is read after the End option', () => {
    expect(optionOf(message([53, 1, 1, 255, 61, 2, 1, 7]), clientId)).toBeUndefined();
  });

  it('a length that runs over the end ends the reading, and what came before counts', () => {
    const bytes = message([53, 1, 1, 61, 200, 1, 2, 3]);
    expect(optionOf(bytes, messageType)).toEqual([1]);
    expect(optionOf(bytes, clientId)).toBeUndefined();
  });

  it('a code as the very last octet is no option', () => {
    expect(optionOf(message([53, 1, 1, 61]), clientId)).toBeUndefined();
  });

  it('a message whose last option ends with the packet needs no End', () => {
    expect(optionOf(message([53, 1, 1, 61, 2, 1, 7]), clientId)).toEqual([1, 7]);
  });

  it('an option without a value has a value of no octets', () => {
    expect(optionOf(message([53, 1, 1, 61, 0, 255]), clientId)).toEqual([]);
  });
});

describe('RFC 2131 section 4.1 and RFC 2132 section 9.3, options in file and sname', () => {
  const file = [61, 2, 1, 7, 255];
  const serverName = [61, 2, 8, 9, 255];

  it.each([
    ['1: file', 1, [1, 7]],
    ['2: sname', 2, [8, 9]],
    ['3: file, then sname', 3, [1, 7, 8, 9]],
    ['0: neither', 0, undefined],
    ['4: no such value, neither', 4, undefined],
  ])('%s', (_, value, expected) => {
    const bytes = message([53, 1, 1, overload, 1, value, 255], { file, serverName });
    expect(optionOf(bytes, clientId)).toEqual(expected);
  });

  it('a field that carries options is no text', () => {
    const bytes = message([53, 1, 1, overload, 1, 1, 255], { file, serverName: [0x61] });
    expect(decoded(bytes)).toMatchObject({ file: '', serverName: 'a' });
  });

  it('sent twice it is of two octets, so of a wrong length, and the fields are names', () => {
    const bytes = message([53, 1, 1, overload, 1, 3, overload, 1, 3, 255], {
      file: [61, 1, 7, 255],
      serverName: [61, 1, 8, 255],
    });
    const packet = decoded(bytes);
    expect(packet.options.has(clientId)).toBe(false);
    expect([packet.file.length, packet.serverName.length]).toEqual([4, 4]);
  });

  it('the overload option inside such a field has no effect', () => {
    const bytes = message([53, 1, 1, overload, 1, 1, 255], {
      file: [overload, 1, 3, 61, 1, 7, 255],
      serverName: [61, 1, 9, 255],
    });
    expect(optionOf(bytes, clientId)).toEqual([7]);
  });

  it('an option does not run from one field into the next', () => {
    const cut = [...Array.from({ length: 125 }, () => 0), 61, 9, 1];
    const bytes = message([53, 1, 1, overload, 1, 1, 255], { file: cut });
    expect(optionOf(bytes, clientId)).toBeUndefined();
  });
});

describe('RFC 3396, long options', () => {
  it.each([clientId, userClass, relayInformation])(
    'section 7: the parts of option %i are joined in order',
    (code) => {
      const bytes = message([code, 2, 1, 2, 53, 1, 1, code, 1, 3, code, 2, 4, 5, 255]);
      expect(optionOf(bytes, code)).toEqual([1, 2, 3, 4, 5]);
    },
  );

  it('section 4: a value above 255 octets is split, and comes back whole', () => {
    const value = Uint8Array.from({ length: 700 }, (_, at) => at & 0xff);
    const packet = { ...decoded(message([53, 1, 1, 255])), options: new Map([[200, value]]) };
    const bytes = encodeDhcp(packet);
    expect(codesOf(bytes)).toEqual([200, 200, 200]);
    expect(decoded(bytes).options.get(200)).toEqual(value);
  });

  it('a datagram of 64 KiB full of parts is read in one pass', () => {
    const parts = Array.from({ length: 21_000 }, () => [61, 1, 7]).flat();
    expect(optionOf(message([...parts, 255]), clientId)).toHaveLength(21_000);
  });
});

describe('what is sent', () => {
  const options = new Map([
    [relayInformation as number, Uint8Array.of(1, 1, 7)],
    [3, Uint8Array.of(10, 0, 0, 1)],
    [1, Uint8Array.of(255, 255, 255, 0)],
    [175, Uint8Array.of(0xb0, 1, 1)],
    [messageType, Uint8Array.of(2)],
  ]);
  const packet: DhcpPacket = { ...decoded(message([255])), op: 'reply', options };

  it('RFC 2132 section 3.5: the mask precedes the router; 53 is first, and 82 last (RFC 3046 section 2.2)', () => {
    expect(codesOf(encodeDhcp(packet))).toEqual([53, 1, 3, 175, 82]);
  });

  it('RFC 1542 section 2.1: the message is padded to 300 octets with zeros', () => {
    const bytes = encodeDhcp(packet);
    expect(bytes).toHaveLength(300);
    expect(bytes.subarray(bytes.lastIndexOf(255) + 1).every((octet) => octet === 0)).toBe(true);
  });

  it('texts end with NUL, and the rest of their field is zero', () => {
    const bytes = encodeDhcp({ ...packet, serverName: 'x'.repeat(200), file: 'y'.repeat(200) });
    expect([bytes[106], bytes[107], bytes[234], bytes[235]]).toEqual([0x78, 0, 0x79, 0]);
    const short = encodeDhcp({ ...packet, file: 'boot' });
    expect(short.subarray(112, 236).every((octet) => octet === 0)).toBe(true);
  });
});

const anyAddress = fc.nat(0xffff_ffff).map((number) => number as Ipv4);
const anyText = (max: number) =>
  fc
    .array(fc.integer({ min: 1, max: 255 }), { maxLength: max })
    .map((codes) => String.fromCharCode(...codes));
const anyPacket: fc.Arbitrary<DhcpPacket> = fc.record({
  op: fc.constantFrom('request' as const, 'reply' as const),
  hardwareType: fc.nat(255),
  hardwareAddress: fc.uint8Array({ maxLength: 16 }),
  hops: fc.nat(255),
  xid: fc.nat(0xffff_ffff),
  secs: fc.nat(0xffff),
  broadcast: fc.boolean(),
  clientAddress: anyAddress,
  yourAddress: anyAddress,
  nextServer: anyAddress,
  relayAddress: anyAddress,
  serverName: anyText(63),
  file: anyText(127),
  options: fc
    .array(
      fc.tuple(
        fc.integer({ min: 1, max: 254 }).filter((code) => code !== overload),
        fc.uint8Array({ maxLength: 600 }),
      ),
      { maxLength: 12 },
    )
    .map((entries) => new Map(entries)),
});

describe('for any packet', () => {
  it('decode(encode(packet)) is the packet, and its size is what was said', () => {
    fc.assert(
      fc.property(anyPacket, (packet) => {
        const bytes = encodeDhcp(packet);
        expect(decodeDhcp(bytes)).toEqual({ ok: true, value: packet });
        expect(bytes).toHaveLength(encodedBytes(packet));
      }),
      { numRuns: 300 },
    );
  });
});

describe('captured messages', () => {
  it.each(captures.map(({ name, bytes }) => [name, bytes] as const))(
    '%s survives decoding and encoding with every option it had',
    (_, bytes) => {
      const packet = decoded(bytes);
      expect(packet.options.size).toBeGreaterThan(4);
      expect(decoded(encodeDhcp(packet))).toEqual(packet);
    },
  );
});

/** Bytes changed, cut off, repeated: what a broken or hostile client may send. */
function mangled(bytes: Uint8Array, chance: { readonly next: () => number }): Uint8Array {
  const pick = (limit: number): number => Math.floor(chance.next() * limit);
  const whole = bytes.slice();
  for (let changes = pick(8); changes > 0; changes -= 1) whole[pick(whole.length)] = pick(256);
  if (chance.next() < 0.3) return whole.subarray(0, pick(whole.length + 1));
  if (chance.next() < 0.1) return Uint8Array.of(...whole, ...whole.subarray(240));
  return whole;
}

describe('hostile octets', () => {
  it('40,000 damaged messages are read or refused, none throws', () => {
    const chance = seededChance(2131);
    let read = 0;
    for (let round = 0; round < 40_000; round += 1) {
      const { bytes } = captures[round % captures.length] ?? { bytes: message([]) };
      const packet = decodeDhcp(mangled(bytes, chance));
      if (packet.ok && readRequest(packet.value).ok) read += 1;
    }
    // Most survive: the test is about reading on in damaged messages, not about refusing them early.
    expect(read).toBeGreaterThan(10_000);
  });

  it('random octets behind a right head are read or refused, none throws', () => {
    const chance = seededChance(3396);
    for (let round = 0; round < 5_000; round += 1) {
      const area = Array.from({ length: Math.floor(chance.next() * 400) }, () =>
        Math.floor(chance.next() * 256),
      );
      const packet = decodeDhcp(message([53, 1, 1 + (round % 8), ...area]));
      if (packet.ok) readRequest(packet.value);
    }
  });
});
