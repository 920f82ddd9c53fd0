/**
 * Six faults, each under a machine with real firmware: what the server says is missing must be what is missing.
 *
 * They stand side by side: what drops packets drops those of one machine, the broken template is of one role, and the
 * two faults that are the whole server's or a whole rack's have a bench of their own.
 */

import type { Bench, Rack } from './bench.ts';
import type { FirmwareKind } from './firmware.ts';
import type { BootMachine } from './machine.ts';
import { evidenceOf, type Report, secondsSince } from './report.ts';
import { until } from './requests.ts';
import type { BootServer } from './server.ts';

export type Fault = {
  readonly name: string;
  readonly kind: FirmwareKind;
  readonly rack: Rack;
  readonly role?: string;
  /** Before the machine is powered on. */
  readonly prepare?: (bench: Bench, serial: string) => Promise<void>;
  /** As soon as it is. */
  readonly strike?: (bench: Bench, machine: BootMachine) => Promise<void>;
  /** The step that does not come, as the API of boots names it. */
  readonly missing: readonly string[];
};

const brokenRole = 'broken';

/** Faults of one machine each. */
export const ownFaults: readonly Fault[] = [
  {
    name: 'UDP 69 is dropped',
    kind: 'uefi-pxe',
    rack: 0,
    strike: async ({ lab }, { mac }) => lab.drop(mac, 'udp', 69),
    missing: ['loader'],
  },
  {
    name: 'TCP 10080 is dropped',
    kind: 'bios-ipxe-rom',
    rack: 0,
    strike: async ({ lab }, { mac }) => lab.drop(mac, 'tcp', 10_080),
    missing: ['chain-script'],
  },
  {
    name: 'the Ignition template is broken',
    kind: 'bios-ipxe-rom',
    rack: 0,
    role: brokenRole,
    prepare: async ({ server }) => server.breakTemplate(brokenRole),
    missing: ['ignition'],
  },
  {
    name: 'the relay is unplugged',
    kind: 'uefi-pxe',
    rack: 1,
    // A relay that is away from the start leaves nothing to be seen at all.
    strike: async ({ lab, server }, machine) => {
      await until(machine.poweredOnAt + faultDeadlineMs, async () =>
        server.log().includes(machine.mac),
      );
      lab.unplugRelay();
    },
    // By when the cable is out.
    missing: ['firmware-ack', 'loader-size', 'loader'],
  },
];

/** Faults of all machines of a server or rack. */
export const wideFaults: readonly Fault[] = [
  {
    name: 'the image is removed',
    kind: 'bios-ipxe-rom',
    rack: 1,
    prepare: async ({ server }) => server.removeImage(),
    missing: ['script', 'kernel'],
  },
  {
    name: 'the pool is used up',
    kind: 'bios-ipxe-rom',
    rack: 0,
    prepare: async ({ lab }) => lab.useUpPool(),
    missing: ['ipxe-offer', 'firmware-offer'],
  },
];

/** Some firmware needs two minutes on a busy host to come as far as the fault, on a slow one many more. */
const faultDeadlineMs = 1_800_000;

/** Powers a machine on for each fault, all at once, and waits until the server names a missing step. */
export async function bootWithFaults(
  bench: Bench,
  faults: readonly Fault[],
  report: Report,
): Promise<void> {
  const wanted = faults.map((fault, at) => ({ ...fault, serial: `fault-${at}-${fault.kind}` }));
  for (const { prepare, serial } of wanted) await prepare?.(bench, serial);
  await bench.server.register(wanted);
  await Promise.all(
    wanted.map(async (fault) => {
      const machine = bench.powerOn(fault);
      await fault.strike?.(bench, machine);
      const named = await missingStep(bench.server, machine, fault.missing);
      await report.tell(
        named !== undefined && fault.missing.includes(named.step),
        `${fault.name.padEnd(31)} ${fault.kind.padEnd(13)} named after ${secondsSince(machine.poweredOnAt)} s: ` +
          `${named === undefined ? 'nothing' : `${named.step} (${named.cause})`}`,
        () => evidenceOf(bench.server, machine),
      );
    }),
  );
}

type Named = { readonly step: string; readonly cause: string };

/**
 * What the newest boot of a machine lacks, once its server says that it is stuck there; else what it said last. On a
 * slow host firmware may be given up on the way and go on.
 */
async function missingStep(
  server: BootServer,
  machine: BootMachine,
  wanted: readonly string[],
): Promise<Named | undefined> {
  let named: Named | undefined;
  await until(machine.poweredOnAt + faultDeadlineMs, async () => {
    const boot = await server.newestBoot(machine.mac);
    if (boot?.state === 'stuck' && boot.awaited !== undefined) {
      named = { step: boot.awaited, cause: boot.cause };
    }
    return named !== undefined && wanted.includes(named.step);
  });
  return named;
}
