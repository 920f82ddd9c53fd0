import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/sabakan/config.ts';
import { missingLine, readPage } from '../support/page.ts';
import { startTetsuServer, type TetsuServer } from '../support/tetsu.ts';

const names = readdirSync('docs').filter((name) => name.endsWith('.md'));
const all = await Promise.all(names.map((name) => readPage(join('docs', name))));
/** Those with commands; the others only explain. */
const pages = all.filter(({ steps }) => steps.some(({ kind }) => kind === 'run'));

describe.each(pages)('what $name tells people to do works', (page) => {
  it('command by command, in order', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tetsukan-docs-'));
    const server = await startTetsuServer({ etcd: undefined, more: page.configuration });
    try {
      let printed = '';
      for (const step of page.steps) {
        const where = `${page.name}:${step.line}`;
        if (step.kind === 'file') {
          await mkdir(dirname(join(folder, step.name)), { recursive: true });
          await writeFile(join(folder, step.name), here(step.text, server));
        }
        if (step.kind === 'output') {
          expect(missingLine(step.lines, printed), `${where}: missing in\n${printed}`).toBe(
            undefined,
          );
        }
        if (step.kind === 'run') {
          const ended = await shell(here(step.script, server), folder, server);
          expect(ended.code, `${where}: ${ended.text}`).toBe(step.exit);
          printed = ended.text;
        }
      }
    } finally {
      server.signal('SIGTERM');
      await server.ended;
      await rm(folder, { recursive: true, force: true });
    }
  }, 900_000);
});

/** The page's server is the one that was started for it. */
function here(text: string, { url }: TetsuServer): string {
  return text.replaceAll('http://localhost:10080', url).replaceAll('npx tetsu', 'tetsu');
}

/** What it printed, on both outputs in order, and how it ended. */
async function shell(
  script: string,
  folder: string,
  { url }: TetsuServer,
): Promise<{ readonly code: number; readonly text: string }> {
  const state = join(folder, '.variables');
  // Variables stay from one block to the next, as in the reader's shell.
  const whole = `exec 2>&1; touch ${state}; . ${state}; trap 'declare -p | grep -E "^declare -[x-]+ [A-Z][A-Z0-9]*=" > ${state}' EXIT\n${script}`;
  const environment = {
    ...process.env,
    HOME: folder,
    XDG_CONFIG_HOME: join(folder, '.config'),
    PATH: `${resolve('bin')}${delimiter}${process.env['PATH']}`,
    TETSU_SERVER: url,
  };
  return new Promise((settle) => {
    execFile(
      'bash',
      ['-euc', whole],
      { cwd: folder, env: environment, timeout: 300_000 },
      (problem, text) => settle({ code: problem === null ? 0 : Number(problem.code ?? 1), text }),
    );
  });
}

describe('what the pages say of the configuration is so', () => {
  it("the README's configuration is one", async () => {
    const readme = await readFile('README.md', 'utf8');
    const [, yaml = ''] = /^```yaml\n(.*?)^```/ms.exec(readme) ?? [];
    expect(parseConfig(yaml)).toMatchObject({ ok: true });
  });
});
