/** Every noun that `tetsu get` lists. */

import { machineNoun } from './nouns/machine.ts';
import type { CliNoun } from './nouns/noun.ts';
import { rackNoun } from './nouns/rack.ts';

export const nouns: readonly CliNoun[] = [machineNoun, rackNoun];
