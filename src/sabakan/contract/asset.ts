/** Assets: any file, under a name, for machines to fetch. */

import Type, { type Static } from 'typebox';
import {
  digestHolds,
  hereSchema,
  revisionSchema,
  serversSchema,
  sha256Schema,
  uploadProblems,
  writeProblems,
} from './blob.ts';
import {
  deleteOperation,
  type Noun,
  putOperation,
  readOperations,
} from './collection-operations.ts';
import { assetColumns } from './columns.ts';
import type { Operation } from './operation.ts';

export const assetSchema = Type.Object({
  name: Type.String(),
  revision: revisionSchema('its record'),
  id: Type.String({ description: 'number of this version; no other version of any asset has it' }),
  contentType: Type.String(),
  date: Type.String({ description: 'when it was uploaded, RFC 3339' }),
  sizeBytes: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
    description: 'null: an old Sabakan stored it and did not keep its size',
  }),
  sha256: sha256Schema,
  options: Type.Record(Type.String(), Type.String()),
  servers: serversSchema,
  here: hereSchema,
});
export type AssetV2 = Static<typeof assetSchema>;

const assets: Noun = {
  noun: 'assets',
  one: 'asset',
  key: 'name',
  keyHolds: 'the name: up to 255 octets without slashes and control characters',
  columns: assetColumns,
  hasLabels: false,
  schema: assetSchema,
};

export const assetReads = readOperations(assets);

export const putAsset = putOperation(assets, {
  summary: 'stores an asset; replacing one takes If-Match',
  upload: {
    mediaTypes: ['application/octet-stream', '*/*'],
    holds: `the file, with Content-Length; its Content-Type is kept. ${digestHolds}. Headers X-Sabakan-Asset-Options-NAME become its options`,
  },
  answer: {
    status: 201,
    holds: 'the asset; 200 when it replaces another version',
    schema: assetSchema,
  },
  problems: [
    'asset-invalid',
    'asset-differs',
    'asset-raced',
    'asset-too-large',
    'length-missing',
    ...uploadProblems,
  ],
});

export const deleteAsset = deleteOperation(assets, {
  summary: 'removes an asset from all servers',
  problems: ['asset-unknown', ...writeProblems],
});

export const assetOperations: readonly Operation[] = [
  ...Object.values(assetReads),
  putAsset,
  deleteAsset,
];
