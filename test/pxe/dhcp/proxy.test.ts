import { describe, expect, it } from 'vitest';
import { parseCidr } from '../../../src/base/addresses.ts';
import type { NetworkMode } from '../../../src/pxe/network-spec.ts';
import type { Network } from '../../../src/pxe/networks.ts';
import { bootFileFor, captures } from '../../support/wire.ts';
import { aBed, hex, message } from './bed.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

function aNetwork(mode: NetworkMode, cidr = '10.69.0.0/20'): Network {
  const parsed = parseCidr(cidr);
  if (!parsed.ok) throw new Error(parsed.error);
  return { name: 'lab', cidr: parsed.value, mode, discovery: 'off', isImplicit: false };
}

const server = '10.69.0.3';
const advertiseUrl = 'http://10.69.0.3:8080';
/** No configuration at all: a proxy needs none. */
const bed = (mode: NetworkMode = 'proxy', rules = {}) =>
  aBed({
    server,
    ipam: undefined,
    networkOf: () => aNetwork(mode),
    rules: { advertiseUrl, ...rules },
  });

const pxe = [60, utf8('PXEClient:Arch:00007:UNDI:003000')] as const;
const arch = (number: number) => [93, Uint8Array.of(0, number)] as const;
const firmware = { options: [pxe, arch(7)] };
const at4011 = {
  port: 4011,
  from: { address: '10.69.0.40', port: 68 },
};

describe('beside another DHCP server', () => {
  const discovers = captures.filter(({ name }) => name.endsWith('-discover'));
  const whoLoads = discovers.filter(({ next }) => bootFileFor(next, advertiseUrl) !== undefined);

  it.each(discovers.filter((one) => !whoLoads.includes(one)))(
    '$name, for which there is nothing to load, hears nothing',
    async ({ bytes }) => {
      expect(await bed().ask(bytes)).toBeUndefined();
    },
  );

  it.each(whoLoads)(
    '$name hears a boot file and no address, and nothing is stored',
    async ({ next, bytes }) => {
      const one = bed();
      const reply = await one.ask(bytes);
      expect(reply).toMatchObject({ type: 'offer', yourAddress: '0.0.0.0', nextServer: server });
      const isHttp = next.kind === 'loader' && next.by === 'http';
      expect(hex(reply?.options.get(60))).toBe(hex(utf8(isHttp ? 'HTTPClient' : 'PXEClient')));
      expect(hex(reply?.options.get(43))).toBe(isHttp ? undefined : '060108ff');
      expect(hex(reply?.options.get(54))).toBe('0a450003');
      for (const code of [51, 1, 3, 58, 59, 175]) expect(reply?.options.has(code)).toBe(false);
      expect(reply?.file).toBe(bootFileFor(next, advertiseUrl));
      const listing = await one.store.list('lease-usages/');
      expect(listing.ok && listing.value.entries).toEqual([]);
    },
  );

  it.each(['discover', 'request', 'inform'] as const)(
    'an operating system hears nothing on its %s',
    async (type) => {
      const parts = { ciaddr: '10.69.0.40' };
      expect(await bed().ask(message(type, type === 'discover' ? {} : parts))).toBeUndefined();
    },
  );

  it('what a client says to the server that lends is none of our business', async () => {
    const one = bed();
    const wish = { ...firmware, wants: '10.69.0.40', server: '10.69.0.1' };
    expect(await one.ask(message('request', wish))).toBeUndefined();
    expect(one.responder.counters().proxied).toBe(0);
  });

  it('a relay carries the answer, with its information', async () => {
    const reply = await bed().ask(
      message('discover', {
        options: [pxe, arch(0), [82, Uint8Array.of(1, 2, 7, 7)]],
        giaddr: '10.69.2.1',
      }),
    );
    expect(reply).toMatchObject({ to: '10.69.2.1:67', yourAddress: '0.0.0.0' });
    expect(hex(reply?.options.get(82))).toBe('01020707');
  });

  it('a relay outside the network is no way to send others our answers', async () => {
    const one = bed();
    const reply = await one.ask(message('discover', { ...firmware, giaddr: '192.0.2.1' }));
    expect([reply, one.responder.counters().refused]).toEqual([undefined, 1]);
  });

  it('INFORM of a client that boots is answered to its address', async () => {
    const reply = await bed().ask(message('inform', { ...firmware, ciaddr: '10.69.0.40' }));
    expect(reply).toMatchObject({ type: 'ack', yourAddress: '0.0.0.0', to: '10.69.0.40:68' });
  });

  it('a firmware without a loader hears nothing, never a wrong one', async () => {
    expect(await bed().ask(message('discover', { options: [pxe, arch(6)] }))).toBeUndefined();
  });
});

describe('port 4011', () => {
  it.each([
    ['request', { ciaddr: '10.69.0.40' }],
    ['request', { ciaddr: '10.69.0.40', server }],
    ['inform', { ciaddr: '10.69.0.40' }],
    ['request', { wants: '10.69.0.40' }],
  ] as const)('answers %s %j where it came from, with the boot file', async (type, parts) => {
    const reply = await bed().ask(message(type, { ...firmware, ...parts }), at4011);
    expect(reply).toMatchObject({
      type: 'ack',
      yourAddress: '0.0.0.0',
      nextServer: server,
      file: 'snponly.efi',
      to: '10.69.0.40:68',
    });
    expect(reply?.options.has(51)).toBe(false);
  });

  it('says back which boot server was chosen', async () => {
    const options = [pxe, arch(0), [43, Uint8Array.of(71, 4, 0, 1, 0, 0, 255)] as const];
    const reply = await bed().ask(message('request', { options, ciaddr: '10.69.0.40' }), at4011);
    expect(hex(reply?.options.get(43))).toBe('060108470400010000ff');
  });

  it('is silent to who does not boot, to DISCOVER, and from elsewhere', async () => {
    const one = bed();
    const asks = message('request', { ...firmware, ciaddr: '10.69.0.40' });
    expect(await one.ask(message('request', { ciaddr: '10.69.0.40' }), at4011)).toBeUndefined();
    expect(await one.ask(message('discover', firmware), at4011)).toBeUndefined();
    const elsewhere = { ...at4011, from: { address: '192.0.2.1', port: 68 } };
    expect(await one.ask(asks, elsewhere)).toBeUndefined();
  });

  it.each(['server', 'off'] as const)('is silent on a network of mode %s', async (mode) => {
    const asks = message('request', { ...firmware, ciaddr: '10.69.0.40' });
    expect(await bed(mode).ask(asks, at4011)).toBeUndefined();
  });
});

describe('a network that is off', () => {
  it.each([
    ['discover', {}],
    ['request', { ciaddr: '10.69.0.40' }],
    ['request', { wants: '10.69.0.40' }],
    ['inform', { ciaddr: '10.69.0.40' }],
  ] as const)('is not answered on %s %j, though the node pool contains it', async (type, parts) => {
    const one = aBed({ server, networkOf: () => aNetwork('off') });
    expect(await one.ask(message(type, { ...firmware, ...parts }))).toBeUndefined();
    expect(one.responder.counters()).toMatchObject({ networkOff: 1, notEnabled: 0 });
  });
});
