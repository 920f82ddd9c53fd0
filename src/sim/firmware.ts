/**
 * What the firmware kinds send and how long they take, as measured with SeaBIOS, OVMF and iPXE under QEMU (2026-11):
 * byte for byte the options of their DISCOVER, in their order.
 */

import { type MacAddress, macToBytes } from '../base/addresses.ts';
import { type ClientOption, textOption } from './dhcp-wire.ts';

export const firmwareKinds = ['uefi-http', 'uefi-pxe', 'bios-ipxe-rom', 'bios-pxe-plain'] as const;
export type FirmwareKind = (typeof firmwareKinds)[number];

/** One program that speaks DHCP: the firmware itself, an iPXE, or the OS. */
export type DhcpPersona = {
  readonly broadcast: boolean;
  /** Waits between DISCOVERs; after the last one it gives up. Each keeps the xid. */
  readonly retryMs: readonly number[];
  /** How long offers are collected before one is taken. */
  readonly collectMs: number;
  /** iPXE takes the first offer at once when option 175 says that no proxy will answer. */
  readonly heedsNoProxy: boolean;
  readonly bytesMin: number;
  readonly secs: readonly number[];
  /** `after` the message type (53); a REQUEST has 54 and 50 in between or behind, as `requestFirst` says. */
  readonly options: (identity: Identity) => readonly ClientOption[];
  readonly requestFirst: boolean;
  /** OVMF's REQUEST says 65280 here, its DISCOVER 1472. */
  readonly requestSizeMax?: number;
};

export type Identity = { readonly mac: MacAddress; readonly uuid: Uint8Array };

export type Firmware = {
  readonly kind: FirmwareKind;
  readonly powerOnToDhcpMs: number;
  /** Undefined: an iPXE in the network card's ROM, which starts straight away. */
  readonly first: { readonly persona: DhcpPersona; readonly loader: 'http' | 'tftp' } | undefined;
  /** From the loader's last byte to its first DISCOVER. */
  readonly loaderStartMs: number;
  readonly ipxe: DhcpPersona;
  readonly kernelToOsMs: number;
  /** UEFI ends in its shell and stays dark until someone resets it; SeaBIOS starts over after a minute. */
  readonly afterFailureMs: number | undefined;
};

const anyMac = (identity: Identity): ClientOption => [
  61,
  Uint8Array.of(1, ...macToBytes(identity.mac)),
];
const uuid = (identity: Identity): ClientOption => [97, Uint8Array.of(0, ...identity.uuid)];
const arch = (value: number): ClientOption => [93, Uint8Array.of(0, value)];
const sizeMax = (bytes: number): ClientOption => [57, Uint8Array.of(bytes >> 8, bytes & 0xff)];
const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at);

const ovmfWants = [
  ...[1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60],
];
const ipxeWants = [1, 3, 6, 7, 12, 15, 17, 26, 43, 60, 66, 67, 119, ...range(128, 135), 175, 203];
const plainWants = [1, 3, 6, 7, 12, 15, 17, 26, 42, 43, 60, 66, 67, 119, 121, ...range(128, 135)];
/** Option 175: bus id, version 1.0.0, then one flag per feature of the build. */
const ipxeFeatures = {
  bios: 'b105011af41000eb03010000170101220101130101110101270101190101290101100102210101150101180101120101',
  uefi: 'b105011af41000eb03010000170101240101130101110101270101290101150101120101',
};

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (octet) => Number.parseInt(octet, 16));
}

function ovmf(kind: 'http' | 'pxe'): DhcpPersona {
  const [archValue, name] = kind === 'http' ? [16, 'HTTPClient'] : [7, 'PXEClient'];
  const wants =
    kind === 'http' ? [...ovmfWants, 235, 67, 97] : [...ovmfWants, 66, 67, 97, ...range(128, 135)];
  return {
    broadcast: true,
    retryMs: [4_000, 8_000, 16_000, 32_000],
    collectMs: 3_820,
    heedsNoProxy: false,
    bytesMin: 0,
    secs: [0],
    requestFirst: true,
    requestSizeMax: kind === 'http' ? 1_472 : 65_280,
    options: (identity) => [
      sizeMax(1_472),
      [55, Uint8Array.from(wants)],
      uuid(identity),
      [94, Uint8Array.of(1, 3, 0)],
      arch(archValue),
      textOption(60, `${name}:Arch:${String(archValue).padStart(5, '0')}:UNDI:003000`),
    ],
  };
}

