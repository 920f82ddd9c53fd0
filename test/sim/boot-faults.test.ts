import { describe, expect, it } from 'vitest';
import { aSite, type Json } from './site-of-boots.ts';

type Site = Awaited<ReturnType<typeof aSite>>;

/** The machines by firmware, as the site numbers them. */
const serials = {
  'uefi-http': 's-001',
  'uefi-pxe': 's-002',
  'ipxe-rom': 's-003',
  'bios-pxe': 's-004',
};

async function diagnosisOf(site: Site, serial: string, seconds: number): Promise<Json> {
  site.fleet.site.find(serial)?.powerOn();
  await site.pass(seconds);
  const mac = site.fleet.site.find(serial)?.mac;
  const { state, awaited, cause, checks, inARow, steps } = await site.get(`boots/${mac}`);
  return { state, step: awaited?.step, cause, checks, inARow, steps };
}

describe('what is broken is named', () => {
  it.each(['uefi-pxe', 'bios-pxe'] as const)(
    '%s: UDP 69 dropped on the way to us',
    async (kind) => {
      const site = await aSite();
      site.sim.network.setFilter((_, to) => to.port === 69);
      const said = await diagnosisOf(site, serials[kind], 24);
      expect(said).toMatchObject({ state: 'stuck', step: 'loader' });
      expect(said.cause).toContain('UDP 69 (TFTP) from it to server-');
    },
  );

  it('UDP dropped on the way back: blocks are never acknowledged', async () => {
    const site = await aSite();
    site.sim.network.setFilter((from, to) => from.address.startsWith('10.68.') && to.port > 1024);
    const said = await diagnosisOf(site, serials['uefi-pxe'], 30);
    expect(said).toMatchObject({ state: 'stuck', step: 'loader' });
    expect(said.cause).toContain('never acknowledges what we send');
  });

  it('TCP dropped: iPXE never asks for its script', async () => {
    const site = await aSite();
    site.sim.web.setFilter((from) => from.startsWith('10.69.'));
    const said = await diagnosisOf(site, serials['ipxe-rom'], 60);
    expect(said).toMatchObject({ state: 'stuck', step: 'chain-script' });
    expect(said.cause).toContain('iPXE has its address and never asks for its script: TCP 10080');
  });

  it('TCP dropped: HTTP boot never asks for its loader', async () => {
    const site = await aSite();
    site.sim.web.setFilter((from) => from.startsWith('10.69.'));
    const said = await diagnosisOf(site, serials['uefi-http'], 25);
    expect(said).toMatchObject({ state: 'stuck', step: 'loader' });
    expect(said.cause).toContain('TCP 10080 from it to 10.68.0.11:10080 is dropped');
  });

  it('a broken Ignition template', async () => {
    const site = await aSite();
    const broken = {
      version: '2.3',
      template: {
        ignition: { version: '2.3.0' },
        storage: {
          files: [
            {
              filesystem: 'root',
              path: '/a',
              mode: 420,
              // Good for the machine that an upload is tried with.
              contents: {
                source: '{{ if eq .Spec.Serial "s-003" }}{{ index .Spec.IPv4 99 }}{{ end }}',
              },
            },
          ],
        },
      },
    };
    await site.send('PUT', '/api/v1/ignitions/cs/2.0.0', broken);
    const said = await diagnosisOf(site, serials['ipxe-rom'], 60);
    expect(said).toMatchObject({ state: 'stuck', step: 'ignition' });
    expect(said.cause).toContain('its Ignition template is broken');
  });

  it('a boot image that was removed', async () => {
    const site = await aSite();
    await site.send('DELETE', '/api/v1/images/coreos/sim-1');
    const said = await diagnosisOf(site, serials['ipxe-rom'], 60);
    expect(said).toMatchObject({ state: 'stuck', step: 'kernel' });
    expect(said.cause).toContain('the boot image is not here');
  });

  it('a relay that is unplugged, while another one is heard', async () => {
    const site = await aSite({ racks: 2, machines: 4 });
    const [first, second] = site.fleet.site.machines;
    first?.powerOn();
    await site.pass(5);
    site.fleet.site.racks[0]?.setSwitch(false);
    await site.pass(10);
    second?.powerOn();
    await site.pass(15);
    const said = await site.get(`boots/${first?.mac}`);
    expect(said).toMatchObject({ state: 'stuck', awaited: { step: 'firmware-ack' } });
    expect(said.cause).toContain('relay 10.69.0.1 was last heard');
    expect(said.cause).toContain('though other networks are heard');
  });

  it('a range of addresses that is used up', async () => {
    const site = await aSite();
    const rows = Array.from({ length: 31 }, (_, index) => [
      `52:54:99:00:00:${index.toString(16).padStart(2, '0')}`,
      { index, lease: '2036-04-01T00:00:00Z' },
    ]);
    const value = new TextEncoder().encode(JSON.stringify(Object.fromEntries(rows)));
    await site.sim.store.commit([], [{ kind: 'put', key: 'lease-usages/10.69.0.32', value }]);
    const said = await diagnosisOf(site, serials['uefi-pxe'], 8);
    expect(said).toMatchObject({ state: 'stuck', step: 'firmware-offer' });
    expect(said.cause).toContain('the range of addresses of its network is used up');
  });

  it('firmware that refuses the loader it has', async () => {
    const site = await aSite();
    site.fleet.site.find(serials['uefi-pxe'])?.setFault({ kind: 'refuses-loader' });
    const said = await diagnosisOf(site, serials['uefi-pxe'], 80);
    expect(said).toMatchObject({ state: 'stuck', step: 'ipxe-offer' });
    expect(said.cause).toContain('Secure Boot');
  });

  it('three boots that end at the same step are a loop', async () => {
    const site = await aSite();
    site.sim.network.setFilter((_, to) => to.port === 69);
    const machine = site.fleet.site.find(serials['uefi-pxe']);
    for (let boot = 0; boot < 2; boot += 1) {
      machine?.powerOn();
      await site.pass(200);
      machine?.powerOff();
    }
    const said = await diagnosisOf(site, serials['uefi-pxe'], 24);
    expect(said.cause).toContain('boot loop: 3 boots in a row came as far as firmware-ack');
  });
});
