import { describe, expect, it } from 'vitest';
import type { Ipv4 } from '../../../src/base/addresses.ts';
import {
  addressValue,
  messageTypes,
  optionCodes,
  textValue,
} from '../../../src/pxe/dhcp/options.ts';
import { type DhcpPacket, decodeDhcp } from '../../../src/pxe/dhcp/packet.ts';
import { payloadBytesMax, readRequest } from '../../../src/pxe/dhcp/request.ts';
import { bytesOfHex, captured, captures } from '../../support/wire.ts';

const server = 0x0a45_0003 as Ipv4;
const address = 0x0a45_0033 as Ipv4;
const none = 0 as Ipv4;

type Type = keyof typeof messageTypes;
type Overrides = Partial<Omit<DhcpPacket, 'options'>> & {
  readonly options?: readonly (readonly [number, Uint8Array])[];
};

function aPacket(type: Type | undefined, { options = [], ...fields }: Overrides = {}): DhcpPacket {
  const kind: [number, Uint8Array][] =
    type === undefined ? [] : [[optionCodes.messageType, Uint8Array.of(messageTypes[type])]];
  return {
    op: 'request',
    hardwareType: 1,
    hardwareAddress: Uint8Array.of(0x52, 0x54, 0, 0, 0, 1),
    hops: 0,
    xid: 1,
    secs: 0,
    broadcast: false,
    clientAddress: none,
    yourAddress: none,
    nextServer: none,
    relayAddress: none,
    serverName: '',
    file: '',
    ...fields,
    options: new Map([...kind, ...options]),
  };
}

function wishOf(packet: DhcpPacket): unknown {
  const request = readRequest(packet);
  return request.ok ? request.value.wish : request.error.because;
}

const wants = [optionCodes.requestedAddress, addressValue(address)] as const;
const names = [optionCodes.serverId, addressValue(server)] as const;

describe('RFC 2131 section 4.3, which message it is', () => {
  it.each([
    ['DISCOVER', aPacket('discover'), { kind: 'discover', requested: undefined }],
    [
      'DISCOVER with a wish',
      aPacket('discover', { options: [wants] }),
      { kind: 'discover', requested: address },
    ],
    [
      '4.3.2: SELECTING names its server',
      aPacket('request', { options: [wants, names] }),
      { kind: 'selecting', server, requested: address },
    ],
    [
      '4.3.2: INIT-REBOOT names an address only',
      aPacket('request', { options: [wants] }),
      { kind: 'init-reboot', requested: address },
    ],
    [
      '4.3.2: RENEWING fills ciaddr only',
      aPacket('request', { clientAddress: address }),
      { kind: 'extending', address },
    ],
    ['REQUEST without anything', aPacket('request'), 'incomplete'],
    [
      '4.3.3: DECLINE',
      aPacket('decline', { options: [wants, names] }),
      { kind: 'decline', server, address },
    ],
    ['DECLINE without a server', aPacket('decline', { options: [wants] }), 'incomplete'],
    [
      '4.3.4: RELEASE',
      aPacket('release', { clientAddress: address, options: [names] }),
      { kind: 'release', server, address },
    ],
    ['RELEASE without an address', aPacket('release', { options: [names] }), 'incomplete'],
    ['4.3.5: INFORM', aPacket('inform', { clientAddress: address }), { kind: 'inform', address }],
    ['INFORM without an address', aPacket('inform'), 'incomplete'],
  ])('%s', (_, packet, expected) => {
    expect(wishOf(packet)).toEqual(expected);
  });
});

describe('what is not for us', () => {
  it.each([
    ['RFC 2131 section 2: op 2', aPacket('discover', { op: 'reply' }), 'a server sent it'],
    ['OFFER', aPacket('offer'), 'a server sent it'],
    ['ACK', aPacket('ack'), 'a server sent it'],
    ['NAK', aPacket('nak'), 'a server sent it'],
    ['RFC 1534 section 2: plain BOOTP', aPacket(undefined), 'plain BOOTP'],
    ['type 0', aPacket(undefined, { options: [[53, Uint8Array.of(0)]] }), 'unknown message type'],
    ['type 9', aPacket(undefined, { options: [[53, Uint8Array.of(9)]] }), 'unknown message type'],
    [
      'a type of two octets',
      aPacket(undefined, { options: [[53, Uint8Array.of(1, 1)]] }),
      'option of a wrong length',
    ],
    [
      'InfiniBand',
      aPacket('discover', { hardwareType: 32, hardwareAddress: new Uint8Array(16) }),
      'not Ethernet',
    ],
    [
      'a short hardware address',
      aPacket('discover', { hardwareAddress: new Uint8Array(5) }),
      'not Ethernet',
    ],
    [
      'a group address',
      aPacket('discover', { hardwareAddress: bytesOfHex('ff0000000101') }),
      'not a hardware address of one machine',
    ],
  ])('%s', (_, packet, because) => {
    expect(wishOf(packet)).toBe(because);
  });
});

describe('RFC 2132 section 9, options of a wrong length', () => {
  it.each([0, 1, 3, 5, 8])('50 of %i octets never makes an ACK', (length) => {
    const bad = [optionCodes.requestedAddress, new Uint8Array(length).fill(10)] as const;
    expect(wishOf(aPacket('request', { options: [bad, names] }))).toBe('option of a wrong length');
    expect(wishOf(aPacket('discover', { options: [bad] }))).toEqual({ kind: 'discover' });
  });

  it.each([0, 3, 5])('54 of %i octets does not turn SELECTING into INIT-REBOOT', (length) => {
    const bad = [optionCodes.serverId, new Uint8Array(length).fill(10)] as const;
    expect(wishOf(aPacket('request', { options: [wants, bad] }))).toBe('option of a wrong length');
  });

  it.each([0, 1, 3])('93 of %i octets names no architecture, and the host is served', (length) => {
    const odd = [optionCodes.architecture, new Uint8Array(length)] as const;
    const request = readRequest(aPacket('discover', { options: [odd] }));
    expect(request.ok && request.value.boot.architectures).toEqual([]);
  });
});

