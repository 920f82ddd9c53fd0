/** A machine nobody registered appears, waits in its iPXE, is approved by one command and goes on: no second power-on. */

import type { Bench } from './bench.ts';
import { bootDeadlineMs } from './matrix.ts';
import { evidenceOf, type Report, secondsSince } from './report.ts';
import { until } from './requests.ts';

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
