import { describe, expect, it } from 'vitest';
import { parseCidr } from '../../../src/base/addresses.ts';
import { noteOf } from '../../../src/pxe/boots/note.ts';
import type { Sighting } from '../../../src/pxe/sightings.ts';
import { createWho } from '../../../src/pxe/who.ts';
import { anHttpSighting } from '../../support/sightings.ts';
import { aBed, ip, mac, message } from '../dhcp/bed.ts';

const lab = parseCidr('10.69.0.0/20');
if (!lab.ok) throw new Error(lab.error);
const network = { name: 'lab', cidr: lab.value, mode: 'proxy', discovery: 'off' } as const;
const bed = () =>
  aBed({
    server: '10.69.0.3',
    ipam: undefined,
    networkOf: () => ({ ...network, isImplicit: false }),
  });

const firmware = {
  options: [
    [60, new TextEncoder().encode('PXEClient:Arch:00007:UNDI:003000')],
    [93, Uint8Array.of(0, 7)],
  ],
} as const;
/** Of the server beside ours. */
const another = '10.69.0.1';
const itsAddress = '10.69.0.40';
const its = { wants: itsAddress, server: another };
const at4011 = { port: 4011, from: { address: itsAddress, port: 68 } };

const stepsOf = (events: readonly Sighting[]) =>
  events
    .flatMap((event) => noteOf(event) ?? [])
    .map(({ step }) => [step.name, step.result, step.text]);

describe('beside another DHCP server', () => {
  it('the address that a machine takes there is a step of its boot', async () => {
    const one = bed();
    await one.ask(message('discover', firmware));
    await one.ask(message('request', { ...firmware, ...its }));
    await one.ask(message('request', { ...firmware, ciaddr: itsAddress }), at4011);
    expect(stepsOf(one.events)).toEqual([
      ['firmware-offer', 'done', ''],
      ['firmware-ack', 'done', 'another server gives addresses here'],
      ['firmware-ack', 'done', ''],
    ]);
  });

  it.each([
    ['says so to that server', message('request', { ...firmware, ...its }), {}],
    ['asks port 4011', message('request', { ...firmware, ciaddr: itsAddress }), at4011],
    ['is an operating system and says so', message('request', its), {}],
  ])('what it loads from there is its own when it %s', async (_, payload, arrival) => {
    const one = bed();
    await one.ask(payload, arrival);
    const who = createWho({ lentTo: () => undefined, ownerOf: () => undefined });
    const atOnce = createWho({ lentTo: () => undefined, ownerOf: () => undefined });
    for (const event of one.events) {
      who.learn(noteOf(event) ?? {});
      atOnce.note(event);
    }
    who.learn({ from: ip(itsAddress), serial: 'S1' });
    expect(who.macOf({ from: ip(itsAddress) })).toBe(mac(1));
    expect(who.serialOf(mac(1))).toBe('S1');
    expect(atOnce.macAt(itsAddress)).toBe(mac(1));
  });

  it('an address that it only asks for is not its own', async () => {
    const one = bed();
    await one.ask(message('discover', { ...firmware, wants: itsAddress }));
    const who = createWho({ lentTo: () => undefined, ownerOf: () => undefined });
    for (const event of one.events) who.learn(noteOf(event) ?? {});
    expect(who.macOf({ from: ip(itsAddress) })).toBeUndefined();
  });
});

it('an answer that is no download is told once, whatever is told of its body', () => {
  for (const status of [302, 404]) {
    const about = { kind: 'script', status, bodyBytes: 170 } as const;
    const told = [
      anHttpSighting(about),
      anHttpSighting({ ...about, phase: 'ended', sentBytes: 170 }),
    ];
    expect(stepsOf(told)).toHaveLength(1);
  }
});
