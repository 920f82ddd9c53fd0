/**
 * The road of one boot: firmware → DHCP → loader → iPXE → kernel → Ignition → an OS that answers. It is written against
 * `World` alone, so the same machine boots in virtual time and on real sockets.
 */

import type { MacAddress } from '../base/addresses.ts';
import type { Chance, Clock, World } from '../base/world.ts';
import type { Cable } from './cable.ts';
import { type Lease, obtainLease } from './dhcp-client.ts';
import type { Firmware, Identity } from './firmware.ts';
import { osPersona } from './firmware.ts';
import { runScript, type ScriptEnd } from './ipxe-script.ts';
import type { Life } from './life.ts';
import { fetchByHttp, loadFirmwareFile } from './loader.ts';
import { type OsAnswer, type OsEdge, readIgnition } from './os.ts';

export const stages = [
  'off',
  'firmware',
  'loader',
  'ipxe',
  'script',
  'kernel',
  'ignition',
  'up',
  'dark',
] as const;
/** `dark`: it has power and has given up. */
export type Stage = (typeof stages)[number];

export type MachineSettings = {
  readonly serial: string;
  readonly mac: MacAddress;
  /** 16 bytes, as SMBIOS has them in memory. */
  readonly uuid: Uint8Array;
  readonly firmware: Firmware;
  /** Divides the firmware's own waits (self-test, offers, kernel start); time-outs stay what they are. */
  readonly hurry: number;
  /** Where TFTP is asked for; 69 unless the servers may not use it. */
  readonly tftpPort: number;
};

export type Booting = MachineSettings & {
  readonly world: Pick<World, 'net' | 'http'> & { readonly clock: Clock; readonly chance: Chance };
  readonly cable: Cable;
  readonly life: Life;
  readonly identity: Identity;
  readonly say: (stage: Stage, text: string) => void;
  /** Notes the address and passes the lease on. */
  readonly lent: (lease: Lease | undefined) => Lease | undefined;
  readonly refusesLoader: () => boolean;
};

/** Where the kernel command line names its Ignition (coreos.config.url is Container Linux's, the other Flatcar's). */
const ignitionUrl = /(?:^| )(?:coreos|ignition|flatcar)\.config\.url=(\S+)/;
const ignitionRetryMs = 5_000;
const chainRetryMs = 1_000;

/** From power on until an OS runs or the firmware has given up; then only its power changes anything. */
export async function live(
  machine: Booting,
  osEdge: OsEdge,
  answer: () => OsAnswer,
  up: (address: string) => void,
): Promise<void> {
  for (;;) {
    const booted = await boot(machine);
    if (booted.kind === 'boot') {
      await startOs(machine, booted, osEdge, answer, up);
      return;
    }
    const text = booted.kind === 'failed' ? booted.text : `iPXE ended: ${booted.kind}`;
    machine.say('dark', text);
    const afterMs = machine.firmware.afterFailureMs;
    if (afterMs === undefined) return;
    await machine.life.wait(afterMs / machine.hurry);
    machine.say('firmware', 'starts over');
  }
}

async function boot(machine: Booting): Promise<ScriptEnd> {
  const { firmware, life } = machine;
  await life.wait(firmware.powerOnToDhcpMs / machine.hurry);
  if (firmware.first !== undefined) {
    const loaded = await loadIpxe(machine, firmware.first);
    if (loaded !== undefined) return loaded;
    await life.wait(firmware.loaderStartMs / machine.hurry);
  }
  const lease = machine.lent(
    await obtainLease(
      { ...machine, clock: machine.world.clock, chance: machine.world.chance },
      firmware.ipxe,
      () => true,
    ),
  );
  if (lease === undefined) return failed('iPXE got no lease');
  machine.say('ipxe', `iPXE has ${lease.address} and ${lease.file || 'nothing to boot'}`);
  if (lease.file === '') return failed('iPXE was given nothing to boot');
  const host = scriptHost(machine, lease);
  const first = await host.fetch(lease.file);
  if (!first.ok) return failed(`${lease.file}: ${first.error}`);
  machine.say('script', `follows ${lease.file}`);
  const script = { url: lease.file, text: new TextDecoder().decode(first.value) };
  const end = await runScript(host, script);
  // iPXE's autoboot tries once more before it hands back to the firmware.
  if (end.kind !== 'failed') return end;
  await life.wait(chainRetryMs);
  return runScript(host, script);
}

