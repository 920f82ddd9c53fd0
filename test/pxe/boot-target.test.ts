import { describe, expect, it } from 'vitest';
import {
  type BootClient,
  bootFileOf,
  bootTargetOf,
  firmwareKinds,
} from '../../src/pxe/boot-target.ts';
import { decodeDhcp } from '../../src/pxe/dhcp/packet.ts';
import { readRequest } from '../../src/pxe/dhcp/request.ts';
import { bootFileFor, captures } from '../support/wire.ts';

const advertiseUrl = 'http://10.69.0.195:10080';
const script = `${advertiseUrl}/api/v1/boot/coreos/ipxe`;
const httpLoader = `${advertiseUrl}/api/v1/boot/ipxe.efi`;

function aClient(facts: Partial<BootClient>): BootClient {
  return {
    vendorClass: undefined,
    userClasses: [],
    architectures: [],
    hasIpxeOptions: false,
    ...facts,
  };
}

function fileFor(facts: Partial<BootClient>): string | undefined {
  return bootFileOf(bootTargetOf(aClient(facts), advertiseUrl));
}

describe('real firmware', () => {
  it.each(captures.map((capture) => [capture.name, capture] as const))(
    '%s is told what it can load',
    (name, { bytes, next }) => {
      const packet = decodeDhcp(bytes);
      const request = packet.ok ? readRequest(packet.value) : undefined;
      if (request?.ok !== true) throw new Error(`${name} is not read as a request`);
      const target = bootTargetOf(request.value.boot, advertiseUrl);
      expect(bootFileOf(target)).toBe(bootFileFor(next, advertiseUrl));
      expect(target.kind === 'no-loader').toBe(next.kind === 'no-loader');
    },
  );
});

describe('a URL of its own for HTTP boot', () => {
  const secure = 'https://10.69.0.195:10444';
  const told = (facts: Partial<BootClient>) =>
    bootFileOf(bootTargetOf(aClient(facts), advertiseUrl, undefined, secure));

  it('is given to firmware that boots by HTTP', () => {
    expect(told({ vendorClass: 'HTTPClient', architectures: [16] })).toBe(
      `${secure}/api/v1/boot/ipxe.efi`,
    );
  });

  it('is given neither to iPXE nor to PXE firmware', () => {
    expect(told({ userClasses: ['iPXE'] })).toBe(script);
    expect(told({ vendorClass: 'PXEClient', architectures: [7] })).toBe('snponly.efi');
  });
});

