/** Every noun that `tetsu get` lists. */

import { brakeNoun } from './nouns/brake.ts';
import { kernelParamsNoun } from './nouns/kernel-params.ts';
import { leaseNoun } from './nouns/lease.ts';
import { machineNoun } from './nouns/machine.ts';
import type { CliNoun } from './nouns/noun.ts';
import { rackNoun } from './nouns/rack.ts';
import { tokenNoun } from './nouns/token.ts';

export const nouns: readonly CliNoun[] = [
  machineNoun,
  rackNoun,
  leaseNoun,
  brakeNoun,
  kernelParamsNoun,
  tokenNoun,
];
