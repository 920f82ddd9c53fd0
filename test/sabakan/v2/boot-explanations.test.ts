import { describe, expect, it } from 'vitest';
import { instant } from '../../../src/base/time.ts';
import type { BootStep } from '../../../src/pxe/boot.ts';
import { encodeRecord, recordKey } from '../../../src/pxe/boots/record.ts';
import { settled } from '../../support/clock.ts';
import { twoStrangers } from '../../support/discoveries.ts';
import { aFace, aSpec, type TestFace } from '../../support/face.ts';
import { anImage } from '../../support/noun-samples.ts';

type Step = {
  readonly step: string;
  readonly value: string | null;
  readonly says: string;
  readonly because: string | null;
  readonly problem: { readonly text: string; readonly todo: string } | null;
};

async function explained(face: TestFace, of: string, query = '') {
  const { body } = await face.must(`GET /api/v2/boot-explanations/${of}${query}`);
  const { steps, ...rest } = JSON.parse(body) as { steps: Step[]; boots: boolean; serial: string };
  const of_ = (name: string) => steps.filter(({ step }) => step === name);
  return { ...rest, steps, of_, wrong: steps.filter(({ problem }) => problem !== null) };
}

async function aFleet() {
  const face = await aFace();
  await face.must('PUT /api/v1/config/dhcp', { body: { 'lease-minutes': 60 } });
  await face.must('POST /api/v1/machines', {
    body: [{ serial: 's-1', rack: 1, role: 'cs', bmc: { type: 'none' } }],
  });
  return face;
}

/** Of the range that begins there: who has which index, for years. */
async function lend(face: TestFace, first: string, rows: Readonly<Record<string, number>>) {
  const table = Object.fromEntries(
    Object.entries(rows).map(([mac, index]) => [mac, { index, lease: '2031-04-01T00:00:00Z' }]),
  );
  const value = new TextEncoder().encode(JSON.stringify(table));
  await face.store.commit([], [{ kind: 'put', key: `lease-usages/${first}`, value }]);
}

const put = (face: TestFace, path: string, body: unknown) =>
  face.must(`PUT ${path}`, { body: body as Record<string, unknown> });

