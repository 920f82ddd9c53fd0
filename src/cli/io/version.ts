/** The version of this program, from its package; the build writes it into the one file. */

import { createRequire } from 'node:module';

const packageJson = createRequire(import.meta.url)('../../../package.json') as {
  readonly version: string;
};

export const version: string = packageJson.version;
