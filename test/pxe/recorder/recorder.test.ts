import { describe, expect, it } from 'vitest';
import { type MacAddress, macFromBytes } from '../../../src/base/addresses.ts';
import { instant } from '../../../src/base/time.ts';
import { payloadBytesMax, textMax } from '../../../src/pxe/recorder/recorded.ts';
import { createRecorder, type RecorderLimits } from '../../../src/pxe/recorder/recorder.ts';
import { createWho } from '../../../src/pxe/who.ts';
import { aDhcpSighting, anHttpSighting, aTftpSighting } from '../../support/sightings.ts';

const generous: RecorderLimits = {
  bytesPerMachineMax: 10_240,
  machinesMax: 10,
  bytesPerStrangerMax: 10_240,
  strangersMax: 10,
  bytesMax: 100_000,
};

const mac = (number: number): MacAddress =>
  macFromBytes(Uint8Array.of(0x52, 0x54, 0, 0, number >> 8, number & 0xff));

function aRecorder(limits: Partial<RecorderLimits> = {}) {
  const who = createWho({ lentTo: () => undefined, ownerOf: () => undefined });
  const recorder = createRecorder(who, { ...generous, ...limits });
  const note: typeof recorder.note = (sighting) => {
    who.note(sighting);
    recorder.note(sighting);
  };
  return { ...recorder, note };
}

describe('the flight recorder', () => {
  it('keeps what was seen of a machine by its hardware address, whichever protocol', () => {
    const { note, of } = aRecorder();
    const all = [
      aDhcpSighting({ mac: mac(1), answer: 'ack', address: '10.69.0.40' }),
      aTftpSighting({ client: '10.69.0.40' }),
      anHttpSighting({ remoteAddress: '::ffff:10.69.0.40', serial: 's-1', kind: 'script' }),
      anHttpSighting({ remoteAddress: '10.69.0.40', phase: 'ended' }),
    ];
    for (const one of all) note(one);
    note(anHttpSighting({ remoteAddress: '10.69.0.41' }));
    note(anHttpSighting({ remoteAddress: '10.69.0.40', phase: 'moving' }));
    const { by, at, answer, reason, address, received, sent } = aDhcpSighting({
      ...{ mac: mac(1), answer: 'ack', address: '10.69.0.40' },
    });
    expect(of(mac(1))).toMatchObject([
      { mac: mac(1), by, at, answer, reason, address, received, sent },
      ...all.slice(1),
    ]);
    expect(of(mac(2))).toEqual([]);
  });

  it('forgets the oldest of a machine beyond its octets, and counts that', () => {
    const { note, of, status } = aRecorder({ bytesPerMachineMax: 3_072 });
    for (let at = 0; at < 20; at += 1) {
      note(aDhcpSighting({ mac: mac(1), at: instant(at), answer: 'ack' }));
    }
    const kept = of(mac(1));
    expect(kept.at(-1)?.at).toBe(19);
    expect(kept.length).toBeLessThan(8);
    expect(status().bytes).toBeLessThanOrEqual(3_072);
    expect(status().forgotten).toBe(20 - kept.length);
  });

  it('a flood of strangers pushes out no machine that boots', () => {
    const { note, of, status } = aRecorder({ strangersMax: 5 });
    note(aDhcpSighting({ mac: mac(1), answer: 'ack', address: '10.69.0.40' }));
    for (let at = 10; at < 1_000; at += 1) note(aDhcpSighting({ mac: mac(at), answer: 'offer' }));
    expect(of(mac(1)).length).toBe(1);
    expect(status()).toMatchObject({ machines: 1, strangers: 5 });
  });

  it('keeps less of who only asks', () => {
    const { note, of, status } = aRecorder({ bytesPerStrangerMax: 2_048 });
    for (let at = 0; at < 20; at += 1) note(aDhcpSighting({ mac: mac(1), at: instant(at) }));
    expect([of(mac(1)).length, status().bytes]).toEqual([2, 2_048]);
    note(aDhcpSighting({ mac: mac(1), answer: 'ack' }));
    for (let at = 0; at < 20; at += 1) note(aDhcpSighting({ mac: mac(1), at: instant(at) }));
    expect(of(mac(1)).length).toBeGreaterThan(10);
  });

  it('keeps of a datagram no more than a frame carries, and says what is missing', () => {
    const { note, of } = aRecorder();
    const { received } = aDhcpSighting();
    note(aDhcpSighting({ mac: mac(1), received: { ...received, payload: new Uint8Array(9_000) } }));
    const [kept] = of(mac(1));
    expect(kept).toMatchObject({ received: { missing: 9_000 - payloadBytesMax } });
    expect(kept?.by === 'dhcp' && kept.received.payload.length).toBe(payloadBytesMax);
  });

  it('keeps what a client wrote, cut, and what does not fit is counted', () => {
    const { note, of, status } = aRecorder({ bytesPerMachineMax: 4_096 });
    note(aDhcpSighting({ mac: mac(1), answer: 'ack', reason: 'größer als ein Blatt' }));
    const long = { remoteAddress: '10.69.0.40', path: `/é${'x'.repeat(5_000)}` };
    note(anHttpSighting(long));
    note(anHttpSighting({ ...long, path: '\u0001'.repeat(5_000) }));
    expect(of(mac(1))).toMatchObject([
      { reason: 'größer als ein Blatt' },
      { path: `/é${'x'.repeat(textMax - 2)}…` },
    ]);
    expect(status().forgotten).toBe(1);
  });

  it('keeps within its number of machines and of octets', () => {
    const { note, of, status } = aRecorder({ machinesMax: 3, bytesMax: 2_500 });
    for (let at = 1; at <= 9; at += 1) note(aDhcpSighting({ mac: mac(at), answer: 'ack' }));
    expect(status().machines).toBeLessThanOrEqual(3);
    expect(status().bytes).toBeLessThanOrEqual(2_500);
    expect([of(mac(1)).length, of(mac(9)).length]).toEqual([0, 1]);
  });
});
