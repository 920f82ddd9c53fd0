// Packages for measurements, in such a way that none of their services runs on the user's machine. Node's own modules
// only, as in setup.mjs.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/** Debian's packages ask this program whether a service may start; 101 is "no" (invoke-rc.d(8)). */
const policyFile = '/usr/sbin/policy-rc.d';
const mark =
  '# Of Tetsukan\'s "npm run bench", for the time of one installation. It may be deleted.';
const policy = `#!/bin/sh\n${mark}\nexit 101\n`;

/**
 * Runs `install` while no package may start a service, and puts everything back whatever happens: an exception, an
 * exit, a signal. What only SIGKILL leaves behind is recognised by its mark the next time.
 *
 * @param file for tests; else the one Debian asks
 */
export function withoutServices(install, say, file = policyFile) {
  if (existsSync(file) && !readFileSync(file, 'utf8').includes(mark)) {
    say(`${file} exists already and is left alone: it decides whether services start`);
    return install();
  }
  writeFileSync(file, policy, { mode: 0o755 });
  const putBack = () => rmSync(file, { force: true });
  const onSignal = () => process.exit(130);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  process.once('exit', putBack);
  for (const signal of signals) process.once(signal, onSignal);
  try {
    return install();
  } finally {
    putBack();
    process.off('exit', putBack);
    for (const signal of signals) process.off(signal, onSignal);
  }
}

/** Not at the next start of the machine either. */
export function disableServices(names) {
  for (const name of names) {
    spawnSync('systemctl', ['disable', '--quiet', name], { stdio: 'ignore' });
  }
}

/** The same by hand, for who is not root. */
export function quietCommand(packages, services) {
  const body = [
    `p=${policyFile}`,
    'test -e $p || { printf "#!/bin/sh\\nexit 101\\n" >$p; chmod 755 $p; trap "rm -f $p" EXIT; }',
    'apt-get update',
    `apt-get install -y --no-install-recommends ${packages.join(' ')}`,
    ...(services.length > 0 ? [`systemctl disable ${services.join(' ')} || true`] : []),
  ];
  return `sudo sh -c '${body.join('; ')}'`;
}
