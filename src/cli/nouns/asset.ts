/** Assets, for people. */

import type { AssetV2 } from '../../sabakan/contract/asset.ts';
import { assetColumns } from '../../sabakan/contract/columns.ts';
import { formatBytes } from '../byte-size.ts';
import { hereText } from './image.ts';
import { type CliNoun, columnsOf, pairs } from './noun.ts';

export const assetNoun: CliNoun = {
  names: ['assets', 'asset'],
  describes: 'assets: files for machines to fetch, and which servers have them',
  nameOf: (object) => (object as AssetV2).name,
  selectable: assetColumns,
  hasLabels: false,
  values: {},
  columns: columnsOf<AssetV2>([
    ['NAME', ({ name }) => name],
    ['ID', ({ id }) => id],
    [
      'SIZE',
      ({ sizeBytes }) => (sizeBytes === null ? '?' : formatBytes(sizeBytes)),
      'always',
      ({ sizeBytes }) => String(sizeBytes ?? ''),
    ],
    ['TYPE', ({ contentType }) => contentType],
    ['DATE', ({ date }) => date],
    ['SERVERS', ({ servers }) => String(servers.length)],
    ['HERE', ({ here, sizeBytes }) => hereText(here, sizeBytes)],
    ['SHA256', ({ sha256 }) => sha256, 'wide'],
    ['OPTIONS', ({ options }) => pairs(options), 'wide'],
    ['AT', ({ servers }) => servers.join(','), 'wide'],
  ]),
};
