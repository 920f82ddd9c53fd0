/**
 * A machine whose turn to load has not come, in a laboratory where one may load at a time: its iPXE says its place on the
 * console, asks again by itself, and goes on to healthy when the turn is free.
 */

import type { Bench } from './bench.ts';
import { bootDeadlineMs } from './matrix.ts';
import { evidenceOf, type Report, secondsSince } from './report.ts';
import { until } from './requests.ts';

/** Asks for its script again and again and loads nothing; its turn is its own until it falls silent. */
const holder = 'holder';
const askEveryMs = 5_000;

export async function waitForTurn(bench: Bench, report: Report): Promise<void> {
  const { server } = bench;
  await server.register([
    { serial: holder, rack: 1 },
    { serial: 'waiter', rack: 0 },
  ]);
  const first = await server.scriptOf(holder);
  await report.tell(first.includes('kernel '), 'the first machine gets its script at once');
  const machine = bench.powerOn({ serial: 'waiter', kind: 'bios-ipxe-rom', rack: 0 });
  const deadline = machine.poweredOnAt + bootDeadlineMs;
  const evidence = () => evidenceOf(server, machine);
  const told = (): number => machine.console().split('place 1 of 1, next try').length - 1;

  let askedAt = 0;
  const waits = await until(deadline, async () => {
    if (Date.now() - askedAt > askEveryMs) {
      askedAt = Date.now();
      await server.scriptOf(holder);
    }
    return told() >= 2;
  });
  await report.tell(
    waits,
    `iPXE says its place on the console, and again at its next try, ${secondsSince(machine.poweredOnAt)} s after power-on`,
    evidence,
  );
  let seen = await server.newestBoot(machine.mac);
  const isWaiting = await until(deadline, async () => {
    if (Date.now() - askedAt > askEveryMs) {
      askedAt = Date.now();
      await server.scriptOf(holder);
    }
    seen = await server.newestBoot(machine.mac);
    return seen?.state === 'running' && seen.awaited === 'script';
  });
  await report.tell(
    isWaiting,
    `meanwhile its boot is ${seen?.state}, and its script is waited for`,
    async () => JSON.stringify(seen),
  );
  if (!waits) return;

  const freeAt = Date.now();
  const healthy = await server.waitFor(machine.serial, 'healthy', freeAt + bootDeadlineMs);
  await report.tell(
    healthy.ok,
    `healthy ${secondsSince(freeAt)} s after the first machine fell silent, told to wait ${told()} times`,
    async () => `${healthy.text}\n${await evidence()}`,
  );
}
