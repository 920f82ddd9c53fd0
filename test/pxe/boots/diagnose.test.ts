import { describe, expect, it } from 'vitest';
import type { MacAddress } from '../../../src/base/addresses.ts';
import { addMs, instant } from '../../../src/base/time.ts';
import { type Boot, type BootStep, type BootStepName, toldToWait } from '../../../src/pxe/boot.ts';
import { diagnose } from '../../../src/pxe/boots/diagnose.ts';
import type { Surroundings } from '../../../src/pxe/boots/suspicion.ts';
import { decideBoot, type RetiredPolicy } from '../../../src/pxe/ipxe/boot-decision.ts';
import { aMachine } from '../../support/machines.ts';
import { ip } from '../dhcp/bed.ts';

const began = instant(Date.UTC(2026, 10, 21, 6));
const around: Surroundings = {
  httpPlace: '10.69.0.3:10080',
  isProbed: true,
  relay: () => undefined,
  twoPlaces: () => undefined,
};
const uefiPxe = 'PXEClient:Arch:00007:UNDI:003000';

type Brief = Partial<Omit<BootStep, 'name' | 'at'>> & { readonly s?: number };

function step(name: BootStepName, { s = 0, ...more }: Brief = {}): BootStep {
  const at = addMs(began, s * 1000);
  const rest = { lastAt: at, times: 1, result: 'done', server: 'boot-0', text: '', facts: {} };
  return { name, at, ...rest, ...more } as BootStep;
}

function boot(steps: readonly BootStep[], more: Partial<Boot> = {}): Boot {
  return {
    id: '525400000001-1',
    subject: '52:54:00:00:00:01',
    mac: undefined,
    serial: undefined,
    uuid: undefined,
    firmware: 'uefi-pxe',
    steps,
    beganAt: began,
    lastAt: began,
    isOver: false,
    inARow: 1,
    revision: '1' as Boot['revision'],
    ...more,
  };
}

const offer = step('firmware-offer', {
  facts: { vendorClass: uefiPxe, bootFile: 'snponly.efi', address: ip('10.69.0.36') },
});
const ack = step('firmware-ack', {
  s: 4,
  facts: { vendorClass: uefiPxe, bootFile: 'snponly.efi' },
});
const kernel = (more: Brief) => step('kernel', { facts: { status: 200, imageId: '7' }, ...more });

/** What the machine's script really says. */
function refusal(serial: string, retired: RetiredPolicy = 'boot', image?: string): BootStep {
  const machine = aMachine({ serial: 'S1', role: 'cs', state: 'retired' });
  const { script } = decideBoot(serial, {
    find: (name) => (name === 'S1' ? machine : undefined),
    choose: () =>
      ({
        image: { value: undefined, pinned: image, by: { kind: 'default' } },
        template: { value: image && { id: '1', version: '2.3' }, by: { kind: 'default' } },
        kernelParams: { value: '' },
      }) as never,
    bootUrl: 'http://10.69.0.3:10080/api/v1/boot',
    retired,
  });
  if (script.ok) throw new Error('it would boot');
  return step('script', { result: 'failed', text: script.error.text, facts: { status: 404 } });
}

type Case = readonly [
  fact: string,
  steps: readonly BootStep[],
  afterSeconds: number,
  expected: readonly [state: string, awaited: string | undefined, cause: RegExp],
];

