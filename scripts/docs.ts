/** `npm run docs`: the pages that are made of definitions: configuration and commands. */

import { readFileSync, writeFileSync } from 'node:fs';
import { terminalTools } from '../src/cli/io/tools.ts';
import { createProgram } from '../src/cli/program.ts';
import { referencePage } from '../src/cli/reference-page.ts';
import { withReference } from '../src/sabakan/config-page.ts';

const configuration = 'docs/configuration.md';
writeFileSync(configuration, withReference(readFileSync(configuration, 'utf8')));
writeFileSync('docs/cli-reference.md', referencePage(createProgram(terminalTools, '')));
