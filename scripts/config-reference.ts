/** `npm run docs`: the tables of docs/configuration.md, from the reader of the configuration itself. */

import { readFileSync, writeFileSync } from 'node:fs';
import { withReference } from '../src/sabakan/config-page.ts';

const page = 'docs/configuration.md';
writeFileSync(page, withReference(readFileSync(page, 'utf8')));
