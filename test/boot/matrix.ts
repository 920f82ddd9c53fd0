/** Every kind of firmware, directly and behind the relay, to `healthy` and into the cluster; then one dies. */

import type { Bench, Rack, Wanted } from './bench.ts';
import type { FirmwareKind } from './firmware.ts';
import { evidenceOf, type Report, secondsSince } from './report.ts';
import { stagesOf } from './stages.ts';

/** Twelve machines at once on two cores take some two minutes; this is for machines that are slower. */
export const bootDeadlineMs = 420_000;
const leaveDeadlineMs = 90_000;
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
      const waited = await bench.server.waitFor(machine.serial, 'healthy', deadline);
      const where = machine.rack === 0 ? 'direct' : 'relayed';
      const stages = await stagesOf(bench.server, machine);
      await report.tell(
        waited.ok,
        `${machine.kind.padEnd(15)} ${where.padEnd(8)} ${stages}`,
        async () => `${waited.text}\n${await evidenceOf(bench.server, machine)}`,
      );
    }),
  );
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
