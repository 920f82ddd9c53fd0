import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);
const demo = ['src/sim/main.ts', '--once', '--machines', '14'];

describe('npm run demo -- --once', () => {
  it('boots a fleet, kills a machine and ends well when it was swapped', async () => {
    const { stdout } = await run('node_modules/.bin/node', demo, { timeout: 400_000 });
    expect(stdout).toMatch(/failure\s+(\S+) loses its power/);
    const [, victim = ''] = /failure\s+(\S+) loses its power/.exec(stdout) ?? [];
    expect(stdout).toContain(`${victim} healthy -> unreachable`);
    expect(stdout).toMatch(new RegExp(`swap\\s+${victim} is out, \\S+ is in`));
  }, 420_000);

  it('says which package is missing where there is no etcd', async () => {
    const failed = run('node_modules/.bin/node', demo, {
      timeout: 120_000,
      env: { PATH: '/nonexistent' },
    });
    await expect(failed).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/apt-get install .*etcd-server/),
    });
  }, 150_000);
});
