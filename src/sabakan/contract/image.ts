/** Boot images: a kernel and an initrd of an operating system, as one tar. */

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
import { imageColumns } from './columns.ts';
import type { Operation } from './operation.ts';

export const imageSchema = Type.Object({
  name: Type.String({ description: 'operating system and id: coreos/3975.2.1' }),
  os: Type.String(),
  id: Type.String(),
  revision: revisionSchema('any image, since one record holds them all'),
  date: Type.String({ description: 'when it was uploaded, RFC 3339' }),
  sizeBytes: Type.Integer({ minimum: 0, description: 'both files together' }),
  sha256: Type.Union(
    [Type.Object({ kernel: sha256Schema, 'initrd.gz': sha256Schema }), Type.Null()],
    {
      description: 'null: Sabakan stored it, and no server has recorded its hashes yet',
    },
  ),
  newest: Type.Boolean({ description: 'it is what machines boot from every server that has it' }),
  servers: serversSchema,
  here: hereSchema,
});
export type ImageV2 = Static<typeof imageSchema>;

const images: Noun = {
  noun: 'images',
  one: 'image',
  key: 'os/id',
  keyHolds: 'operating system and id',
  partsHold: ['the operating system: coreos', 'the id: letters, digits, dots and hyphens'],
  columns: imageColumns,
  hasLabels: false,
  schema: imageSchema,
};

export const imageReads = readOperations(images);

export const putImage = putOperation(images, {
  summary: 'stores a boot image; it never changes, and the same content once more is no mistake',
  upload: {
    mediaTypes: ['application/x-tar', 'application/tar', 'application/octet-stream'],
    holds: `a tar that holds exactly kernel and initrd.gz. ${digestHolds}. With If-None-Match: * it must not be there yet`,
  },
  answer: { status: 201, holds: 'the image; 200 when it was there already', schema: imageSchema },
  problems: [
    'not-found',
    'image-invalid',
    'image-differs',
    'image-deleted-lately',
    'image-too-large',
    ...uploadProblems,
  ],
});

export const deleteImage = deleteOperation(images, {
  summary: 'removes a boot image from all servers; its id cannot come back for a while',
  problems: ['not-found', 'image-unknown', 'image-invalid', ...writeProblems],
});

export const imageOperations: readonly Operation[] = [
  ...Object.values(imageReads),
  putImage,
  deleteImage,
];