describe('the explanation of a boot', () => {
  it('names what is missing of a fresh fleet, each with what to do', async () => {
    const face = await aFleet();
    const { boots, wrong, steps } = await explained(face, 's-1');
    expect(boots).toBe(false);
    const ofBoot = wrong.filter(({ step }) => step !== 'loader');
    expect(ofBoot.map(({ step, says }) => `${step}: ${says}`)).toEqual([
      'network: 10.69.0.196 is in node-pool (10.69.0.0/20, rack 1), mode server, but this server answers no DHCP',
      'image: there is no image',
      'template: There is no Ignition template for role cs.',
    ]);
    expect(ofBoot.every(({ problem }) => (problem?.todo ?? '') !== '')).toBe(true);
    expect(steps.find(({ step }) => step === 'lease')?.says).toMatch(
      /nothing is known; it gets one of 31 free addresses \(10\.69\.0\.224 to 10\.69\.0\.254\)/,
    );
  });

  it('names rule and channel of each part', async () => {
    const face = await aFleet();
    for (const id of ['1', '2']) {
      await face.must(`PUT /api/v1/images/coreos/${id}`, { body: anImage(id) });
    }
    for (const version of ['1.0', '2.0']) {
      await put(face, `/api/v1/ignitions/cs/${version}`, { version: '2.3', template: {} });
    }
    await put(face, '/api/v2/channels/stable', { image: '1' });
    await put(face, '/api/v2/boot-rules/cs', {
      match: { role: 'cs' },
      channel: 'stable',
      templates: { cs: '1.0' },
    });
    const { of_ } = await explained(face, 's-1');
    const told = ['image', 'kernel-params', 'template', 'ignition'].flatMap(of_);
    expect(told.map(({ value, because }) => `${value} by ${because}`)).toEqual([
      '1 by the channel stable (rule cs), which means role cs',
      ' by the stored kernel parameters; no boot rule says anything else',
      'cs/1.0 by the rule cs, which means role cs',
      'null by null',
    ]);
    expect(of_('image')[0]?.says).toBe('1, on this server');
    expect(of_('ignition')[0]?.says).toMatch(/^renders: \d+ octets$/);
  });

  it('says the line of a template that does not render', async () => {
    const face = await aFleet();
    await put(face, '/api/v1/ignitions/cs/1', {
      version: '2.3',
      template: {
        systemd: {
          units: [
            {
              name: 'a.service',
              contents: 'fine\n{{ if eq .Spec.Serial "s-1" }}{{ index .Spec.IPv4 9 }}{{ end }}',
            },
          ],
        },
      },
    });
    const { of_ } = await explained(face, 's-1');
    expect(of_('ignition')[0]?.says).toMatch(/does not render for s-1: .*:2:/);
  });

  it('knows a hardware address by its lease, and that nobody knows whose it is', async () => {
    const face = await aFleet();
    const mac = '52:54:00:00:00:01';
    await lend(face, '10.69.0.32', { [mac]: 3 });
    const { of_, serial } = await explained(face, mac);
    expect(serial).toBeNull();
    expect(of_('machine')[0]?.says).toMatch(/nobody knows which machine 52:54:00:00:00:01 is/);
    expect(of_('lease')[0]?.says).toBe(`10.69.0.35 is lent to ${mac} until 2031-04-01T00:00:00Z`);
    expect((await explained(face, 'nobody')).of_('machine')[0]?.says).toMatch(
      /no machine with the serial nobody is registered/,
    );
  });

  it('knows a card that was approved since its last boot by its approval', async () => {
    const face = await aFleet();
    await face.must('POST /api/v1/machines', { body: [aSpec('ABC123')] });
    await face.must('PUT /api/v1/images/coreos/1', { body: anImage('1') });
    await put(face, '/api/v1/ignitions/cs/1', { version: '2.3', template: {} });
    const mac = '52:54:00:00:00:01';
    await lend(face, '10.69.0.32', { [mac]: 3 });
    const from = { from: '10.69.0.35' };
    await face.must('GET /api/v1/boot/coreos/ipxe/ABC123', from);
    expect((await explained(face, mac)).serial).toBe('ABC123');
    await twoStrangers(face, ['NEWX', 'OTHER']);
    await face.must('POST /api/v2/discoveries/52-54-00-00-00-01/approve', { body: { role: 'cs' } });
    const network = { cidr: '10.69.0.0/20', mode: 'server' };
    await put(face, '/api/v2/networks/racks', { ...network, discovery: 'ask' });
    const knock = await face.must('GET /api/v1/boot/discovery/knock?serial=ABC123', from);
    expect(knock.body).toContain('/coreos/ipxe/NEWX');
    expect((await explained(face, mac)).serial).toBe('NEWX');
    expect(await explained(face, 'NEWX')).toMatchObject({ mac });
    expect(await explained(face, 'ABC123')).toMatchObject({ mac: null });
    await face.must('PUT /api/v2/networks/racks', {
      body: { ...network, discovery: 'off' },
      headers: { 'if-match': '*' },
    });
    expect((await explained(face, mac)).serial).toBe('ABC123');
  });

  it('says that nothing new is lent where the lease table is broken', async () => {
    const face = await aFleet();
    const value = new TextEncoder().encode('no table');
    await face.store.commit([], [{ kind: 'put', key: 'lease-usages/10.69.0.224', value }]);
    const { of_ } = await explained(face, 's-1');
    expect(of_('lease')[0]?.problem?.text).toBe(
      'the lease table of its range (10.69.0.224 to 10.69.0.254) is broken: nothing new is lent there',
    );
  });

  it('is of the firmware that asked last, and of a rack that is not its own', async () => {
    const face = await aFleet();
    const mac = '52:54:00:00:00:01';
    await lend(face, '10.69.0.32', { [mac]: 3 });
    const at = instant(face.clock.now());
    const step: BootStep = {
      ...{ name: 'firmware-ack', at, lastAt: at, times: 1, result: 'done', text: '', server: 'a' },
      facts: { vendorClass: 'PXEClient:Arch:00007', architecture: 7 },
    };
    const record = {
      ...{ server: 'a', mac, serial: 's-1', uuid: undefined, registered: true, stuckAt: undefined },
      steps: [step],
    };
    const key = recordKey(mac, at, 'a');
    await face.store.commit([], [{ kind: 'put', key, value: encodeRecord(record) }]);
    await settled();
    const { of_ } = await explained(face, 's-1');
    expect(of_('loader')).toMatchObject([
      {
        says: expect.stringMatching(/^x64 UEFI \(architecture 7\): snponly\.efi is not on/),
        because: expect.stringMatching(/^its firmware, by DHCP options 60 and 93 of its boot of 2/),
      },
    ]);
    expect(of_('lease')[0]?.problem).toMatchObject({
      text: expect.stringMatching(/that is rack 0, and s-1 is registered in rack 1/),
      todo: 'cable it in rack 1, or correct the rack: tetsu edit machine s-1',
    });
    expect((await explained(face, 's-1', '?firmware=uefi-http')).of_('loader').length).toBe(2);
  });

  it('plays another firmware', async () => {
    const face = await aFleet();
    const arm = await explained(face, 's-1', '?arch=arm64&firmware=uefi');
    expect(arm.of_('loader').map(({ says }) => says)).toEqual([
      'arm64 UEFI (architecture 11): there is no loader for architecture 11 (arm64 UEFI)',
    ]);
    const bios = await explained(face, 's-1', '?firmware=bios');
    expect(bios.of_('loader')[0]?.says).toMatch(
      /^x86 BIOS \(architecture 0\): undionly\.kpxe is not/,
    );
    const wrong = await face.ask('GET /api/v2/boot-explanations/s-1?arch=vax');
    expect([wrong.statusCode, wrong.json().detail]).toEqual([
      400,
      expect.stringContaining('it can be x86, x64, arm64'),
    ]);
  });

  it('says of a network that is switched off that nothing is answered there', async () => {
    const face = await aFleet();
    await put(face, '/api/v2/networks/rack-1', {
      cidr: '10.69.0.192/26',
      mode: 'off',
      discovery: 'off',
    });
    const { of_ } = await explained(face, 's-1');
    expect(of_('network')[0]).toMatchObject({
      because: 'the network rack-1',
      problem: { todo: expect.stringContaining('tetsu network set rack-1 --mode server') },
    });
  });
});
