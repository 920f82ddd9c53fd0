/** Every kind of firmware, directly and behind the relay, to `healthy` and into the cluster; then one dies. */

import type { Bench, Rack, Wanted } from './bench.ts';
import { type FirmwareKind, firmwares } from './firmware.ts';
import type { BootMachine } from './machine.ts';
import { evidenceOf, type Report, secondsSince } from './report.ts';
import { type Outcome, until } from './requests.ts';
import { stagesOf } from './stages.ts';

/** Sixteen machines at once on two cores take some two minutes; this is for hosts that are many times slower. */
export const bootDeadlineMs = 1_800_000;
const leaveDeadlineMs = 900_000;
/** One control plane and the four workers of the server's configuration. */
const memberCount = 5;

/** All of `kinds` in both racks at once. */
export async function bootKinds(
  bench: Bench,
  kinds: readonly FirmwareKind[],
  report: Report,
): Promise<void> {
  const wanted: readonly Wanted[] = ([0, 1] as const).flatMap((rack: Rack) =>
    kinds.map((kind) => ({ kind, rack, serial: `${kind}-r${rack}` })),
  );
  await bench.server.register(wanted);
  await Promise.all(
    wanted.map(bench.powerOn).map(async (machine) => {
      const deadline = machine.poweredOnAt + bootDeadlineMs;
      const waited = await arrivalOf(bench, machine, deadline);
      const where = machine.rack === 0 ? 'direct' : 'relayed';
      const files = bench.server.bootFilesOf(machine.mac);
      const { told } = firmwares[machine.kind];
      const isItsWay = files.some((file) => file.endsWith(told));
      const stages = await stagesOf(bench.server, machine);
      await report.tell(
        waited.ok && isItsWay,
        `${machine.kind.padEnd(15)} ${where.padEnd(8)} ${stages}`,
        async () =>
          `${waited.text}\nboot files: ${files.join(' ')}; one must end with ${told}\n${await evidenceOf(bench.server, machine)}`,
      );
    }),
  );
}

/** A machine that cannot come as far as `healthy` is waited for on its console. */
async function arrivalOf(bench: Bench, machine: BootMachine, deadline: number): Promise<Outcome> {
  const { goal } = firmwares[machine.kind];
  if (goal === undefined) return bench.server.waitFor(machine.serial, 'healthy', deadline);
  const ok = await until(deadline, async () => machine.console().includes(goal));
  return { ok, text: ok ? '' : `the console of ${machine.serial} does not say ${goal}` };
}

/** The machines that booted become a cluster; one that dies leaves it. */
export async function killOne(bench: Bench, report: Report): Promise<void> {
  const { server } = bench;
  const members = await server.waitForMembers(memberCount, Date.now() + leaveDeadlineMs);
  await report.tell(members.ok, `cluster.yml has ${members.text}`);
  const victim = await server.aWorker();
  const killedAt = Date.now();
  await bench.kill(victim);
  const gone = await server.waitFor(victim, 'unreachable', killedAt + leaveDeadlineMs);
  await report.tell(
    gone.ok,
    `${victim} was killed and is unreachable after ${secondsSince(killedAt)} s`,
  );
  const left = await server.waitUntilNotMember(victim, killedAt + leaveDeadlineMs);
  await report.tell(
    left.ok,
    `${victim} left cluster.yml after ${secondsSince(killedAt)} s; ${left.text}`,
  );
}
