import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeDhcp } from '../../../src/pxe/dhcp/packet.ts';
import { seededChance } from '../../support/clock.ts';
import { bootFileFor, bytesOfHex, type Capture, captures } from '../../support/wire.ts';
import { aBed, bind, hex, message } from './bed.ts';

const server = '10.69.0.3';
const advertiseUrl = 'http://10.69.0.3:8080';

/** The relayed machines came through this server's own second leg; the answer goes to giaddr all the same. */
const bed = () => aBed({ server, rules: { advertiseUrl } });

function isRelayed({ bytes }: Capture): boolean {
  return hex(bytes.subarray(24, 28)) !== '00000000';
}

/** The captured REQUEST, as its sender would have sent it for another offer: option 50 is the only change. */
function asking(bytes: Uint8Array, address: string): Uint8Array {
  const changed = bytes.slice();
  for (let at = 240; at < changed.length && changed[at] !== 255; at += 2 + (changed[at + 1] ?? 0)) {
    if (changed[at] === 50) changed.set(address.split('.').map(Number), at + 2);
  }
  return changed;
}

const messages = captures.map((capture) => [capture.name, capture] as const);

describe('captured firmware', () => {
  it.each(messages.filter(([name]) => name.endsWith('-discover')))(
    '%s is offered an address of its network',
    async (_, capture) => {
      const reply = await bed().ask(capture.bytes);
      expect(reply).toMatchObject({
        type: 'offer',
        yourAddress: expect.stringMatching(
          isRelayed(capture) ? /^10\.69\.0\.(9[6-9]|1[012]\d)$/ : /^10\.69\.0\.(3[2-9]|[456]\d)$/,
        ),
        to: isRelayed(capture) ? '10.69.0.65:67' : '255.255.255.255:68',
        nextServer: server,
      });
      const sent = decodeDhcp(capture.bytes);
      if (!sent.ok) throw new Error(sent.error.text);
      const { options } = sent.value;
      for (const code of [61, 97])
        expect(hex(reply?.options.get(code))).toBe(hex(options.get(code)));
      expect(reply?.bytes.subarray(4, 8)).toEqual(capture.bytes.subarray(4, 8));
      const { next } = capture;
      const isHttp = next.kind === 'loader' && next.by === 'http';
      expect(reply?.file).toBe(bootFileFor(next, advertiseUrl) ?? '');
      expect(hex(reply?.options.get(60))).toBe(
        isHttp ? hex(new TextEncoder().encode('HTTPClient')) : undefined,
      );
      expect(hex(reply?.options.get(175))).toBe(next.kind === 'script' ? 'b00101' : undefined);
    },
  );

  it.each(messages.filter(([name]) => name.endsWith('-request')))(
    '%s is acknowledged what it was offered, and not what is no lease of ours',
    async (_, capture) => {
      const one = bed();
      const address = isRelayed(capture) ? '10.69.0.97' : '10.69.0.33';
      expect(await one.ask(asking(capture.bytes, address))).toMatchObject({
        type: 'ack',
        yourAddress: address,
      });
      expect((await one.ask(asking(capture.bytes, '10.69.0.4')))?.type).toBe('nak');
    },
  );

  it('keeps one address from firmware to OS, whatever identifiers its programs send', async () => {
    const one = bed();
    const stages = ['uefi-pxe-r2-ovmf', 'uefi-pxe-r2-ipxe', 'uefi-pxe-r2-os'];
    const addresses = new Set<string | undefined>();
    for (const stage of stages) {
      const found = (type: string) =>
        captures.find(({ name }) => name === `${stage}-${type}`)?.bytes ?? new Uint8Array();
      const offer = await one.ask(found('discover'));
      const ack = await one.ask(asking(found('request'), offer?.yourAddress ?? ''));
      addresses.add(ack?.yourAddress);
      one.clock.advance(20_000);
    }
    expect(addresses.size).toBe(1);
    expect([...addresses][0]).toMatch(/^10\.69\.0\.(9[6-9]|1[012]\d)$/);
  });
});

describe('answers that firmware took from dnsmasq', () => {
  const folder = new URL('../../wire/answers/', import.meta.url);
  const answer = (name: string) => {
    const lines = readFileSync(new URL(name, folder), 'utf8').split('\n');
    const packet = decodeDhcp(bytesOfHex(lines.filter((line) => !line.startsWith('#')).join('')));
    if (!packet.ok) throw new Error(packet.error.text);
    return packet.value;
  };

  it('are all read as replies', () => {
    for (const name of readdirSync(folder)) expect(answer(name).op).toBe('reply');
  });

  it.each([
    ['dnsmasq-uefi-http-offer.hex', 'uefi-http-r1-ovmf-discover'],
    ['dnsmasq-uefi-pxe-relayed-offer.hex', 'uefi-pxe-r2-ovmf-discover'],
  ])('%s has no option that ours lacks', async (theirs, request) => {
    const asked = captures.find(({ name }) => name === request)?.bytes ?? new Uint8Array();
    const ours = await bed().ask(asked);
    const missing = [...answer(theirs).options.keys()].filter((code) => !ours?.options.has(code));
    expect(missing).toEqual([]);
  });
});

describe('hostile octets', () => {
  it('20,000 damaged messages end in an answer or in silence, and machines are served between', async () => {
    const chance = seededChance(2132);
    const one = bed();
    const pick = (limit: number) => Math.floor(chance.next() * limit);
    const damaged = (round: number): Uint8Array => {
      const bytes = (captures[round % captures.length]?.bytes ?? new Uint8Array()).slice();
      for (let changes = 1 + pick(6); changes > 0; changes -= 1) {
        bytes[chance.next() < 0.5 ? pick(bytes.length) : 240 + pick(bytes.length - 240)] =
          pick(256);
      }
      return chance.next() < 0.2 ? bytes.subarray(0, pick(bytes.length + 1)) : bytes;
    };
    let answered = 0;
    for (let round = 0; round < 20_000; round += 100) {
      const burst = Array.from({ length: 100 }, (_, at) => one.send(damaged(round + at)));
      for (const outgoing of await Promise.all(burst)) {
        if (outgoing === undefined) continue;
        answered += 1;
        expect(outgoing.to.address).toMatch(/^(255\.255\.255\.255|10\.69\.\d+\.\d+)$/);
        expect(outgoing.payload.length).toBeLessThanOrEqual(1472);
      }
    }
    expect(answered).toBeGreaterThan(1_000);
    one.clock.advance(7_200_000);
    expect(await bind(one, { mac: 'aa:00:00:00:00:01' })).toMatch(/^10\.69\.0\./);
    expect(await one.ask(message('discover', { mac: 2 }))).toBeDefined();
  });
});