const cases: readonly Case[] = [
  [
    'a machine that was told to wait asks again soon',
    [step('script', { text: toldToWait(3, 40), facts: { status: 200 } })],
    19,
    ['running', 'script', /^$/],
  ],
  [
    'a machine that was told to wait and went away',
    [step('script', { text: toldToWait(3, 40), facts: { status: 200 } })],
    21,
    ['stuck', 'script', /^it waited for its turn to load, and does not ask again$/],
  ],
  ['an offer is young', [offer], 5, ['running', 'firmware-ack', /^$/]],
  ['silence after an offer', [offer], 14, ['stuck', 'firmware-ack', /fell silent/]],
  [
    'offers that are never taken',
    [{ ...offer, times: 3, lastAt: addMs(began, 12_000) }],
    60,
    ['stuck', 'firmware-ack', /asked 3 times and takes none of our offers/],
  ],
  [
    'a proxy beside a DHCP server that is silent: a boot file was offered, and no address',
    [step('firmware-offer', { facts: { vendorClass: uefiPxe, bootFile: 'x' }, times: 4 })],
    20,
    ['stuck', 'firmware-ack', /^boot-0 names boot files .*lends no addresses there \(mode proxy\)/],
  ],
  [
    'an operating system after nothing that was loaded',
    [offer, ack, step('os-dhcp', { s: 30 })],
    400,
    ['stuck', 'ignition', /started from its own disk/],
  ],
  [
    'an offer without a boot file',
    [step('firmware-offer', { facts: { vendorClass: uefiPxe }, text: 'no loader for x86 UEFI' })],
    20,
    ['stuck', 'firmware-ack', /no loader for its architecture: no loader for x86 UEFI/],
  ],
  [
    'a full range is said at once',
    [
      step('firmware-offer', {
        result: 'failed',
        text: 'silence: no address is free in the range',
      }),
    ],
    0,
    ['stuck', 'firmware-offer', /range of addresses of its network is used up/],
  ],
  [
    'a broken lease table is said at once',
    [step('firmware-offer', { result: 'failed', text: 'silence: the lease table is broken' })],
    0,
    ['stuck', 'firmware-offer', /its network gets no new leases: the lease table is broken/],
  ],
  ['no read request', [offer, ack], 15, ['stuck', 'loader', /UDP 69 \(TFTP\) from it to boot-0/]],
  [
    'a loader that was given up on',
    [offer, ack, step('loader', { s: 5, result: 'failed', facts: { path: 'x', bytes: 0 } })],
    6,
    ['stuck', 'loader', /never acknowledges/],
  ],
  [
    'a slow loader that moves',
    [
      offer,
      ack,
      step('loader', {
        s: 5,
        lastAt: addMs(began, 100_000),
        result: 'running',
        facts: { bytes: 9 },
      }),
    ],
    120,
    ['running', 'loader', /^$/],
  ],
  [
    'a loader that stands still',
    [
      offer,
      ack,
      step('loader', {
        s: 5,
        lastAt: addMs(began, 100_000),
        result: 'running',
        facts: { bytes: 9 },
      }),
    ],
    131,
    ['stuck', 'loader', /stands still after 9 bytes/],
  ],
  [
    'a loader that was downloaded whole',
    [offer, ack, step('loader', { s: 5, facts: { bytes: 9 } })],
    50,
    ['stuck', 'ipxe-offer', /Secure Boot/],
  ],
  ['an unknown machine', [refusal('S9')], 0, ['stuck', 'script', /^it is unknown/]],
  ['a retired machine', [refusal('S1', 'refuse')], 0, ['stuck', 'script', /^it is retired/]],
  [
    'a role without a template',
    [refusal('S1')],
    0,
    ['stuck', 'script', /its role has no Ignition template/],
  ],
  [
    'an image that was removed',
    [
      kernel({
        result: 'failed',
        text: 'no server has image 7: it was removed',
        facts: { status: 404, imageId: '7' },
      }),
    ],
    0,
    ['stuck', 'kernel', /boot image 7 is not here: no server has image 7/],
  ],
  [
    'a machine without a serial number',
    [refusal('')],
    0,
    ['stuck', 'script', /^The firmware knows no serial number/],
  ],
  [
    'a script that names no image',
    [step('script')],
    15,
    ['stuck', 'kernel', /there is no boot image/],
  ],
  [
    'an operating system that never asks for Ignition',
    [kernel({}), step('initrd', { s: 2 })],
    300,
    ['stuck', 'ignition', /does not ask for its Ignition/],
  ],
  [
    'a template that does not render',
    [step('ignition', { result: 'failed', text: 'line 3', facts: { status: 500 } })],
    0,
    ['stuck', 'ignition', /its Ignition template is broken: line 3/],
  ],
  ['an Ignition that was delivered', [step('ignition')], 60, ['running', 'healthy', /^$/]],
  [
    'a machine that never turns healthy',
    [step('ignition')],
    700,
    ['stuck', 'healthy', /did not become healthy/],
  ],
  [
    'a healthy machine',
    [step('ignition'), step('healthy', { s: 30 })],
    999,
    ['healthy', undefined, /^$/],
  ],
];

