/** Machines nobody registered. */

import type { Bench } from './bench.ts';
import { bootDeadlineMs } from './matrix.ts';
import { evidenceOf, type Report, secondsSince } from './report.ts';
import { until } from './requests.ts';

/** One appears, waits in its iPXE, is approved by one command and goes on: no second power-on. */
export async function approveStranger(bench: Bench, report: Report): Promise<void> {
  const { server } = bench;
  await server.askAboutStrangers();
  const machine = bench.powerOn({ serial: 'stranger', kind: 'bios-ipxe-rom', rack: 0 });
  const { serial, mac, poweredOnAt } = machine;
  const deadline = poweredOnAt + bootDeadlineMs;
  const evidence = () => evidenceOf(server, machine);

  const seen = await until(deadline, async () => {
    const found = await server.discovery(mac);
    return found?.state === 'waiting' && found.serial === serial && found.confirmed;
  });
  const text = JSON.stringify(await server.discovery(mac));
  await report.tell(
    seen,
    `an unregistered machine is waiting after ${secondsSince(poweredOnAt)} s`,
    async () => `${text}\n${await evidence()}`,
  );
  if (!seen) return;

  const id = mac.replaceAll(':', '-');
  const told = [`id ${id}`, `serial ${serial}`, `tetsu approve ${id} --role ROLE`];
  // It is shown when the answer is there, which is after the server knows.
  const isShown = await until(deadline, async () =>
    told.every((text) => machine.console().includes(text)),
  );
  await report.tell(isShown, `its screen says who it is and how to approve it`, evidence);

  const approvedAt = Date.now();
  const answer = await server.tetsu('approve', serial, '--role', 'cs', '--rack', '0', '--yes');
  await report.tell(answer.ok, `tetsu approve ${serial}: ${answer.text.trim()}`, evidence);
  const healthy = await server.waitFor(serial, 'healthy', deadline);
  // QEMU ends instead of resetting, so a machine that is up was powered on once.
  await report.tell(
    healthy.ok,
    `it is healthy ${secondsSince(approvedAt)} s after its approval, powered on once`,
    async () => `${healthy.text}\n${await evidence()}`,
  );
}

/** It boots the discovery image, which tells what it is made of, and restarts by itself into its own once approved. */
export async function lookInside(bench: Bench, report: Report): Promise<void> {
  const { server } = bench;
  await server.askAboutStrangers();
  const wanted = { serial: 'inside', kind: 'bios-ipxe-rom', rack: 0, isLasting: true } as const;
  const machine = bench.powerOn(wanted);
  const { serial, mac, poweredOnAt } = machine;
  const deadline = poweredOnAt + bootDeadlineMs;
  const evidence = () => evidenceOf(server, machine);

  const told = await until(deadline, async () => (await server.discovery(mac))?.facts != null);
  const facts = (await server.discovery(mac))?.facts;
  const isRight =
    facts != null &&
    facts.cpu.threads === 1 &&
    facts.memoryKiB > 100_000 &&
    facts.disks.some((disk) => disk.sectors === 2_097_152 && disk.serial === 'DISK-1') &&
    facts.nics.some((card) => card.mac === mac && card.driver === 'virtio_net') &&
    !facts.bmc.present &&
    facts.firmware.kind === 'bios' &&
    facts.system.serial === serial;
  await report.tell(
    told && isRight,
    `the discovery image tells what an unregistered machine is made of after ${secondsSince(poweredOnAt)} s`,
    async () => `${JSON.stringify(facts)}\n${await evidence()}`,
  );
  if (!told) return;

  const approvedAt = Date.now();
  const answer = await server.tetsu('approve', serial, '--role', 'cs', '--yes');
  await report.tell(answer.ok, `tetsu approve ${serial}: ${answer.text.trim()}`, evidence);
  const healthy = await server.waitFor(serial, 'healthy', approvedAt + bootDeadlineMs);
  await report.tell(
    healthy.ok,
    `it restarts by itself and is healthy ${secondsSince(approvedAt)} s after its approval`,
    async () => `${healthy.text}\n${await evidence()}`,
  );
}
