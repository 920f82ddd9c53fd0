/**
 * `npm run test:boot`: real firmware boots from real servers, directly and behind a relay agent.
 *
 *   npm run test:boot                          all of it
 *   npm run test:boot -- uefi-pxe uefi-http    these kinds of firmware and nothing else
 *   npm run test:boot -- --only matrix         one part: matrix, faults, discovery, proxy or turns
 *
 * Prints a line for each thing that was looked at, and `N passed, N failed` at the end.
 */

import { parseArgs } from 'node:util';
import { type Bench, type BenchWays, isSecureKind, openBench } from './bench.ts';
import { approveStranger, lookInside } from './discovery.ts';
import { bootWithFaults, ownFaults, wideFaults } from './faults.ts';
import { type FirmwareKind, firmwareKinds } from './firmware.ts';
import { bootKinds, killOne } from './matrix.ts';
import { bootBesideAnother } from './proxy.ts';
import { createReport, secondsSince } from './report.ts';
import { waitForTurn } from './turns.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' } },
});
const report = createReport();
const benches = new Set<Bench>();
const startedAt = Date.now();

/** Runs one part on a bench of its own; what it throws is a failure of that part alone. */
async function on(
  name: string,
  work: (bench: Bench) => Promise<void>,
  ways: BenchWays = {},
): Promise<void> {
  let bench: Bench | undefined;
  try {
    bench = await openBench(name, ways);
    benches.add(bench);
    await work(bench);
  } catch (problem) {
    const text = problem instanceof Error ? problem.stack : String(problem);
    const log = async () => bench?.server.log().slice(-4000) ?? '';
    await report.tell(false, `the test itself stopped: ${text}`, log);
  } finally {
    if (bench !== undefined && benches.delete(bench)) await bench.close();
  }
}

async function matrix(kinds: readonly FirmwareKind[]): Promise<void> {
  const plain = kinds.filter((kind) => !isSecureKind(kind));
  const secure = kinds.filter(isSecureKind);
  const isWhole = kinds.length === firmwareKinds.length;
  await Promise.all([
    plain.length > 0 &&
      on('m', async (bench) => {
        await bootKinds(bench, plain, report);
        if (isWhole) await killOne(bench, report);
      }),
    secure.length > 0 && on('s', (bench) => bootKinds(bench, secure, report), { isSecure: true }),
  ]);
}

async function faults(): Promise<void> {
  await Promise.all([
    on('f', (bench) => bootWithFaults(bench, ownFaults, report)),
    on('w', (bench) => bootWithFaults(bench, wideFaults, report)),
  ]);
}

async function discovery(): Promise<void> {
  await Promise.all([
    on('d', (bench) => approveStranger(bench, report)),
    on('i', (bench) => lookInside(bench, report), { looksInside: true }),
  ]);
}

const parts: Readonly<Record<string, () => Promise<void>>> = {
  matrix: () => matrix(firmwareKinds),
  faults,
  discovery,
  proxy: () => on('p', (bench) => bootBesideAnother(bench, report)),
  turns: () => on('t', (bench) => waitForTurn(bench, report), { downloadsMax: 1 }),
};

const unknown = positionals.filter((name) => !firmwareKinds.some((kind) => kind === name));
if (unknown.length > 0 || (values.only !== undefined && parts[values.only] === undefined)) {
  console.error(
    `usage: npm run test:boot -- [--only ${Object.keys(parts).join('|')}] [${firmwareKinds.join('|')}]…`,
  );
  process.exit(2);
}

const stop = async (code: number): Promise<void> => {
  await Promise.all([...benches].map((bench) => bench.close()));
  process.exit(code);
};
process.once('SIGINT', () => void stop(130));
process.once('SIGTERM', () => void stop(143));

if (positionals.length > 0)
  await matrix(firmwareKinds.filter((kind) => positionals.includes(kind)));
else if (values.only !== undefined) await parts[values.only]?.();
else {
  // Two cores carry some sixteen machines at once: those of the matrix, then all others.
  const { matrix: first, ...others } = parts;
  await first?.();
  await Promise.all(Object.values(others).map((part) => part()));
}
const { passed, failed } = report.counts();
console.log(`test:boot took ${secondsSince(startedAt)} s`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
