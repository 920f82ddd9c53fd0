import { describe, expect, it } from 'vitest';
import { aSite, type Json } from './site-of-boots.ts';

const fromIpxe =
  'ipxe-offer ipxe-ack chain-script script kernel initrd os-dhcp ignition probe healthy';
const wholes: Readonly<Record<string, string>> = {
  'uefi-http': `firmware-offer firmware-ack loader-size loader ${fromIpxe}`,
  'uefi-pxe': `firmware-offer firmware-ack loader-size loader ${fromIpxe}`,
  'ipxe-rom': fromIpxe,
  'bios-pxe': `firmware-offer firmware-ack loader ${fromIpxe}`,
};

describe('every kind of firmware has a whole timeline', async () => {
  const { site, pass, get } = await aSite();
  for (const machine of site.machines) machine.powerOn();
  await pass(180);
  const { items } = await get('boots');

  it.each(Object.entries(wholes))('%s', async (firmware, steps) => {
    const [brief] = items.filter((item: Json) => item.firmware === firmware);
    const boot: Json = await get(`boots/${brief?.id}`);
    const names = boot.steps
      .filter(({ result }: Json) => result === 'done')
      .map(({ step }: Json) => step);
    expect([...new Set(names)].join(' ')).toBe(steps);
    expect(boot).toMatchObject({ state: 'healthy', awaited: null, cause: '', current: true });
    expect(boot.servers).toEqual(['server-1', 'server-2']);
    expect(boot.serial).toMatch(/^s-00\d$/);
  });
});
