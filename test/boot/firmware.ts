/** The kinds of firmware: one row each, with all that is different about it. */

import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { arm64Loader, arm64Marker } from './arm64-loader.ts';
import { maskedRom } from './masked-rom.ts';

export type Firmware = {
  readonly program: 'qemu-system-x86_64' | 'qemu-system-aarch64';
  readonly memoryMb: number;
  /** How the boot file ends that it must be told, so that a boot by another way is not taken for this one. */
  readonly told: string;
  /** QEMU's arguments; `card` is the network card's, which a ROM may be added to. */
  readonly qemu: (card: string, place: Place) => readonly string[];
  /** On the console of a machine that came as far as its kind can; absent: it turns `healthy`. */
  readonly goal?: string;
  /** Its server sends HTTP boot to https, and its variables trust the authority of that server's certificate. */
  readonly isSecure?: true;
};

type Place = {
  /** For files of this run. */
  readonly folder: string;
  readonly serial: string;
  /** EFI signature list of the authority that firmware shall trust; undefined: no https in this laboratory. */
  readonly authorityList: string | undefined;
};

const script = '/api/v1/boot/coreos/ipxe';
const x86Bios = { program: 'qemu-system-x86_64', memoryMb: 256 } as const;
const x64Uefi = { program: 'qemu-system-x86_64', memoryMb: 384 } as const;
const arm64 = { program: 'qemu-system-aarch64', memoryMb: 256, goal: arm64Marker } as const;

const firmwareTable = {
  /** SeaBIOS; the card's ROM is iPXE. */
  'bios-ipxe-rom': { ...x86Bios, told: script, qemu: (card) => bios(card) },
  /** SeaBIOS; the card's ROM is iPXE with its identity taken out, so it loads `undionly.kpxe` by TFTP. */
  'bios-masked-rom': {
    ...x86Bios,
    told: 'undionly.kpxe',
    // The ROM is for the device id that the card has without its legacy interface.
    qemu: (card, { folder }) => bios(`${card},disable-legacy=on,romfile=${maskedRom(folder)}`),
  },
  /** OVMF's own PXE client. */
  'uefi-pxe': {
    ...x64Uefi,
    told: 'snponly.efi',
    qemu: (card, place) => uefi(withoutRom(card), place),
  },
  /** OVMF's own HTTP boot. */
  'uefi-http': {
    ...x64Uefi,
    told: 'http://10.69.0.3:10080/api/v1/boot/ipxe.efi',
    qemu: (card, place) => [...uefi(withoutRom(card), place), ...withoutPxe],
  },
  /** OVMF's own HTTP boot by https, with an authority of ours. */
  'uefi-https': {
    ...x64Uefi,
    told: 'https://10.69.0.3:10444/api/v1/boot/ipxe.efi',
    isSecure: true,
    qemu: (card, place) => [
      ...uefi(withoutRom(card), place),
      ...withoutPxe,
      ...['-fw_cfg', `name=etc/edk2/https/cacerts,file=${place.authorityList}`],
    ],
  },
  /** OVMF; the card's ROM is iPXE. */
  'uefi-ipxe-rom': { ...x64Uefi, told: script, qemu: (card, place) => uefi(card, place) },
  /** AAVMF's PXE client, as far as a loader: Debian has no iPXE for arm64. */
  'arm64-pxe': {
    ...arm64,
    told: arm64Loader,
    qemu: (card, place) => arm64Uefi(withoutRom(card), place),
  },
  /** AAVMF's HTTP boot, as far as a loader. */
  'arm64-http': {
    ...arm64,
    told: `http://10.69.0.3:10080/api/v1/boot/${arm64Loader}`,
    qemu: (card, place) => [...arm64Uefi(withoutRom(card), place), ...withoutPxe],
  },
} as const satisfies Readonly<Record<string, Firmware>>;

export type FirmwareKind = keyof typeof firmwareTable;

export const firmwares: Readonly<Record<FirmwareKind, Firmware>> = firmwareTable;
export const firmwareKinds = Object.keys(firmwareTable) as readonly FirmwareKind[];

const ovmf = '/usr/share/OVMF';
const aavmf = '/usr/share/AAVMF';
const withoutPxe6 = ['-fw_cfg', 'name=opt/org.tianocore/IPv6PXESupport,string=n'];
const withoutPxe = ['-fw_cfg', 'name=opt/org.tianocore/IPv4PXESupport,string=n'];

/** An empty ROM file makes OVMF use its own network stack instead of the card's iPXE. */
function withoutRom(card: string): string {
  return `${card},romfile=`;
}

function bios(card: string): string[] {
  return ['-machine', 'graphics=off', '-device', card];
}

function uefi(card: string, place: Place): string[] {
  return [
    ...['-device', card],
    ...flash(`${ovmf}/OVMF_CODE_4M.fd`, `${ovmf}/OVMF_VARS_4M.fd`, place),
    ...withoutPxe6,
    ...['-object', 'rng-random,filename=/dev/urandom,id=rng0'],
    ...['-device', 'virtio-rng-pci,rng=rng0'],
  ];
}

function arm64Uefi(card: string, place: Place): string[] {
  return [
    ...['-machine', 'virt', '-cpu', 'cortex-a57', '-device', card],
    ...flash(`${aavmf}/AAVMF_CODE.fd`, `${aavmf}/AAVMF_VARS.fd`, place),
    ...withoutPxe6,
  ];
}

/** The firmware, and its variables in a copy of this machine's own. */
function flash(code: string, variables: string, { folder, serial }: Place): string[] {
  const copy = join(folder, `${serial}.vars`);
  copyFileSync(variables, copy);
  return [
    ...['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${code}`],
    ...['-drive', `if=pflash,format=raw,unit=1,file=${copy}`],
  ];
}