describe('the missing step is named', () => {
  it.each(cases)('%s', (_, steps, seconds, [state, awaited, cause]) => {
    const said = diagnose(boot(steps), around, addMs(began, seconds * 1000));
    expect([said.state, said.awaited?.step]).toEqual([state, awaited]);
    expect(said.cause).toMatch(cause);
    expect(said.checks.length > 0).toBe(state === 'stuck');
  });

  it('a boot that another one followed failed where it ended', () => {
    const said = diagnose(boot([offer, ack], { isOver: true }), around, began);
    expect(said).toMatchObject({ state: 'failed', awaited: { step: 'loader' } });
  });

  it('where nothing is probed, a machine with its Ignition is up', () => {
    const said = diagnose(boot([step('ignition')]), { ...around, isProbed: false }, began);
    expect(said).toMatchObject({ state: 'up', awaited: undefined });
  });

  it('a relay that was heard last with the machine is not mentioned where our own answer refused it', () => {
    const facts = { relay: ip('10.69.0.1') };
    const relay = () => ({ lastAt: began, othersAt: addMs(began, 50_000) });
    const causeOf = (...steps: readonly BootStep[]) =>
      diagnose(boot(steps), { ...around, relay }, addMs(began, 60_000)).cause;
    const silence = { result: 'failed', text: 'silence: no address is free in the range' } as const;
    expect(causeOf(step('firmware-offer', { facts, ...silence }))).not.toContain('relay');
    const missing = { result: 'failed', facts: { status: 404, imageId: '7' } } as const;
    expect(causeOf({ ...offer, facts }, step('kernel', { s: 1, ...missing }))).not.toContain(
      'relay',
    );
    expect(causeOf({ ...offer, facts }, kernel({ s: 1 }))).toContain('relay 10.69.0.1');
  });

  it('a relay that is still heard is not suspected', () => {
    const relayed = { ...offer, facts: { ...offer.facts, relay: ip('10.69.0.1') } };
    const now = addMs(began, 60_000);
    const with_ = (s: number) =>
      diagnose(
        boot([relayed]),
        { ...around, relay: () => ({ lastAt: addMs(began, s * 1000), othersAt: now }) },
        now,
      ).cause;
    expect(with_(50)).not.toContain('relay');
    expect(with_(0)).toContain('relay 10.69.0.1 was last heard 60 s ago, though other networks');
  });
});

describe('a hardware address that asks from two places', () => {
  it('is said of its boot, however that stands, and before what else is said', () => {
    const twoPlaces = () => ({ places: ['relay a', 'relay b'] as const, at: began });
    const mac = '52:54:00:00:00:01' as MacAddress;
    const told = (steps: readonly BootStep[], seconds: number) =>
      diagnose(boot(steps, { mac }), { ...around, twoPlaces }, addMs(began, seconds * 1_000));
    const running = told([offer], 1);
    expect(running.state).toBe('running');
    expect(running.cause).toMatch(
      /^two machines ask under this hardware address, at relay a and at relay b/,
    );
    expect(told([offer, ack], 60).cause).toMatch(
      /may be of either\. it has its address and asks for no loader/,
    );
  });
});
