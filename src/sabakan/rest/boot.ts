/** `/api/v1/boot`: handed to the boot server as it is, and its answers carried back. */

import type { Pxe } from '../../pxe/pxe.ts';
import type { Answer, AnswerBody, Exchange } from '../exchange.ts';
import type { Noun } from './noun.ts';

type BootResponse = Awaited<ReturnType<Pxe['bootHttp']['handle']>>;

/** Names for metrics; what comes after a name (serials, ids) is left out. */
const names = [
  'ipxe.efi',
  'snponly.efi',
  'undionly.kpxe',
  'coreos/ipxe/',
  'coreos/ipxe',
  'coreos/kernel',
  'coreos/initrd.gz',
  'coreos/images/',
  'coreos/held/',
  'coreos/why/',
  'ignitions/',
  'discovery/knock',
  'discovery/agent',
  'discovery/facts',
  'discovery/state',
];

export function bootNoun(bootHttp: Pxe['bootHttp']): Noun {
  const handle = async (exchange: Exchange): Promise<Answer> => {
    const { method, path, query, headers, remoteAddress, requestId } = exchange;
    const readBody = async (bytesMax: number): Promise<Uint8Array | undefined> => {
      const read = await exchange.body.read(bytesMax);
      return read.ok ? read.value : undefined;
    };
    const about = { method, path, query, headers, remoteAddress, requestId, readBody };
    return carried(await bootHttp.handle(about));
  };
  return (path) => {
    if (!path.startsWith('boot/')) return undefined;
    const known = names.find((name) => path.startsWith(`boot/${name}`));
    const shown = known?.endsWith('/') ? `${known}{…}` : (known ?? '{other}');
    // A machine that waits to be approved has no credentials to tell its facts with.
    if (known === 'discovery/facts') {
      return { name: `/api/v1/boot/${shown}`, handle, needs: () => 'boot' };
    }
    return { name: `/api/v1/boot/${shown}`, handle };
  };
}

/** Also for assets, which are served as boot files are. */
export function carried({ status, headers, body, watch }: BootResponse): Answer {
  const answer = { status, headers: Object.fromEntries(headers), body: bodyOf(body) };
  return watch === undefined ? answer : { ...answer, watch };
}

function bodyOf(body: BootResponse['body']): AnswerBody {
  switch (body.kind) {
    case 'none':
      return { kind: 'none' };
    case 'bytes':
      return { kind: 'bytes', bytes: body.bytes.subarray(body.start, body.end) };
    case 'stream':
      return { kind: 'stream', length: body.length, open: () => body.chunks };
  }
}
