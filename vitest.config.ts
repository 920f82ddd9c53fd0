import { defineConfig } from 'vitest/config';

// Fast first: `unit` needs no socket, process or disk and shares one worker; `contract`, `compat` (Sabakan's behaviour
// on the wire) and `e2e` start real processes and keep their isolation.

/**
 * Where real processes run, a deadline only ends what would never end: a machine many times slower than the author's must
 * pass. How long anything takes is measured by `npm run bench`.
 */
const patient = {
  testTimeout: 300_000,
  hookTimeout: 300_000,
  expect: { poll: { timeout: 60_000, interval: 50 } },
};
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          setupFiles: ['test/support/seeds.ts'],
          include: ['test/**/*.test.ts'],
          exclude: [
            'test/e2e/**',
            'test/contract/**',
            'test/compat/**',
            'test/boot/**',
            'test/bench/**',
          ],
          isolate: false,
          pool: 'threads',
          maxWorkers: 1,
          // Virtual time needs no deadline; this one only ends what would never end, also on a crowded machine.
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'contract',
          setupFiles: ['test/support/seeds.ts'],
          include: ['test/contract/**/*.test.ts'],
          ...patient,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'compat',
          setupFiles: ['test/support/seeds.ts'],
          include: ['test/compat/**/*.test.ts'],
          ...patient,
          // Mostly waiting: the scenarios of several servers take a minute, for what is deleted to go.
          maxWorkers: 3,
        },
      },
      {
        test: {
          name: 'e2e',
          setupFiles: ['test/support/seeds.ts'],
          include: ['test/e2e/**/*.test.ts'],
          ...patient,
          maxWorkers: 2,
        },
      },
    ],
  },
});
