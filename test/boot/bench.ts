/** A laboratory with its server and machines; several of them stand side by side and do not disturb one another. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificate } from './certificate.ts';
import { type FirmwareKind, firmwares } from './firmware.ts';
import { type BootMachine, powerOn } from './machine.ts';
import { type Lab, openLab, serverAddress } from './network.ts';
import { buildOsImage } from './os-image.ts';
import { type BootServer, startServer } from './server.ts';

export type Rack = 0 | 1;

export type Bench = {
  readonly lab: Lab;
  readonly server: BootServer;
  /** Registers nothing: a machine the server does not know is one as well. */
  readonly powerOn: (wanted: Wanted) => BootMachine;
  readonly kill: (serial: string) => Promise<void>;
  readonly close: () => Promise<void>;
};

export type BenchWays = {
  /** HTTP boot leads to https. */
  readonly isSecure?: boolean;
  /** `boot.downloads-max`; absent: as it comes. */
  readonly downloadsMax?: number;
  /** Machines that nobody registered boot an image that looks at them. */
  readonly looksInside?: boolean;
};

export type Wanted = {
  readonly serial: string;
  readonly kind: FirmwareKind;
  readonly rack: Rack;
  /** It starts again when its OS says so, and has a disk. */
  readonly isLasting?: boolean;
};

/** @param name of the bench among those of this process, one letter. */
export async function openBench(name: string, ways: BenchWays = {}): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'tetsukan-boot-'));
  const lab = openLab(name);
  const machines: BootMachine[] = [];
  const secure = ways.isSecure === true ? makeCertificate(folder, serverAddress) : undefined;
  let server: BootServer | undefined;
  const close = async (): Promise<void> => {
    await Promise.all(machines.map((machine) => machine.kill()));
    await server?.stop();
    await lab.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    server = await startServer(lab, folder, buildOsImage(folder), { ...ways, secure });
  } catch (problem) {
    await close();
    throw problem;
  }
  return {
    lab,
    server,
    powerOn: (wanted) => {
      const number = machines.length + 1;
      const authorityList = secure?.authorityList;
      const machine = powerOn(lab, { folder, authorityList }, { ...wanted, number });
      machines.push(machine);
      return machine;
    },
    kill: async (serial) => machines.find((machine) => machine.serial === serial)?.kill(),
    close,
  };
}

/** Whether a kind needs a server that sends HTTP boot to https. */
export function isSecureKind(kind: FirmwareKind): boolean {
  return firmwares[kind].isSecure === true;
}
