import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { flagNames, parseConfig } from '../../src/sabakan/config.ts';
import { startTetsuServer, type TetsuServer } from '../support/tetsu.ts';

const run = promisify(execFile);

type Block = { readonly language: string; readonly text: string };

/** The fenced blocks of a page, in order. */
async function blocksOf(page: string): Promise<readonly Block[]> {
  const blocks: Block[] = [];
  let open: { language: string; lines: string[] } | undefined;
  for (const line of (await readFile(page, 'utf8')).split('\n')) {
    if (!line.startsWith('```')) open?.lines.push(line);
    else if (open === undefined) open = { language: line.slice(3), lines: [] };
    else {
      blocks.push({ language: open.language, text: open.lines.join('\n') });
      open = undefined;
    }
  }
  return blocks;
}

describe('what the pages tell people to do works', () => {
  let server: TetsuServer;
  let folder: string;
  beforeAll(async () => {
    server = await startTetsuServer({ etcd: undefined });
    folder = await mkdtemp(join(tmpdir(), 'tetsukan-docs-'));
  });
  afterAll(async () => {
    server.signal('SIGTERM');
    await server.ended;
    await rm(folder, { recursive: true, force: true });
  });

  it('docs/getting-started.md, command by command', async () => {
    const blocks = await blocksOf('docs/getting-started.md');
    const [ipam, ignition] = blocks.filter(({ language }) => language === 'json');
    const commands = blocks.filter(({ language }) => language === '').map(({ text }) => text);
    await writeFile(join(folder, 'ipam.json'), ipam?.text ?? '');
    await writeFile(join(folder, 'ignition.json'), ignition?.text ?? '');
    await writeFile(join(folder, 'kernel'), 'kernel');
    await writeFile(join(folder, 'initrd.gz'), 'initrd');
    const script = commands
      .join('\n')
      .replaceAll('http://localhost:10080', server.url)
      .replaceAll('npx tetsu', 'tetsu');
    const { stdout } = await run('bash', ['-euc', script], {
      cwd: folder,
      env: {
        ...process.env,
        PATH: `${resolve('bin')}${delimiter}${process.env['PATH']}`,
        TETSU_SERVER: server.url,
      },
    });
    expect(stdout).toMatch(/ABC123\s+1\s+4\s+worker\s+uninitialized\s+\S+\s+10\.69\.0\.196/);
    const rendered = await fetch(`${server.url}/api/v1/boot/ignitions/ABC123/1.0.0`);
    expect(await rendered.text()).toContain('Address=10.69.0.196/26\\nGateway=10.69.0.193');
  });

  it("the README's configuration is one", async () => {
    const [yaml] = (await blocksOf('README.md')).filter(({ language }) => language === 'yaml');
    expect(parseConfig(yaml?.text ?? '')).toMatchObject({ ok: true });
  });

  it("docs/configuration.md names every one of Sabakan's flags' members", async () => {
    const page = await readFile('docs/configuration.md', 'utf8');
    const members = flagNames.map((flag) => flag.replace(/^etcd-/, ''));
    expect(members.filter((member) => !page.includes(member))).toEqual([]);
  });

  it('the defaults in docs/configuration.md are taken as they are written', async () => {
    const page = await readFile('docs/configuration.md', 'utf8');
    const tree: Record<string, unknown> = {};
    for (const [, names = '', defaults = ''] of page.matchAll(/^\| (`[^|]+) \| (`[^|]+) \|/gm)) {
      const values = [...defaults.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
      const paths = [...names.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
      const folderOf = (paths[0] ?? '').split('.').slice(0, -1);
      paths.forEach((path, at) => {
        const full = path.includes('.') ? path.split('.') : [...folderOf, path];
        put(tree, full, parse(values[at] ?? values[0] ?? ''));
      });
    }
    delete tree['server-name'];
    const etcd = tree['etcd'] as Record<string, unknown>;
    delete etcd['embedded'];
    const text = JSON.stringify({
      ...tree,
      'advertise-url': 'http://10.69.0.3:10080',
      'advertise-url-https': 'https://10.69.0.3:10443',
      cluster: { ...(tree['cluster'] as object), template: '/t.yml', output: '/c.yml' },
    });
    const config = parseConfig(text);
    expect(config.ok ? [] : config.error).toEqual([]);
  });
});

function put(tree: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name = '', ...rest] = path;
  if (rest.length === 0) {
    tree[name] = value;
    return;
  }
  const below = (tree[name] ?? {}) as Record<string, unknown>;
  tree[name] = below;
  put(below, rest, value);
}
