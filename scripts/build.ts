/**
 * `npm run build`: the command as one file that runs with plain Node 24 from anywhere (`dist/tetsu.mjs`), and its manual
 * page (`dist/tetsu.1`). The server is not in it: it needs a native library (koffi) and files beside it, so what starts
 * or reads like one says that it comes with the whole package.
 */

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';
import packageJson from '../package.json' with { type: 'json' };
import { terminalTools } from '../src/cli/io/tools.ts';
import { manPage } from '../src/cli/man.ts';
import { createProgram } from '../src/cli/program.ts';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
/** Of what the command loads of the server only when it is told to be one, or to read etcd itself. */
const serverPart = /\/sabakan\/(?!contract\/).*\.ts$/;
const refusal = '\0server-part';

/** Whoever loads the server out of the one file is told where it is. */
const withoutServer: Plugin = {
  name: 'without-server',
  resolveId: (source, importer) =>
    importer?.includes('/src/cli/') && serverPart.test(source) ? refusal : null,
  load: (id) =>
    id === refusal
      ? `import { Failure } from ${JSON.stringify(join(root, 'src/cli/failure.ts'))};
throw new Failure('this one-file tetsu holds no server', 'tetsu server, tetsu migrate and what reads etcd itself come with the whole package: npm ci, then bin/tetsu', 2);`
      : null,
};

/** No package lies beside the one file. */
const withVersion: Plugin = {
  name: 'with-version',
  load: (id) =>
    id === join(root, 'src/cli/io/version.ts')
      ? `export const version = ${JSON.stringify(packageJson.version)};`
      : null,
};

mkdirSync(dist, { recursive: true });
const bundle = await rolldown({
  input: join(root, 'src/cli/main.ts'),
  platform: 'node',
  plugins: [withoutServer, withVersion],
  shimMissingExports: true,
});
const file = join(dist, 'tetsu.mjs');
const { output } = await bundle.write({
  file,
  format: 'esm',
  codeSplitting: false,
  strictExecutionOrder: true,
  banner: '#!/usr/bin/env node',
});
await bundle.close();
chmodSync(file, 0o755);
const [{ code }] = output;
const foreign = [...code.matchAll(/(?:from|import\() ?"([^"]+)"/g)]
  .map(([, name = '']) => name)
  .filter((name) => !name.startsWith('node:'));
if (foreign.length > 0) throw new Error(`the bundle still needs ${foreign.join(', ')}`);

const date = process.env['SOURCE_DATE_EPOCH'];
const day = new Date(date === undefined ? Date.now() : Number(date) * 1000);
const page = manPage(
  createProgram(terminalTools, packageJson.version),
  packageJson.version,
  day.toISOString().slice(0, 10),
);
writeFileSync(join(dist, 'tetsu.1'), page);
console.log(
  `dist/tetsu.mjs ${Math.round(code.length / 1024)} KiB, dist/tetsu.1 ${page.length} characters`,
);
