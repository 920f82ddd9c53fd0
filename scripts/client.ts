/** `npm run client`: the typed client's operations and types, from the contract. */

import { writeFileSync } from 'node:fs';
import { operations } from '../src/sabakan/contract/operations.ts';
import { tableSource, typesSource } from './client-source.ts';

writeFileSync('src/client/generated/table.ts', tableSource(operations));
writeFileSync('src/client/generated/types.ts', typesSource(operations));
