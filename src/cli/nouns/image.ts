/** Boot images, for people. */

import type { HereV2 } from '../../sabakan/contract/blob.ts';
import { imageColumns } from '../../sabakan/contract/columns.ts';
import type { ImageV2 } from '../../sabakan/contract/image.ts';
import { formatBytes } from '../byte-size.ts';
import { type CliNoun, columnsOf, trueOrFalse } from './noun.ts';

export const imageNoun: CliNoun = {
  names: ['images', 'image'],
  describes: 'boot images: which there are, which boots, which servers have them',
  nameOf: (object) => (object as ImageV2).name,
  selectable: imageColumns,
  hasLabels: false,
  values: { newest: trueOrFalse },
  columns: columnsOf<ImageV2>([
    ['NAME', ({ name }) => name],
    ['DATE', ({ date }) => date],
    [
      'SIZE',
      ({ sizeBytes }) => formatBytes(sizeBytes),
      'always',
      ({ sizeBytes }) => String(sizeBytes),
    ],
    ['NEWEST', ({ newest }) => (newest ? 'yes' : '')],
    ['SERVERS', ({ servers }) => String(servers.length)],
    ['HERE', ({ here, sizeBytes }) => hereText(here, sizeBytes)],
    ['KERNEL-SHA256', ({ sha256 }) => sha256?.kernel ?? '-', 'wide'],
    ['INITRD-SHA256', ({ sha256 }) => sha256?.['initrd.gz'] ?? '-', 'wide'],
    ['AT', ({ servers }) => servers.join(','), 'wide'],
  ]),
};

/** `present`, `pulling 40%`, `missing`: on the server that was asked. */
export function hereText({ state, receivedBytes }: HereV2, sizeBytes: number | null): string {
  if (state !== 'pulling' || receivedBytes === null) return state;
  if (sizeBytes === null || sizeBytes === 0) return `${state} ${formatBytes(receivedBytes)}`;
  return `${state} ${Math.min(Math.floor((receivedBytes / sizeBytes) * 100), 100)}%`;
}
