import { describe, expect, it } from 'vitest';
import { macFromBytes } from '../../src/base/addresses.ts';
import type { Cable } from '../../src/sim/cable.ts';
import { obtainLease } from '../../src/sim/dhcp-client.ts';
import { optionsOf } from '../../src/sim/dhcp-wire.ts';
import { type DhcpPersona, firmwares, osPersona } from '../../src/sim/firmware.ts';
import { nextTurn } from '../../src/sim/io/turn.ts';
import { createLife } from '../../src/sim/life.ts';
import { createSimWorld } from '../../src/sim/world.ts';

const mac = macFromBytes(Uint8Array.of(0x52, 0x54, 0, 0x91, 0x20, 0x1f));
const uuid = new Uint8Array(16).fill(7);

/** The frames a persona sends, with their times, when the server answers with `reply` or not at all. */
async function framesOf(
  persona: DhcpPersona,
  reply?: (frame: Uint8Array) => Uint8Array | undefined,
): Promise<{ atMs: number; frame: Uint8Array }[]> {
  const sim = createSimWorld({ seed: 'firmware', startMs: 0, turn: nextTurn });
  const frames: { atMs: number; frame: Uint8Array }[] = [];
  let hear: ((frame: Uint8Array) => void) | undefined;
  const cable: Cable = {
    isUp: () => true,
    listen: (onFrame) => {
      hear = onFrame;
      return () => {};
    },
    broadcast: (frame) => {
      frames.push({ atMs: sim.clock.elapsedMs(), frame });
      const answer = reply?.(frame);
      if (answer !== undefined) sim.clock.after(1, () => hear?.(answer));
    },
  };
  const life = createLife(sim.clock);
  const { clock, chance } = sim;
  void obtainLease(
    { life, clock, chance, cable, identity: { mac, uuid }, hurry: 1 },
    persona,
    () => true,
  );
  await sim.clock.runUntil(120_000);
  return frames;
}

/** A server that offers and acknowledges 10.0.0.9. */
function answering(type: (asked: number) => number) {
  return (frame: Uint8Array): Uint8Array => {
    const reply = new Uint8Array(300);
    reply.set(frame.subarray(0, 236));
    reply[0] = 2;
    reply.set([10, 0, 0, 9], 16);
    const asked = [...optionsOf(frame)].find(({ code }) => code === 53)?.value[0] ?? 0;
    reply.set([0x63, 0x82, 0x53, 0x63, 53, 1, type(asked), 54, 4, 10, 0, 0, 1, 255], 236);
    return reply;
  };
}
const obliging = answering((asked) => (asked === 1 ? 2 : 5));

describe('firmware sends what was measured', () => {
  const cases: readonly (readonly [string, DhcpPersona | undefined, number, number])[] = [
    ['OVMF HTTP boot', firmwares['uefi-http'].first?.persona, 340, 352],
    ['OVMF PXE', firmwares['uefi-pxe'].first?.persona, 347, 359],
    ['plain PXE ROM', firmwares['bios-pxe-plain'].first?.persona, 344, 356],
    ['iPXE ROM', firmwares['bios-ipxe-rom'].ipxe, 400, 412],
    ['iPXE as snponly.efi', firmwares['uefi-pxe'].ipxe, 388, 400],
    ['busybox udhcpc', osPersona, 300, 303],
  ];

  for (const [name, persona, discoverBytes, requestBytes] of cases) {
    it(`${name}: DISCOVER of ${discoverBytes} bytes, REQUEST of ${requestBytes}`, async () => {
      if (persona === undefined) throw new Error('no persona');
      const frames = await framesOf(persona, obliging);
      const sizes = frames.map(({ frame }) => frame.length);
      expect(sizes[0]).toBe(discoverBytes);
      // The OS's own vendor class and parameter list are free; firmware's are not.
      if (persona !== osPersona) expect(sizes[1]).toBe(requestBytes);
    });
  }

  it('OVMF repeats DISCOVER after 4, 8 and 16 s with one xid, and then gives up', async () => {
    const frames = await framesOf(firmwares['uefi-http'].first?.persona ?? osPersona);
    expect(frames.map(({ atMs }) => atMs)).toEqual([0, 4_000, 12_000, 28_000]);
    expect(new Set(frames.map(({ frame }) => frame.slice(4, 8).join())).size).toBe(1);
  });

  it('OVMF collects offers for 3.8 s, however fast the first one came', async () => {
    const frames = await framesOf(firmwares['uefi-pxe'].first?.persona ?? osPersona, obliging);
    expect(frames[1]?.atMs).toBeCloseTo(3_821, 0);
  });

  it('OVMF does not ask again after a NAK', async () => {
    const refusing = answering((asked) => (asked === 1 ? 2 : 6));
    const frames = await framesOf(firmwares['uefi-http'].first?.persona ?? osPersona, refusing);
    expect(frames.length).toBe(2);
  });
});
