/**
 * `npm test`: fast checks first, then what starts processes, then real firmware where this machine can. With names of
 * suites (`node scripts/test.ts compat`) those alone. Ends with `N passed, N failed`.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Count = { passed: number; failed: number; skipped: number };

const scratch = mkdtempSync(join(tmpdir(), 'tetsukan-test-'));
const total: Count = { passed: 0, failed: 0, skipped: 0 };

const suites = process.argv.slice(2);
for (const name of suites) suite(name);
if (suites.length === 0) {
  check('types', 'tsc', ['--noEmit']);
  check('format and lint', 'biome', ['check', '--error-on-warnings', '.']);
  check('dead code', 'knip', []);
  suite('unit');
  suite('contract');
  suite('compat');
  suite('e2e');
  chaos();
  boot();
}

rmSync(scratch, { recursive: true, force: true });
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;

function check(title: string, command: string, args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  const good = status === 0;
  console.log(`${good ? 'ok  ' : 'FAIL'} ${title} (${command})`);
  if (!good) console.log(`${stdout}${stderr}`);
  total[good ? 'passed' : 'failed'] += 1;
}

function suite(project: string): void {
  const report = join(scratch, `${project}.json`);
  const started = performance.now();
  const { status } = spawnSync(
    'vitest',
    [
      'run',
      '--project',
      project,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    { stdio: 'inherit' },
  );
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (!existsSync(report)) {
    console.log(`FAIL ${project}: the runner ended with status ${status} and left no report`);
    total.failed += 1;
    return;
  }
  const counts = JSON.parse(readFileSync(report, 'utf8'));
  total.passed += counts.numPassedTests;
  total.failed += counts.numFailedTests;
  total.skipped += counts.numPendingTests;
  // A file that fails to load, or an error outside any test, counts as well.
  if (status !== 0 && counts.numFailedTests === 0) total.failed += 1;
  console.log(
    `${status === 0 ? 'ok  ' : 'FAIL'} ${project}: ${counts.numPassedTests} tests in ${seconds} s`,
  );
}

/**
 * Servers and etcd members killed and frozen while clients work. The seed is the same in every run, so that a change is
 * judged by what it changed (of this one all are struck, in both ways); `CHAOS_SEED=random` hunts with another one, which is printed.
 */
function chaos(): void {
  const wished = process.env['CHAOS_SEED'] ?? '3';
  const seed = wished === 'random' ? [] : ['--seed', wished];
  const { status } = spawnSync('node', ['test/chaos/main.ts', '--seconds', '45', ...seed], {
    stdio: 'inherit',
  });
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} chaos`);
  total[status === 0 ? 'passed' : 'failed'] += 1;
}

/** Real firmware needs root (network namespaces) and QEMU; where they are missing that is said, not hidden. */
function boot(): void {
  const why =
    process.getuid?.() !== 0
      ? 'not root, so no network namespaces can be made'
      : !existsSync('/usr/bin/qemu-system-x86_64')
        ? 'qemu-system-x86_64 is not installed'
        : !existsSync('test/boot/main.ts')
          ? 'test/boot/main.ts is missing'
          : undefined;
  if (why !== undefined) {
    console.log(`skip boot test with real firmware: ${why}`);
    total.skipped += 1;
    return;
  }
  const { status, stdout } = spawnSync('node', ['test/boot/main.ts'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.stdout.write(stdout.replace(/^(\d+ passed, \d+ failed.*)$/m, 'boot: $1'));
  const [, passed = '0', failed = '0'] = /^(\d+) passed, (\d+) failed/m.exec(stdout) ?? [];
  total.passed += Number(passed);
  total.failed += Number(failed);
  if (status !== 0 && Number(failed) === 0) total.failed += 1;
}
