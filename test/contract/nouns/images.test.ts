import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { getJson, saysTheSame } from '../../support/noun-contract.ts';
import { runTetsu } from '../../support/tetsu.ts';

describe('an image', () =>
  saysTheSame({
    noun: 'images',
    name: 'coreos/3975.2.1',
    without: ['here'],
    make: async ({ url }) => {
      const folder = await mkdtemp(join(tmpdir(), 'tetsukan-image-'));
      const [kernel, initrd] = [join(folder, 'k'), join(folder, 'i')];
      await writeFile(kernel, Buffer.alloc(300_001, 'k'));
      await writeFile(initrd, Buffer.alloc(2_000_000, 'i'));
      const args = ['upload', 'image', 'coreos', '3975.2.1', kernel, initrd, '--server', url];
      const { code, err, out } = await runTetsu(args);
      expect([code, err]).toEqual([0, '']);
      expect(out).toMatch(/^image coreos\/3975\.2\.1 is stored: 2\.2 MiB/);
      expect((await runTetsu(args)).out).toMatch(/was there already/);
      await writeFile(kernel, 'other');
      expect(await runTetsu(args)).toMatchObject({ code: 4 });
      await writeFile(kernel, '');
      expect(await runTetsu(args)).toMatchObject({
        code: 2,
        err: expect.stringMatching(/ is empty, so it is no kernel: no machine boots it/),
      });
      await rm(folder, { recursive: true });
    },
    others: [
      [
        'version 1',
        async (server) => {
          const [{ id, date, size, urls }] = await getJson(server, '/api/v1/images/coreos');
          return { id, date, size, urls };
        },
        ({ id, date, sizeBytes, servers }) => ({
          id,
          date,
          size: sizeBytes,
          urls: servers.map((base: string) => `${base}/api/v1/images/coreos/${id}`),
        }),
      ],
    ],
  }));
