import { describe, expect, it } from 'vitest';
import { uploadAsset, uploadImage } from '../../../src/cli/commands/upload.ts';
import { exitCodes } from '../../../src/cli/failure.ts';
import type { Uploader } from '../../../src/cli/upload.ts';

const never: Uploader = async () => {
  throw new Error('it was sent');
};

describe('an upload', () => {
  it.each(['../x', '..', 'a/b', ''])('under %j is refused by name, not sent', async (name) => {
    const asImage = uploadImage(never, 'coreos', name, ['kernel', 'initrd.gz']);
    await expect(asImage).rejects.toMatchObject({
      message: `${JSON.stringify(name)} cannot be an image id: letters, digits, dots and hyphens, such as 3975.2.1`,
      exitCode: exitCodes.usage,
    });
    const asAsset = uploadAsset(never, name, 'file', { type: 'text/plain', replace: false });
    await expect(asAsset).rejects.toMatchObject({
      message: `${JSON.stringify(name)} cannot be an asset name: a name has no /`,
      exitCode: exitCodes.usage,
    });
  });
});
