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
];

export function bootNoun(bootHttp: Pxe['bootHttp']): Noun {
  const handle = async (exchange: Exchange): Promise<Answer> => {
    const { method, path, headers, remoteAddress, requestId } = exchange;
    return carried(await bootHttp.handle({ method, path, headers, remoteAddress, requestId }));
  };
  return (path) => {
    if (!path.startsWith('boot/')) return undefined;
    const known = names.find((name) => path.startsWith(`boot/${name}`));
    const shown = known?.endsWith('/') ? `${known}{…}` : (known ?? '{other}');
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
