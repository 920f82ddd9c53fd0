/** Boot images: the noun and its writes. */

import { fail, ok } from '../../base/result.ts';
import type { Clock } from '../../base/world.ts';
import type { ImageDesk } from '../../pxe/desks.ts';
import type { Pxe } from '../../pxe/pxe.ts';
import type { imageColumns } from '../contract/columns.ts';
import { deleteImage, type ImageV2, imageReads, putImage } from '../contract/image.ts';
import { emptyAnswer } from '../exchange.ts';
import { actorOf } from '../rest/noun.ts';
import { type ApiPart, collectionPart } from './api-part.ts';
import type { Collection, Column } from './collection.ts';
import { json, nameIn } from './collection-endpoints.ts';
import type { Call, Endpoint } from './endpoint.ts';
import { readDeleteTerms, readUploadTerms } from './put-terms.ts';
import { recordCollection } from './record-collection.ts';
import { hereJson, readDigest, serversIn } from './upload.ts';

export type ImagePartDeps = {
  readonly clock: Clock;
  readonly serverName: string;
  readonly pxe: Pick<Pxe, 'images'>;
};

type Listed = ReturnType<ImageDesk['listed']>[number];

/** The only one that boots; paths name it, so that others can come. */
const os = 'coreos';
const key = 'os/id';

const columns: Readonly<Record<keyof typeof imageColumns, Omit<Column<Listed>, 'name'>>> = {
  os: { text: () => os },
  id: { text: ({ image }) => image.id },
  date: { text: ({ image }) => image.date },
  sizeBytes: { text: ({ image }) => String(image.size), number: ({ image }) => image.size },
  newest: { text: ({ isNewest }) => String(isNewest) },
  servers: {
    text: ({ image }) => String(image.urls.length),
    number: ({ image }) => image.urls.length,
  },
};

export function imagePart({ clock, serverName, pxe: { images } }: ImagePartDeps): ApiPart {
  const collection = imageCollection(images);
  return collectionPart(imageReads, collection, key, clock, [
    {
      operation: putImage,
      handle: async (call) => {
        const { exchange, parameters, query } = call;
        if (parameters.get('os') !== os) return fail(otherOs(call));
        const digest = readDigest(exchange);
        if (!digest.ok) return digest;
        const terms = readUploadTerms(exchange, query);
        if (!terms.ok) return terms;
        const { value: tarSha256 } = digest;
        const stored = await images.put(
          parameters.get('id') ?? '',
          exchange.body.stream(),
          actorOf(exchange, serverName),
          { ...terms.value, ...(tarSha256 === undefined ? {} : { tarSha256 }) },
        );
        if (!stored.ok) return fail({ problem: stored.error });
        const { image, sha256, revision, isNew } = stored.value;
        const found = collection.find(nameIn(parameters, key));
        const isShown = found.ok && found.value !== undefined && terms.value.dryRun !== true;
        const shown = isShown ? found.value : { image, sha256, revision, isNewest: true };
        const answer = json(collection.toJson(shown, clock.now()), { etag: `"${shown.revision}"` });
        return ok({ ...answer, status: isNew ? 201 : 200 });
      },
    },
    deletion(images, serverName),
  ]);
}

function deletion(images: ImageDesk, serverName: string): Endpoint {
  return {
    operation: deleteImage,
    handle: async (call) => {
      const { exchange, parameters, query } = call;
      if (parameters.get('os') !== os) return fail(otherOs(call));
      const terms = readDeleteTerms(exchange, query);
      if (!terms.ok) return terms;
      const id = parameters.get('id') ?? '';
      const gone = await images.remove(id, actorOf(exchange, serverName), terms.value);
      return gone.ok ? ok(emptyAnswer(204)) : fail({ problem: gone.error });
    },
  };
}

export function imageCollection(images: ImageDesk): Collection<Listed> {
  return recordCollection({
    noun: 'images',
    copy: 'the copy of the image index',
    records: images.records,
    made: images.listed,
    columns,
    nameOf: ({ image }) => `${os}/${image.id}`,
    revisionOf: ({ revision }) => revision,
    // One record holds all images, so a change of one gives all of them a new revision.
    stampOf: ({ revision, sha256 }) => `${revision} ${sha256?.kernel} ${sha256?.['initrd.gz']}`,
    toJson: ({ image, sha256, revision, isNewest }): ImageV2 => ({
      name: `${os}/${image.id}`,
      os,
      id: image.id,
      revision,
      date: image.date,
      sizeBytes: image.size,
      sha256: sha256 ?? null,
      newest: isNewest,
      servers: serversIn(image.urls),
      here: hereJson(images.here(image.id)),
    }),
  });
}

function otherOs({ parameters }: Call) {
  const text = `there are no images of ${JSON.stringify(parameters.get('os')?.slice(0, 100))}; the operating system is ${os}`;
  return { problem: { kind: 'not-found', text } } as const;
}
