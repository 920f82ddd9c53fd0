/** The kinds of firmware: one row each, with all that is different about it. */

import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { maskedRom } from './masked-rom.ts';

export type Firmware = {
  readonly memoryMb: number;
  /** QEMU's arguments; `card` is the network card's, which a ROM may be added to. */
  readonly qemu: (card: string, place: Place) => readonly string[];
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

const firmwareTable = {
  /** SeaBIOS; the card's ROM is iPXE. */
  'bios-ipxe-rom': { memoryMb: 256, qemu: (card) => bios(card) },
  /** SeaBIOS; the card's ROM is iPXE with its identity taken out, so it loads `undionly.kpxe` by TFTP. */
  'bios-masked-rom': {
    memoryMb: 256,
    // The ROM is for the device id that the card has without its legacy interface.
    qemu: (card, { folder }) => bios(`${card},disable-legacy=on,romfile=${maskedRom(folder)}`),
  },
  /** OVMF's own PXE client. */
  'uefi-pxe': { memoryMb: 384, qemu: (card, place) => uefi(withoutRom(card), place) },
  /** OVMF's own HTTP boot. */
  'uefi-http': {
    memoryMb: 384,
    qemu: (card, place) => [...uefi(withoutRom(card), place), ...withoutPxe],
  },
  /** OVMF's own HTTP boot by https, with an authority of ours. */
  'uefi-https': {
    memoryMb: 384,
    isSecure: true,
    qemu: (card, place) => [
      ...uefi(withoutRom(card), place),
      ...withoutPxe,
      ...['-fw_cfg', `name=etc/edk2/https/cacerts,file=${place.authorityList}`],
    ],
  },
  /** OVMF; the card's ROM is iPXE. */
  'uefi-ipxe-rom': { memoryMb: 384, qemu: (card, place) => uefi(card, place) },
} as const satisfies Readonly<Record<string, Firmware>>;

export type FirmwareKind = keyof typeof firmwareTable;

export const firmwares: Readonly<Record<FirmwareKind, Firmware>> = firmwareTable;
export const firmwareKinds = Object.keys(firmwareTable) as readonly FirmwareKind[];

const ovmf = '/usr/share/OVMF';
const withoutPxe = ['-fw_cfg', 'name=opt/org.tianocore/IPv4PXESupport,string=n'];

/** An empty ROM file makes OVMF use its own network stack instead of the card's iPXE. */
function withoutRom(card: string): string {
  return `${card},romfile=`;
}

function bios(card: string): string[] {
  return ['-machine', 'graphics=off', '-device', card];
}

function uefi(card: string, { folder, serial }: Place): string[] {
  const variables = join(folder, `${serial}.vars`);
  copyFileSync(`${ovmf}/OVMF_VARS_4M.fd`, variables);
  return [
    ...['-device', card],
    ...['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${ovmf}/OVMF_CODE_4M.fd`],
    ...['-drive', `if=pflash,format=raw,unit=1,file=${variables}`],
    ...['-fw_cfg', 'name=opt/org.tianocore/IPv6PXESupport,string=n'],
    ...['-object', 'rng-random,filename=/dev/urandom,id=rng0'],
    ...['-device', 'virtio-rng-pci,rng=rng0'],
  ];
}
