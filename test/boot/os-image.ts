/**
 * The container OS's stand-in: Debian's kernel and an initramfs of busybox with the drivers of QEMU's network card.
 *
 * It does what Flatcar does on its first boot: takes a lease, reads the Ignition URL from the kernel command line,
 * fetches the document, takes its own address from it, and then answers health probes. As the discovery image of a machine
 * that nobody registered it runs what the server gives it instead.
 */

import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';

export type OsImage = {
  readonly kernel: string;
  readonly initrd: string;
  readonly kernelVersion: string;
};

/** Where the OS answers health probes. */
export const healthPort = 8080;
/** A file of the Ignition document: `<address>/<bits> <gateway>`. */
export const addressFile = '/etc/node-address';
/** Printed on the serial console when the machine is up. */
export const upMarker = 'TETSUKAN-UP';

const init = `#!/bin/sh
/bin/busybox mkdir -p /bin /proc /sys /dev /tmp /etc /www
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
exec >/dev/ttyS0 2>&1
echo "os: init"
while read module; do insmod "$module"; done < /modules/order
link=$(ls /sys/class/net | grep -v lo | head -n 1)
ip link set lo up; ip link set "$link" up
url=$(sed 's/.*coreos.config.url=\\([^ ]*\\).*/\\1/' /proc/cmdline)
serial=$(cat /sys/class/dmi/id/product_serial)
until udhcpc -i "$link" -n -q -t 5 -T 2 -s /lease.sh; do echo "os: no lease yet"; sleep 1; done
discovery=$(sed -n 's/.*tetsukan.discovery=\\([^ ]*\\).*/\\1/p' /proc/cmdline)
if [ -n "$discovery" ]; then
  until timeout 20 wget -q -O /tmp/agent "$discovery/agent"; do echo "os: no agent yet"; sleep 2; done
  sh /tmp/agent "$discovery"
fi
until timeout 20 wget -q -O /tmp/ignition.json "$url"; do echo "os: no Ignition from $url yet"; sleep 2; done
line=$(grep -o 'data:,address=[^"]*' /tmp/ignition.json || grep -o 'data:,address%3D[^"]*' /tmp/ignition.json)
line=$(echo "$line" | sed 's/data:,address\\(=\\|%3D\\)//; s/%2F/\\//g; s/%20/ /g; s/%0A//g')
set -- $line
ip addr flush dev "$link"; ip addr add "$1" dev "$link"; ip route add default via "$2"
echo ok > /www/health
httpd -p ${healthPort} -h /www
echo "${upMarker} $serial $1"
while :; do sleep 3600; done
`;

const lease = `#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr flush dev "$interface"
ip addr add "$ip/$mask" dev "$interface"
[ -n "$router" ] && ip route add default via "$router"
exit 0
`;

/** Builds both files in `folder`; takes a second. */
export function buildOsImage(folder: string): OsImage {
  const kernelVersion = newestKernel();
  const root = join(folder, 'root');
  for (const part of ['bin', 'modules']) mkdirSync(join(root, part), { recursive: true });
  copyFileSync('/bin/busybox', join(root, 'bin', 'busybox'));
  copyFileSync('/bin/busybox', join(root, 'bin', 'sh'));
  const modules = modulesFor(kernelVersion, ['virtio_pci', 'virtio_net', 'virtio_blk']);
  for (const module of modules) copyFileSync(module, join(root, 'modules', basename(module)));
  const order = modules.map((module) => `/modules/${basename(module)}\n`).join('');
  writeFileSync(join(root, 'modules', 'order'), order);
  for (const [name, text] of [
    ['init', init],
    ['lease.sh', lease],
  ] as const) {
    writeFileSync(join(root, name), text);
    chmodSync(join(root, name), 0o755);
  }
  const archive = execFileSync('sh', ['-c', 'find . | cpio --quiet -o -H newc'], {
    cwd: root,
    maxBuffer: 64 * 1024 * 1024,
  });
  const initrd = join(folder, 'initrd.gz');
  writeFileSync(initrd, gzipSync(archive));
  return { kernel: `/boot/vmlinuz-${kernelVersion}`, initrd, kernelVersion };
}

function newestKernel(): string {
  const versions = readdirSync('/boot')
    .filter((name) => name.startsWith('vmlinuz-'))
    .map((name) => name.slice('vmlinuz-'.length))
    .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const newest = versions.at(-1);
  if (newest === undefined)
    throw new Error('no kernel in /boot: apt-get install linux-image-amd64');
  return newest;
}

/** Files of the modules and all they depend on, in the order of loading. */
function modulesFor(version: string, names: readonly string[]): string[] {
  const lines = names.flatMap((name) =>
    execFileSync('modprobe', ['--show-depends', '-S', version, name], { encoding: 'utf8' }).split(
      '\n',
    ),
  );
  const files = lines
    .filter((line) => line.startsWith('insmod '))
    .map((line) => line.split(' ')[1] ?? '');
  return [...new Set(files)];
}