describe('RFC 2132 section 9.10, the size an answer may have', () => {
  it.each([
    ['nothing said', undefined, 548],
    ['less than allowed', [0, 100], 548],
    ['576', [2, 64], 548],
    ['1472, as iPXE says', [5, 192], 1444],
    ['65280, as OVMF says', [255, 0], 1472],
    ['an octet too many', [5, 192, 0], 548],
  ])('%s', (_, value, octets) => {
    const options =
      value === undefined ? [] : [[optionCodes.messageSizeMax, Uint8Array.from(value)] as const];
    expect(payloadBytesMax(aPacket('discover', { options }))).toBe(octets);
  });
});

describe('RFC 3004, user classes', () => {
  it.each([
    ['bare, as iPXE sends it', '69505845'],
    ['length-prefixed', '0469505845'],
    ['the second of three', '036c616204695058450161'],
    ['bare with a NUL', '6950584500'],
  ])('%s is seen as iPXE', (_, hex) => {
    const options = [[optionCodes.userClass, bytesOfHex(hex)] as const];
    const request = readRequest(aPacket('discover', { options }));
    expect(request.ok && request.value.boot.userClasses).toContain('iPXE');
  });

  it.each(['', '00', 'ff69505845', '05695058'])('%s is no reason to fail', (hex) => {
    const options = [[optionCodes.userClass, bytesOfHex(hex)] as const];
    const request = readRequest(aPacket('discover', { options }));
    expect(request.ok && request.value.boot.userClasses.includes('iPXE')).toBe(false);
  });
});

describe('option 175, what an iPXE was built with', () => {
  it.each([
    ['HTTP among others', '170101220101130101', false],
    ['HTTPS only', '140101150101', true],
    ['TFTP and a bus id', 'b105011af41000150101', true],
    ['a bus id alone', 'b105011af41000', false],
    ['nothing', '', false],
    ['a list that is cut off', '150101130', false],
    ['a length that runs over the end', '1501011503', false],
  ])('%s', (_, hex, lacks) => {
    const options = [[optionCodes.ipxe, bytesOfHex(hex)] as const];
    const request = readRequest(aPacket('discover', { options }));
    expect(request.ok && request.value.boot).toMatchObject({
      hasIpxeOptions: true,
      lacksHttp: lacks,
    });
  });
});

describe('RFC 3046, the relay', () => {
  const relayed = (hex: string): unknown => {
    const request = readRequest(
      aPacket('discover', {
        relayAddress: 0x0a45_0041 as Ipv4,
        options: [[optionCodes.relayInformation, bytesOfHex(hex)]],
      }),
    );
    if (!request.ok) return request.error.because;
    return { ...request.value.relay, information: request.value.relayInformation };
  };

  it('its information is kept word for word', () => {
    expect(relayed('010401020304fe0101')).toMatchObject({
      address: 0x0a45_0041,
      information: bytesOfHex('010401020304fe0101'),
      linkSelection: undefined,
      repliesToSourcePort: false,
    });
  });

  it('RFC 3527: link selection', () => {
    expect(relayed('05040a450080')).toMatchObject({ linkSelection: 0x0a45_0080 });
    expect(relayed('05030a4500')).toMatchObject({ linkSelection: undefined });
  });

  it('RFC 5107: server identifier override', () => {
    expect(relayed('0b040a450041')).toMatchObject({ serverIdOverride: 0x0a45_0041 });
  });

  it('RFC 8357: the source port is wanted by an empty sub-option', () => {
    expect(relayed('1300')).toMatchObject({ repliesToSourcePort: true });
    expect(relayed('130101')).toMatchObject({ repliesToSourcePort: false });
  });

  it('what runs over the end is left out', () => {
    expect(relayed('05040a45008001ff')).toMatchObject({ linkSelection: 0x0a45_0080 });
  });

  it('without giaddr there is no relay to believe', () => {
    const options = [[optionCodes.relayInformation, bytesOfHex('05040a450080')] as const];
    const request = readRequest(aPacket('discover', { options }));
    expect(request.ok && request.value.relay).toBeUndefined();
  });
});

describe('captured messages', () => {
  it.each(captures.map(({ name, bytes }) => [name, bytes] as const))(
    '%s is read as what it is',
    (name, bytes) => {
      const packet = decodeDhcp(bytes);
      if (!packet.ok) throw new Error(packet.error.text);
      const kind = name.endsWith('-request') ? 'selecting' : 'discover';
      expect(wishOf(packet.value)).toMatchObject({ kind });
    },
  );

  it('firmware, iPXE and OS of one machine come with one hardware address', () => {
    const macs = ['uefi-pxe-r2-ovmf-discover', 'uefi-pxe-r2-os-request'].map((name) => {
      const packet = decodeDhcp(captured(name));
      const request = packet.ok ? readRequest(packet.value) : undefined;
      return request?.ok === true ? request.value.mac : undefined;
    });
    expect(macs).toEqual(['52:54:00:f5:36:cd', '52:54:00:f5:36:cd']);
  });

  it('a hostile vendor class is text like any other', () => {
    const options = [[optionCodes.vendorClass, textValue('__proto__\n"\u001b[31m')] as const];
    const request = readRequest(aPacket('discover', { options }));
    expect(request.ok && request.value.boot.vendorClass).toBe('__proto__\n"\u001b[31m');
  });
});