/** The firmware's own DHCP and download; undefined when the loader runs. */
async function loadIpxe(
  machine: Booting,
  first: NonNullable<Firmware['first']>,
): Promise<ScriptEnd | undefined> {
  const isHttp = first.loader === 'http';
  const lease = machine.lent(
    await obtainLease(
      { ...machine, clock: machine.world.clock, chance: machine.world.chance },
      first.persona,
      // OVMF ignores an offer without option 60 = HTTPClient, silently.
      (offer) => !isHttp || startsWithText(offer.options.get(60), 'HTTPClient'),
    ),
  );
  if (lease === undefined) return failed('firmware got no lease');
  machine.say('loader', `has ${lease.address}, loads ${lease.file || 'nothing'}`);
  if (lease.file === '') return failed('firmware was given no boot file');
  const loader = await loadFirmwareFile(
    { ...machine, ...machine.world, address: lease.address },
    first.loader,
    lease,
  );
  if (!loader.ok) return failed(`${lease.file}: ${loader.error}`);
  if (machine.refusesLoader()) return failed(`${lease.file}: Access Denied (secure boot)`);
  if (!isRunnable(machine.firmware, loader.value)) {
    return failed(`${lease.file}: not a program for ${machine.firmware.kind}`);
  }
  machine.say('loader', `loaded ${lease.file}, ${loader.value.length} bytes`);
  return undefined;
}

async function startOs(
  machine: Booting,
  booted: Extract<ScriptEnd, { kind: 'boot' }>,
  osEdge: OsEdge,
  answer: () => OsAnswer,
  up: (address: string) => void,
): Promise<void> {
  const { life, world } = machine;
  const initrdBytes = booted.initrds.reduce((sum, image) => sum + image.bytes.length, 0);
  machine.say('kernel', `kernel ${booted.kernel.bytes.length} + initrd ${initrdBytes} bytes`);
  await life.wait(machine.firmware.kernelToOsMs / machine.hurry);
  let lease: Lease | undefined;
  while (lease === undefined) {
    lease = machine.lent(
      await obtainLease(
        { ...machine, clock: world.clock, chance: world.chance },
        osPersona,
        () => true,
      ),
    );
  }
  const url = ignitionUrl.exec(booted.commandLine)?.[1];
  if (url === undefined) return machine.say('dark', 'the kernel command line names no Ignition');
  machine.say('ignition', `OS has ${lease.address}, asks for ${url}`);
  // Ignition never gives up: a machine without its configuration must not come up half configured.
  for (;;) {
    const fetched = await life.during(fetchByHttp(world.http, url, 'Ignition/0.34.0'));
    const config = fetched.ok ? readIgnition(new TextDecoder().decode(fetched.value)) : fetched;
    if (config.ok) {
      const listening = await life.during(osEdge.listen(config.value.address, answer));
      if (listening.ok) {
        life.onEnd(listening.value);
        up(config.value.address);
        return machine.say('up', `OS up at ${config.value.address}`);
      }
      machine.say('ignition', listening.error);
    } else {
      machine.say('ignition', `${url}: ${config.error}`);
    }
    await life.wait(ignitionRetryMs);
  }
}

function scriptHost(machine: Booting, lease: Lease) {
  return {
    fetch: (url: string) =>
      machine.life.during(fetchByHttp(machine.world.http, url, 'iPXE/1.0.0+')),
    wait: (seconds: number) => machine.life.wait((seconds * 1_000) / machine.hurry),
    echo: () => {},
    variables: new Map([
      ['serial', machine.serial],
      ['mac', machine.mac],
      ['uuid', uuidText(machine.uuid)],
      ['ip', lease.address],
      ['next-server', lease.nextServer],
      ['filename', lease.file],
      ['platform', machine.firmware.kind.startsWith('uefi') ? 'efi' : 'pcbios'],
      ['buildarch', machine.firmware.kind.startsWith('uefi') ? 'x86_64' : 'i386'],
      ['version', '1.0.0+'],
    ]),
  };
}

/** UEFI runs PE images (`MZ`), a PXE ROM runs anything but. */
function isRunnable(firmware: Firmware, loader: Uint8Array): boolean {
  const isPe = loader[0] === 0x4d && loader[1] === 0x5a;
  return loader.length > 0 && firmware.kind.startsWith('uefi') === isPe;
}

function startsWithText(bytes: Uint8Array | undefined, text: string): boolean {
  return new TextDecoder('latin1').decode(bytes ?? new Uint8Array()).startsWith(text);
}

function uuidText(memory: Uint8Array): string {
  const hex = (from: number, to: number, swap: boolean) => {
    const octets = [...memory.subarray(from, to)];
    return (swap ? octets.reverse() : octets).map((o) => o.toString(16).padStart(2, '0')).join('');
  };
  return [
    hex(0, 4, true),
    hex(4, 6, true),
    hex(6, 8, true),
    hex(8, 10, false),
    hex(10, 16, false),
  ].join('-');
}

function failed(text: string): ScriptEnd {
  return { kind: 'failed', text };
}
