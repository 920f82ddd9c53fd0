/**
 * `npm run build [-- FOLDER]`: the whole of Tetsukan as one file that runs with plain Node 24 from anywhere (`dist/tetsu.mjs`), and its
 * manual page (`dist/tetsu.1`). Beside it lies a native library (koffi), which only answering DHCP on direct links needs.
 *
 * The server is ten times as large as the command, and reading it would take every `tetsu get` 0.1 s more. So it stands in
 * the file packed, and what starts a server or reads etcd itself unpacks it (20 ms).
 */

import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { type Plugin, rolldown } from 'rolldown';
import packageJson from '../package.json' with { type: 'json' };
import { terminalTools } from '../src/cli/io/tools.ts';
import { manPage } from '../src/cli/man.ts';
import { createProgram } from '../src/cli/program.ts';

const root = join(import.meta.dirname, '..');
const dist = resolve(process.argv[2] ?? join(root, 'dist'));
mkdirSync(dist, { recursive: true });

/** What the command loads of the server only when it is told to be one, or to read etcd itself. */
const serverParts = ['server', 'migrate', 'make-token', 'config-reference', 'doctor/main'].map(
  (name) => join(root, `src/sabakan/${name}.ts`),
);

/** No package and no folder of the sources lies beside the one file. */
const alone: Plugin = {
  name: 'alone',
  load: (id) => {
    if (id.endsWith('/etcd3/lib/connection-pool.js')) return withProtocol(id);
    if (!id.startsWith(join(root, 'src'))) return null;
    if (id.endsWith('/io/version.ts')) {
      return `export const version = ${JSON.stringify(packageJson.version)};`;
    }
    return id.endsWith('/sabakan/io/beside.ts')
      ? "import { join } from 'node:path';\nexport const cryptsetupBeside = join(import.meta.dirname, 'sabakan-cryptsetup');"
      : null;
  },
};

/** The client of etcd reads its protocol from files beside it, each time: here it is read once. */
function withProtocol(file: string): string {
  const reading = /loadSync\)\(`\$\{__dirname\}\/\.\.\/proto\/rpc\.proto`/;
  const source = readFileSync(file, 'utf8');
  if (!reading.test(source)) throw new Error(`${file} reads its protocol in another way now`);
  const loader = createRequire(file).resolve('@grpc/proto-loader');
  const { Root } = createRequire(loader)('protobufjs') as { readonly Root: new () => ProtocolRoot };
  const root = new Root();
  root.resolvePath = (_, name) => join(dirname(file), '../proto', basename(name));
  root.loadSync('rpc.proto', { keepCase: true });
  return source.replace(reading, () => `fromJSON)(${JSON.stringify(root.toJSON())}`);
}

type ProtocolRoot = {
  resolvePath: (origin: string, name: string) => string;
  readonly loadSync: (name: string, options: { readonly keepCase: boolean }) => void;
  readonly toJSON: () => unknown;
};

const serverCode = await bundled('\0parts', 'cjs', {
  name: 'parts',
  resolveId: (id) => (id === '\0parts' ? id : null),
  load: (id) =>
    id === '\0parts'
      ? serverParts
          .map((file, at) => `export * as part${at} from ${JSON.stringify(file)};`)
          .join('\n')
      : null,
});

/** The best quality would take half a minute for a tenth less. */
const packedServer = brotliCompressSync(serverCode, {
  params: { [constants.BROTLI_PARAM_QUALITY]: 9 },
});
const packed = '\0packed';
/** The command's side of it: a part's exports come out of the packed code. */
const unpacking: Plugin = {
  name: 'unpacking',
  resolveId: (source, importer) => {
    if (source === packed) return packed;
    if (importer?.includes('/src/cli/') !== true || !source.startsWith('.')) return null;
    const at = serverParts.indexOf(join(dirname(importer), source));
    return at < 0 ? null : `\0part${at}`;
  },
  load: (id) => {
    if (id === packed) return unpackingCode(packedServer.toString('base64'));
    const [, at] = /^\0part(\d+)$/.exec(id) ?? [];
    if (at === undefined) return null;
    const source = readFileSync(serverParts[Number(at)] ?? '', 'utf8');
    const names = [...source.matchAll(/^export (?:async )?(?:function|const) (\w+)/gm)];
    return `import { parts } from ${JSON.stringify(packed)};
export const { ${names.map(([, name]) => name).join(', ')} } = parts.part${at};`;
  },
};

/** As Node makes a CommonJS module, whose file is this one. */
function unpackingCode(text: string): string {
  return `import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { compileFunction, constants } from 'node:vm';
import { brotliDecompressSync } from 'node:zlib';
const code = brotliDecompressSync(Buffer.from(${JSON.stringify(text)}, 'base64')).toString();
const file = fileURLToPath(import.meta.url);
const run = compileFunction(code, ['exports', 'require', 'module', '__filename', '__dirname'], {
  filename: file + '(server)',
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});
const module = { exports: {} };
run.call(module.exports, module.exports, createRequire(file), module, file, import.meta.dirname);
export const parts = module.exports;`;
}

async function bundled(input: string, format: 'esm' | 'cjs', ...plugins: readonly Plugin[]) {
  const bundle = await rolldown({
    input,
    platform: 'node',
    plugins: [alone, ...plugins],
    shimMissingExports: true,
  });
  const { output } = await bundle.generate({
    format,
    codeSplitting: false,
    strictExecutionOrder: true,
    ...(format === 'esm' ? { banner: '#!/usr/bin/env node' } : {}),
  });
  await bundle.close();
  const [{ code, fileName, imports, dynamicImports }] = output;
  const foreign = [...imports, ...dynamicImports].filter(
    (name) => !isBuiltin(name) && name !== fileName,
  );
  if (foreign.length > 0) throw new Error(`the bundle still needs ${foreign.join(', ')}`);
  return code;
}

const code = await bundled(join(root, 'src/cli/main.ts'), 'esm', unpacking);
const file = join(dist, 'tetsu.mjs');
writeFileSync(file, code);
chmodSync(file, 0o755);

const date = process.env['SOURCE_DATE_EPOCH'];
const day = new Date(date === undefined ? Date.now() : Number(date) * 1000);
const page = manPage(
  createProgram(terminalTools, packageJson.version),
  packageJson.version,
  day.toISOString().slice(0, 10),
);
writeFileSync(join(dist, 'tetsu.1'), page);

const platform = `${process.platform}-${process.arch}`;
const library = `koffi-${platform}.node`;
copyFileSync(nativeFile(), join(dist, library));
const cryptsetup = join(root, 'bin/sabakan-cryptsetup');
if (existsSync(cryptsetup)) copyFileSync(cryptsetup, join(dist, 'sabakan-cryptsetup'));
console.log(
  `dist/tetsu.mjs ${Math.round(code.length / 1024)} KiB (${Math.round(serverCode.length / 1024)} KiB of server packed in it), dist/tetsu.1 ${page.length} characters, dist/${library}`,
);

/** The one for glibc, which is what `libc.so.6` in `src/base/io/udp.ts` asks for. */
function nativeFile(): string {
  const koffi = createRequire(import.meta.resolve('koffi'));
  const folder = dirname(koffi.resolve(`@koromix/koffi-${platform}`));
  return join(folder, platform.replace('-', '_'), 'koffi.node');
}
