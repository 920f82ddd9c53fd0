/**
 * What a machine that nobody registered is told by iPXE. It follows a loop that asks what became of it; each answer is a
 * script of its own that says something, waits, and goes back to the loop, or boots.
 */

import { encodeForConsole, encodeForUrl } from '../ipxe/word.ts';

/** At most one request of a waiting machine in this time. */
export const waitSeconds = 5;
/** After an answer that did not come, or a boot that failed. */
const retrySeconds = 10;
/** A rejected machine that is to stay asks again this rarely. */
const rejectedSeconds = 600;

/** A variable that iPXE fills in. */
function its(name: string): string {
  return `$\{${name}}`;
}

/** What the firmware says of itself, as the query of a URL; iPXE leaves out what it does not know. */
function claimsQuery(): string {
  const texts = ['serial', 'uuid', 'manufacturer', 'product', 'asset', 'buildarch', 'platform'];
  const cards = [0, 1, 2, 3].map((number) => its(`net${number}/mac:hexhyp`)).join(',');
  return [
    `mac=${its('netX/mac:hexhyp')}`,
    ...texts.map((name) => `${name}=${its(`${name}:uristring`)}`),
    `macs=${cards}`,
  ].join('&');
}

/**
 * The loop. `tetsukan-verdict` is set by an answer that wants the loop to end.
 *
 * @param bootUrl `<advertise-url>/api/v1/boot`
 */
export function loopScript(bootUrl: string): string {
  return lines([
    `set discovery-url ${bootUrl}/discovery`,
    'set tetsukan-verdict wait',
    'set tetsukan-told nothing',
    ':knock',
    // Each answer is an image; without this a night of waiting would fill the memory.
    'imgfree ||',
    `chain ${its('discovery-url')}/knock?${claimsQuery()} || goto lost`,
    `iseq ${its('tetsukan-verdict')} exit && goto leave ||`,
    'goto knock',
    ':lost',
    `echo The server does not answer. Next try in ${retrySeconds} seconds.`,
    `sleep ${retrySeconds}`,
    'goto knock',
    ':leave',
    'exit',
  ]);
}

/** Says this once, however often the answer comes, then waits. */
export function waitScript(texts: readonly string[], stamp: string, seconds = waitSeconds): string {
  return lines([
    `iseq ${its('tetsukan-told')} ${stamp} && goto told ||`,
    ...texts.map(echo),
    `set tetsukan-told ${stamp}`,
    ':told',
    `sleep ${seconds}`,
  ]);
}

/** On to the machine's own script; when that fails, its console hears why and the loop goes on. */
export function approvedScript(bootUrl: string, serial: string): string {
  const encoded = encodeForUrl(serial);
  return lines([
    echo(`This machine is ${serial}.`),
    `chain ${bootUrl}/coreos/ipxe/${encoded} || goto failed`,
    ':failed',
    echo(`${serial} could not boot. Asking the server why.`),
    `chain ${bootUrl}/coreos/why/${encoded} || echo The server does not answer that either.`,
    `sleep ${retrySeconds}`,
  ]);
}

/** @param onRejected `exit`: to the next boot device; `wait`: it stays, and asks again every ten minutes. */
export function rejectedScript(texts: readonly string[], onRejected: 'exit' | 'wait'): string {
  if (onRejected === 'wait') return lines([...texts.map(echo), `sleep ${rejectedSeconds}`]);
  return lines([
    ...texts.map(echo),
    'echo On to the next boot device.',
    `sleep ${waitSeconds}`,
    'set tetsukan-verdict exit',
  ]);
}

/** The discovery image, which finds out what the machine is made of and tells it under `tetsukan.discovery`. */
export function imageScript(
  bootUrl: string,
  { imageId, kernelParams }: { readonly imageId: string; readonly kernelParams: string },
): string {
  const files = `${bootUrl}/coreos/images/${encodeForUrl(imageId)}`;
  const params = kernelParams === '' ? [] : [kernelParams];
  const words = ['initrd=initrd.gz', ...params, `tetsukan.discovery=${bootUrl}/discovery`];
  return lines([
    'echo This machine is not registered. Booting the discovery image to look at it.',
    `kernel ${files}/kernel ${words.join(' ')} || goto failed`,
    `initrd ${files}/initrd.gz || goto failed`,
    'boot || goto failed',
    ':failed',
    'imgfree ||',
    `echo The discovery image ${encodeForConsole(imageId)} could not be booted.`,
    `sleep ${retrySeconds}`,
  ]);
}

function echo(text: string): string {
  return `echo ${encodeForConsole(text)}`;
}

function lines(commands: readonly string[]): string {
  return ['#!ipxe', '', ...commands, ''].join('\n');
}
