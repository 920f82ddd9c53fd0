/** Chance that nobody can foresee, and SHA-256, from Node. */

import { createHash, randomBytes } from 'node:crypto';
import type { Secrets } from '../who/token.ts';

export const systemSecrets: Secrets = {
  random: (octets) => randomBytes(octets),
  sha256: (text) => createHash('sha256').update(text).digest('hex'),
};
