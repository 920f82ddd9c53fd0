/**
 * `npm run test:boot`: real firmware boots from a real server, directly and behind a relay agent.
 *
 * Every machine must turn `healthy` in the inventory and appear in `cluster.yml`; then one is killed and must leave
 * again. Prints a line per machine with the seconds of each stage, and `N passed, N failed` at the end.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firmwareKinds } from './firmware.ts';
import { type BootMachine, powerOn } from './machine.ts';
import { openLab } from './network.ts';
import { buildOsImage } from './os-image.ts';
import { startServer } from './server.ts';
import { stagesOf } from './stages.ts';

/** Six machines at once on two cores take about a minute and a half; this is for machines that are slower. */
const bootDeadlineMs = 360_000;
const leaveDeadlineMs = 90_000;
/** One control plane and the four workers of the server's configuration. */
const memberCount = 5;

const folder = mkdtempSync(join(tmpdir(), 'tetsukan-boot-'));
const lab = openLab();
const running: BootMachine[] = [];
let passed = 0;
let failed = 0;

const stop = async (): Promise<void> => {
  await Promise.all(running.map((machine) => machine.kill()));
  await server?.stop();
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
};

function report(good: boolean, text: string): void {
  console.log(`${good ? 'ok  ' : 'FAIL'} ${text}`);
  if (good) passed += 1;
  else failed += 1;
}

let server: Awaited<ReturnType<typeof startServer>> | undefined;
process.once('SIGINT', () => void stop().then(() => process.exit(130)));
try {
  const os = buildOsImage(folder);
  server = await startServer(lab, folder, os);
  const kinds =
    process.argv.length > 2
      ? firmwareKinds.filter((kind) => process.argv.includes(kind))
      : firmwareKinds;
  const wanted = [0, 1].flatMap((rack) =>
    kinds.map((kind) => ({ kind, rack: rack as 0 | 1, serial: `${kind}-r${rack}` })),
  );
  await server.register(wanted.map(({ serial, rack }) => ({ serial, rack })));
  const poweredOnAt = Date.now();
  wanted.forEach((machine, at) => {
    running.push(powerOn(lab, folder, { ...machine, number: at + 1 }));
  });
  for (const machine of running) {
    const waited = await server.waitFor(machine.serial, 'healthy', poweredOnAt + bootDeadlineMs);
    const where = machine.rack === 0 ? 'direct' : 'relayed';
    report(
      waited.ok,
      `${machine.kind.padEnd(14)} ${where.padEnd(8)} ${await stagesOf(server, machine, poweredOnAt)}`,
    );
    if (!waited.ok)
      console.log(
        `${waited.text}\n--- console of ${machine.serial}\n${machine.console().slice(-2000)}`,
      );
  }

  const members = await server.waitForMembers(memberCount, Date.now() + leaveDeadlineMs);
  report(members.ok, `cluster.yml has ${members.text}`);

  const victim = await server.aWorker();
  const killedAt = Date.now();
  await running.find((machine) => machine.serial === victim)?.kill();
  const gone = await server.waitFor(victim, 'unreachable', killedAt + leaveDeadlineMs);
  report(gone.ok, `${victim} was killed and is unreachable after ${seconds(killedAt)} s`);
  const left = await server.waitUntilNotMember(victim, killedAt + leaveDeadlineMs);
  report(left.ok, `${victim} left cluster.yml after ${seconds(killedAt)} s; ${left.text}`);
} catch (problem) {
  report(
    false,
    `the test itself stopped: ${problem instanceof Error ? problem.stack : String(problem)}`,
  );
  console.log(server?.log().slice(-4000) ?? '');
} finally {
  await stop();
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function seconds(since: number): string {
  return ((Date.now() - since) / 1000).toFixed(1);
}
