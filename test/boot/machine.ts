/** One QEMU machine with real firmware on a tap device. */

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FirmwareKind, firmwares } from './firmware.ts';
import { ended, type Lab } from './network.ts';

export type BootMachine = {
  readonly serial: string;
  readonly kind: FirmwareKind;
  readonly rack: 0 | 1;
  readonly mac: string;
  /** Milliseconds since 1970. */
  readonly poweredOnAt: number;
  /** All that the serial console printed. */
  readonly console: () => string;
  readonly kill: () => Promise<void>;
};

/** A gigabyte of nothing. */
const disk = [
  ...['-blockdev', 'driver=null-co,node-name=disk0,size=1073741824,read-zeroes=on'],
  ...['-device', 'virtio-blk-pci,drive=disk0,serial=DISK-1'],
];

/** Powers a machine on; it boots from the network and from nothing else. */
export function powerOn(
  lab: Lab,
  place: { readonly folder: string; readonly authorityList: string | undefined },
  options: {
    readonly serial: string;
    readonly kind: FirmwareKind;
    readonly rack: 0 | 1;
    /** Of this machine in its laboratory, from 1. */
    readonly number: number;
    /** It starts again when its OS says so, and has a disk; absent: a restart ends it, and it has none. */
    readonly isLasting?: boolean;
  },
): BootMachine {
  const { serial, kind, rack, number, isLasting = false } = options;
  const firmware = firmwares[kind];
  const hex = number.toString(16).padStart(2, '0');
  const mac = `52:54:00:69:0${rack}:${hex}`;
  const tap = `tap${number}`;
  const consoleFile = join(place.folder, `${serial}.console`);
  lab.addTap(rack, tap);
  const [program = '', ...prefix] = lab.onRacks;
  const card = `virtio-net-pci,netdev=net0,mac=${mac},bootindex=1`;
  const child: ChildProcess = spawn(
    program,
    [
      ...prefix,
      firmware.program,
      ...['-accel', 'tcg', '-display', 'none', '-nodefaults'],
      ...(isLasting ? disk : ['-no-reboot']),
      ...['-m', String(firmware.memoryMb)],
      ...['-serial', `file:${consoleFile}`],
      ...['-smbios', `type=1,serial=${serial},uuid=deadbeef-0000-4000-8000-0000000000${hex}`],
      ...['-netdev', `tap,id=net0,ifname=${tap},script=no,downscript=no`],
      ...firmware.qemu(card, { ...place, serial }),
    ],
    { stdio: ['ignore', 'ignore', openSync(`${consoleFile}.qemu`, 'w')] },
  );
  return {
    serial,
    kind,
    rack,
    mac,
    poweredOnAt: Date.now(),
    console: () => (existsSync(consoleFile) ? readFileSync(consoleFile, 'latin1') : ''),
    kill: () => ended(child),
  };
}
