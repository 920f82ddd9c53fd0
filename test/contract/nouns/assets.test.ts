import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { getJson, saysTheSame } from '../../support/noun-contract.ts';
import { runTetsu } from '../../support/tetsu.ts';

describe('an asset', () =>
  saysTheSame({
    noun: 'assets',
    name: 'tool 日本.tar',
    without: ['here'],
    make: async ({ url }) => {
      const folder = await mkdtemp(join(tmpdir(), 'tetsukan-asset-'));
      const file = join(folder, 'tool');
      const args = ['upload', 'asset', 'tool 日本.tar', file, '--server', url];
      await writeFile(file, Buffer.alloc(1_000_000, 'x'));
      expect(await runTetsu([...args, '--type', 'application/x-tar'])).toMatchObject({ code: 0 });
      await writeFile(file, 'newer');
      expect((await runTetsu(args)).err).toMatch(/428/);
      expect((await runTetsu([...args, '--replace'])).out).toMatch(/is replaced: version 2, 5 B/);
      await rm(folder, { recursive: true });
    },
    others: [
      [
        'version 1',
        async (server) => {
          const place = `/api/v1/assets/${encodeURIComponent('tool 日本.tar')}/meta`;
          const { exists: _, urls: __, options: ___, ...meta } = await getJson(server, place);
          return meta;
        },
        ({ name, id, contentType, date, sizeBytes, sha256 }) => ({
          name,
          id,
          'content-type': contentType,
          date,
          size: sizeBytes,
          sha256,
        }),
      ],
    ],
  }));