describe('RFC 4578 and UEFI 2.10 section 24.7: the architecture decides the loader', () => {
  it.each([
    ['BIOS', 'PXEClient', 0, 'undionly.kpxe'],
    ['x64 UEFI', 'PXEClient', 7, 'snponly.efi'],
    ['x64 UEFI, the other number', 'PXEClient', 9, 'snponly.efi'],
    ['x64 UEFI HTTP', 'HTTPClient', 16, httpLoader],
    ['the number Sabakan answers, too', 'HTTPClient', 15, httpLoader],
    ['x86 UEFI', 'PXEClient', 6, undefined],
    ['arm64 UEFI', 'PXEClient', 11, undefined],
    ['arm64 UEFI HTTP', 'HTTPClient', 19, undefined],
    ['riscv64 UEFI', 'PXEClient', 27, undefined],
    ['riscv64 UEFI HTTP', 'HTTPClient', 28, undefined],
    ['a number nobody gave', 'PXEClient', 4711, undefined],
  ])('%s', (_, vendorClass, architecture, file) => {
    expect(fileFor({ vendorClass, architectures: [architecture] })).toBe(file);
  });

  it('the first one we have a loader for wins', () => {
    expect(fileFor({ vendorClass: 'PXEClient', architectures: [11, 7, 0] })).toBe('snponly.efi');
  });

  it('a loader for the way it asks goes before one for the other way', () => {
    expect(fileFor({ vendorClass: 'PXEClient', architectures: [16, 7] })).toBe('snponly.efi');
    expect(fileFor({ vendorClass: 'HTTPClient', architectures: [7, 16] })).toBe(httpLoader);
    expect(fileFor({ vendorClass: 'HTTPClient', architectures: [7] })).toBe(
      `${advertiseUrl}/api/v1/boot/snponly.efi`,
    );
  });

  it('a kind of firmware is one row, with a name of its own where it is loaded otherwise', () => {
    expect(new Set(firmwareKinds.map(({ architecture }) => architecture)).size).toBe(
      firmwareKinds.length,
    );
    for (const { architecture, transport, loader } of firmwareKinds) {
      const vendorClass = transport === 'http' ? 'HTTPClient' : 'PXEClient';
      const file = fileFor({ vendorClass, architectures: [architecture] });
      expect(file?.split('/').at(-1)).toBe(loader);
      expect(file?.startsWith('http://') ?? false).toBe(
        loader !== undefined && transport === 'http',
      );
    }
  });

  it('without option 93 the vendor class tells it', () => {
    expect(fileFor({ vendorClass: 'PXEClient:Arch:00007:UNDI:003000' })).toBe('snponly.efi');
    expect(fileFor({ vendorClass: 'PXEClient:Arch:00000:UNDI:002001' })).toBe('undionly.kpxe');
  });

  it('an architecture without a loader is told, never given a wrong one', () => {
    expect(
      bootTargetOf(aClient({ vendorClass: 'PXEClient', architectures: [11] }), advertiseUrl),
    ).toEqual({ kind: 'no-loader', text: 'there is no loader for architecture 11 (arm64 UEFI)' });
    expect(
      bootTargetOf(aClient({ vendorClass: 'PXEClient', architectures: [4711] }), advertiseUrl),
    ).toEqual({ kind: 'no-loader', text: 'architecture 4711 is unknown' });
    expect(bootTargetOf(aClient({ vendorClass: 'PXEClient' }), advertiseUrl)).toMatchObject({
      kind: 'no-loader',
    });
  });

  it('loaders can be named for more architectures', () => {
    const target = bootTargetOf(
      aClient({ vendorClass: 'PXEClient', architectures: [11] }),
      advertiseUrl,
      { 11: 'snponly-arm64.efi' },
    );
    expect(target).toEqual({ kind: 'tftp-loader', architecture: 11, file: 'snponly-arm64.efi' });
  });
});

describe('RFC 3004: who says iPXE gets the script, never iPXE again', () => {
  it.each([
    ['bare', { userClasses: ['iPXE'] }],
    ['one class of several', { userClasses: ['?', 'lab', 'iPXE'] }],
    ['only by option 175', { hasIpxeOptions: true }],
  ])('%s', (_, facts) => {
    const asks = { vendorClass: 'PXEClient:Arch:00007:UNDI:003010', architectures: [7] };
    expect(fileFor({ ...asks, ...facts })).toBe(script);
  });

  it('also when it asks as an HTTP client', () => {
    const asks = { vendorClass: 'HTTPClient', architectures: [16], userClasses: ['iPXE'] };
    expect(fileFor(asks)).toBe(script);
  });

  it('that was built without HTTP, it gets our iPXE, which was built with it', () => {
    const asks = { vendorClass: 'PXEClient:Arch:00007:UNDI:003010', architectures: [7] };
    const old = { ...asks, userClasses: ['iPXE'], hasIpxeOptions: true, lacksHttp: true };
    expect(fileFor(old)).toBe('snponly.efi');
    expect(fileFor({ ...old, architectures: [4711] })).toBeUndefined();
  });

  it('another user class changes nothing', () => {
    expect(fileFor({ userClasses: ['gPXE'], vendorClass: 'PXEClient', architectures: [0] })).toBe(
      'undionly.kpxe',
    );
  });
});

describe('others', () => {
  it.each([
    ['no vendor class', {}],
    ['an operating system', { vendorClass: 'udhcp 1.35.0' }],
    ['an architecture alone', { architectures: [7] }],
    ['a vendor class that only contains the word', { vendorClass: 'my PXEClient' }],
  ])('%s: a lease and no boot file', (_, facts) => {
    expect(bootTargetOf(aClient(facts), advertiseUrl)).toEqual({ kind: 'none' });
  });
});

describe('the advertised URL', () => {
  it.each([
    ['http://10.69.0.195:10080/', httpLoader],
    ['http://10.69.0.195:10080/a/path?and=more', httpLoader],
    ['http://boot.example:10080', 'http://boot.example:10080/api/v1/boot/ipxe.efi'],
  ])('a path in %s is replaced', (url, file) => {
    const client = aClient({ vendorClass: 'HTTPClient', architectures: [16] });
    expect(bootFileOf(bootTargetOf(client, url))).toBe(file);
  });
});
