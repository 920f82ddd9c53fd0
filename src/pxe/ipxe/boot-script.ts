/** The scripts iPXE follows: one that finds the machine's own and retries, and the machine's own. */

import { areKernelParams, encodeForConsole, encodeForUrl } from './word.ts';

/** Sabakan's type; scripts are ASCII. */
export const scriptType = 'text/plain; charset=ASCII';

/** Seconds between tries, growing to the last one. A try is two or three requests: fewer than one per 5 s. */
const retryWaits = [10, 20, 40, 60] as const;
/** Between a failed try and the question why it failed. */
const askWaitSeconds = 5;

/**
 * The first script: iPXE fills in the serial number of its SMBIOS, which no DHCP packet carries. What fails is named
 * on the console and tried again.
 *
 * @param bootUrl `<advertise-url>/api/v1/boot`
 */
export function chainScript(bootUrl: string): string {
  const grow = retryWaits.flatMap((wait, at) => [
    `:grow${wait}`,
    `set wait ${retryWaits[at + 1] ?? wait}`,
    'goto boot',
  ]);
  const [serial, url, wait] = [its('serial'), its('base-url'), its('wait')];
  // Sabakan's script has the plain serial here; some vendors put spaces into theirs.
  const encodedSerial = its('serial:uristring');
  return lines([
    `set base-url ${bootUrl}`,
    `set wait ${retryWaits[0]}`,
    ':boot',
    `chain ${url}/coreos/ipxe/${encodedSerial} || goto failed`,
    'exit',
    ':failed',
    'imgfree ||',
    `echo Serial number ${serial}: booting from ${url} failed. Asking the server why.`,
    `sleep ${askWaitSeconds}`,
    `chain ${url}/coreos/why/${encodedSerial} || echo The server does not answer that either.`,
    `echo Next try in ${wait} seconds.`,
    `sleep ${wait}`,
    `goto grow${wait}`,
    ...grow,
  ]);
}

/** A variable that iPXE fills in. */
function its(name: string): string {
  return `$\{${name}}`;
}

export type BootFacts = {
  readonly bootUrl: string;
  readonly serial: string;
  /** The role's highest Ignition template. */
  readonly templateId: string;
  /** Of its configuration, such as `2.3`; it says which arguments the Ignition in the image reads. */
  readonly ignitionVersion: string;
  /** Kernel and initrd of one boot come from this image, whatever is uploaded meanwhile; undefined: none is here. */
  readonly imageId: string | undefined;
  readonly kernelParams: string;
};

/** The machine's own script, or undefined if a stored value (written by somebody else) could add to it. */
export function bootScript(facts: BootFacts): string | undefined {
  if (!areKernelParams(facts.kernelParams)) return undefined;
  const image = facts.imageId === undefined ? '' : `/images/${encodeForUrl(facts.imageId)}`;
  const params = facts.kernelParams.trim();
  const kernel = [
    `kernel ${its('base-url')}/coreos${image}/kernel`,
    // UEFI's iPXE of 2019 gives the kernel no initrd unless it is named here.
    'initrd=initrd.gz',
    ...ignitionArguments(
      facts.ignitionVersion,
      `${its('base-url')}/ignitions/${encodeForUrl(facts.serial)}/${its('ignition-id')}`,
    ),
    ...(params === '' ? [] : [params]),
  ].join(' ');
  return lines([
    `set base-url ${facts.bootUrl}`,
    `set ignition-id ${encodeForUrl(facts.templateId)}`,
    // A backslash at a line's end would swallow the next command.
    kernel.endsWith('\\') ? `${kernel} ro` : kernel,
    `initrd ${its('base-url')}/coreos${image}/initrd.gz`,
    'boot',
  ]);
}

/**
 * Sabakan's arguments for 2.x. For 3.x those that both families of images read: Flatcar runs Ignition when
 * `coreos.first_boot` is set, Fedora CoreOS when `ignition.firstboot` is, and only on a platform it is told; both take
 * the address from `ignition.config.url`.
 */
function ignitionArguments(version: string, url: string): readonly string[] {
  if (version.startsWith('2.')) return ['coreos.first_boot=1', `coreos.config.url=${url}`];
  return [
    'coreos.first_boot=1',
    'ignition.firstboot',
    'ignition.platform.id=metal',
    `ignition.config.url=${url}`,
  ];
}

/**
 * For a machine whose turn has not come: says its place and asks again by itself. `--replace` puts the next script in the
 * place of this one, so that hours of waiting stack nothing up; when the server does not answer, the first script takes over.
 */
export function waitScript(facts: {
  readonly bootUrl: string;
  readonly serial: string;
  readonly place: number;
  readonly of: number;
  readonly seconds: number;
}): string {
  const { bootUrl, serial, place, of, seconds } = facts;
  return lines([
    `echo Many machines are booting: place ${place} of ${of}, next try in ${seconds} s`,
    `sleep ${seconds}`,
    `chain --replace ${bootUrl}/coreos/ipxe/${encodeForUrl(serial)}`,
  ]);
}

/** Says something on the machine's console and goes back to the script that asked. */
export function sayScript(texts: readonly string[]): string {
  // No `exit` at the end: iPXE versions differ in how many scripts that leaves.
  return lines(texts.map((text) => `echo ${encodeForConsole(text)}`));
}

function lines(commands: readonly string[]): string {
  return ['#!ipxe', '', ...commands, ''].join('\n');
}
