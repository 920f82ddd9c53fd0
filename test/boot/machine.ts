/** One QEMU machine with real firmware on a tap device. */

import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ended, type Lab } from './network.ts';

export type FirmwareKind = 'bios-ipxe-rom' | 'uefi-pxe' | 'uefi-http';

export const firmwareKinds: readonly FirmwareKind[] = ['bios-ipxe-rom', 'uefi-pxe', 'uefi-http'];

export type BootMachine = {
  readonly serial: string;
  readonly kind: FirmwareKind;
  readonly rack: 0 | 1;
  readonly mac: string;
  /** All that the serial console printed. */
  readonly console: () => string;
  readonly kill: () => Promise<void>;
};

const ovmf = '/usr/share/OVMF';

/** Powers a machine on; it boots from the network and from nothing else. */
export function powerOn(
  lab: Lab,
  folder: string,
  options: {
    readonly serial: string;
    readonly kind: FirmwareKind;
    readonly rack: 0 | 1;
    readonly number: number;
  },
): BootMachine {
  const { serial, kind, rack, number } = options;
  const hex = number.toString(16).padStart(2, '0');
  const mac = `52:54:00:69:0${rack}:${hex}`;
  const tap = `tap${number}`;
  const consoleFile = join(folder, `${serial}.console`);
  lab.addTap(rack, tap);
  const [program = '', ...prefix] = lab.onRacks;
  const child: ChildProcess = spawn(
    program,
    [
      ...prefix,
      'qemu-system-x86_64',
      ...['-accel', 'tcg', '-display', 'none', '-no-reboot', '-nodefaults'],
      ...['-m', kind === 'bios-ipxe-rom' ? '256' : '384'],
      ...['-serial', `file:${consoleFile}`],
      ...['-smbios', `type=1,serial=${serial},uuid=deadbeef-0000-4000-8000-0000000000${hex}`],
      ...['-netdev', `tap,id=net0,ifname=${tap},script=no,downscript=no`],
      ...firmware(kind, folder, serial, mac),
    ],
    { stdio: ['ignore', 'ignore', openSync(`${consoleFile}.qemu`, 'w')] },
  );
  return {
    serial,
    kind,
    rack,
    mac,
    console: () => (existsSync(consoleFile) ? readFileSync(consoleFile, 'latin1') : ''),
    kill: () => ended(child),
  };
}

function firmware(kind: FirmwareKind, folder: string, serial: string, mac: string): string[] {
  const card = `virtio-net-pci,netdev=net0,mac=${mac},bootindex=1`;
  if (kind === 'bios-ipxe-rom') return ['-machine', 'graphics=off', '-device', card];
  const variables = join(folder, `${serial}.vars`);
  copyFileSync(`${ovmf}/OVMF_VARS_4M.fd`, variables);
  return [
    // An empty ROM file makes OVMF use its own network stack instead of the card's iPXE.
    ...['-device', `${card},romfile=`],
    ...['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${ovmf}/OVMF_CODE_4M.fd`],
    ...['-drive', `if=pflash,format=raw,unit=1,file=${variables}`],
    ...['-fw_cfg', 'name=opt/org.tianocore/IPv6PXESupport,string=n'],
    ...(kind === 'uefi-http' ? ['-fw_cfg', 'name=opt/org.tianocore/IPv4PXESupport,string=n'] : []),
    ...[
      '-object',
      'rng-random,filename=/dev/urandom,id=rng0',
      '-device',
      'virtio-rng-pci,rng=rng0',
    ],
  ];
}
