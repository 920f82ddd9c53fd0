/** Files that come with the program. */

import { join } from 'node:path';

/** The helper that hosts download to unlock their disks; the build puts it beside the one file. */
export const cryptsetupBeside = join(
  import.meta.dirname,
  '..',
  '..',
  '..',
  'bin',
  'sabakan-cryptsetup',
);