function ipxe(platform: 'uefi' | 'bios', chainLoaded: boolean): DhcpPersona {
  return {
    // undionly.kpxe still has the first stage's address and asks for broadcasts.
    broadcast: platform === 'bios' && chainLoaded,
    retryMs: [1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000],
    collectMs: 3_000,
    heedsNoProxy: true,
    bytesMin: 0,
    // No time at all: (tries << 2) | 2 once it has an offer.
    secs: [4, 10, 18],
    requestFirst: false,
    options: (identity) => ipxeOptions(platform, identity, true),
  };
}

function ipxeOptions(
  platform: 'uefi' | 'bios',
  identity: Identity,
  saysIpxe: boolean,
): readonly ClientOption[] {
  const uefi = platform === 'uefi';
  return [
    sizeMax(1_472),
    arch(uefi ? 7 : 0),
    [94, uefi ? Uint8Array.of(1, 3, 10) : Uint8Array.of(1, 2, 1)],
    textOption(60, `PXEClient:Arch:${uefi ? '00007:UNDI:003010' : '00000:UNDI:002001'}`),
    ...(saysIpxe ? [textOption(77, 'iPXE')] : []),
    [55, Uint8Array.from(saysIpxe ? ipxeWants : plainWants)],
    ...(saysIpxe ? [[175, bytesOf(ipxeFeatures[platform])] as const] : []),
    anyMac(identity),
    uuid(identity),
  ];
}

const plainPxe: DhcpPersona = {
  ...ipxe('bios', false),
  heedsNoProxy: false,
  options: (identity) => ipxeOptions('bios', identity, false),
};

/** busybox udhcpc, the container OS's client: no boot options, padded to BOOTP's 300 bytes, never gives up. */
export const osPersona: DhcpPersona = {
  broadcast: false,
  retryMs: [3_000, 3_000, 20_000],
  collectMs: 0,
  heedsNoProxy: false,
  bytesMin: 300,
  secs: [0],
  requestFirst: false,
  options: (identity) => [
    anyMac(identity),
    sizeMax(576),
    [55, Uint8Array.of(1, 3, 6, 12, 15, 28, 42)],
    textOption(60, 'udhcp 1.35.0'),
  ],
};

export const firmwares: Readonly<Record<FirmwareKind, Firmware>> = {
  'uefi-http': {
    kind: 'uefi-http',
    powerOnToDhcpMs: 3_600,
    first: { persona: ovmf('http'), loader: 'http' },
    loaderStartMs: 6_200,
    ipxe: ipxe('uefi', true),
    kernelToOsMs: 3_400,
    afterFailureMs: undefined,
  },
  'uefi-pxe': {
    kind: 'uefi-pxe',
    powerOnToDhcpMs: 3_800,
    first: { persona: ovmf('pxe'), loader: 'tftp' },
    loaderStartMs: 2_000,
    ipxe: ipxe('uefi', true),
    kernelToOsMs: 3_400,
    afterFailureMs: undefined,
  },
  'bios-ipxe-rom': {
    kind: 'bios-ipxe-rom',
    powerOnToDhcpMs: 2_300,
    first: undefined,
    loaderStartMs: 0,
    ipxe: ipxe('bios', false),
    kernelToOsMs: 4_900,
    afterFailureMs: 60_000,
  },
  'bios-pxe-plain': {
    kind: 'bios-pxe-plain',
    powerOnToDhcpMs: 6_100,
    first: { persona: plainPxe, loader: 'tftp' },
    loaderStartMs: 2_500,
    ipxe: ipxe('bios', true),
    kernelToOsMs: 4_900,
    afterFailureMs: 60_000,
  },
};
