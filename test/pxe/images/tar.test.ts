import { describe, expect, it } from 'vitest';
import { readImageTar } from '../../../src/pxe/images/tar.ts';
import { pieces, tarOf, utf8 } from '../../support/tar.ts';

const gzipped = new Uint8Array(1_024);
gzipped.set([0x1f, 0x8b, 8]);

describe('the tar of an image', () => {
  it.each([
    [
      'names with a path',
      tarOf([['./kernel', utf8('k')]]),
      /^the tar holds ".*kernel"; it must hold exactly kernel and initrd.gz$/,
    ],
    ['one that is compressed', gzipped, /compressed \(gzip\); send it uncompressed/],
  ])('with %s is refused with what would be right', async (_, tar, why) => {
    const read = await readImageTar(pieces(tar), 10_000, async () => ({
      write: async () => {},
      end: async () => {},
    }));
    expect(read).toMatchObject({ ok: false, error: { text: expect.stringMatching(why) } });
  });
});
