/** Assets: the noun and its writes. */

import type { Kept } from '../../base/records.ts';
import { fail, ok } from '../../base/result.ts';
import type { Clock } from '../../base/world.ts';
import type { AssetDesk } from '../../pxe/desks.ts';
import type { Pxe } from '../../pxe/pxe.ts';
import { type AssetV2, assetReads, deleteAsset, putAsset } from '../contract/asset.ts';
import type { assetColumns } from '../contract/columns.ts';
import { emptyAnswer } from '../exchange.ts';
import { readAssetHeaders } from '../rest/assets.ts';
import { actorOf } from '../rest/noun.ts';
import { type ApiPart, collectionPart } from './api-part.ts';
import type { Collection, Column } from './collection.ts';
import { json } from './collection-endpoints.ts';
import type { Endpoint } from './endpoint.ts';
import { missingIfMatch, readDeleteTerms, readPutTerms } from './put-terms.ts';
import { recordCollection } from './record-collection.ts';
import { hereJson, readDigest, serversIn } from './upload.ts';

export type AssetPartDeps = {
  readonly clock: Clock;
  readonly serverName: string;
  readonly pxe: Pick<Pxe, 'assets'>;
};

type Asset = Parameters<AssetDesk['here']>[0];
type Row = Kept<Asset>;

const columns: Readonly<Record<keyof typeof assetColumns, Omit<Column<Row>, 'name'>>> = {
  name: { text: ({ value }) => value.name },
  id: { text: ({ value }) => value.id, number: ({ value }) => Number(value.id) },
  contentType: { text: ({ value }) => value.contentType },
  date: { text: ({ value }) => value.date },
  sizeBytes: {
    text: ({ value }) => String(value.sizeBytes),
    number: ({ value }) => value.sizeBytes,
  },
  sha256: { text: ({ value }) => value.sha256 },
  servers: {
    text: ({ value }) => String(value.urls.length),
    number: ({ value }) => value.urls.length,
  },
};

export function assetPart({ clock, serverName, pxe: { assets } }: AssetPartDeps): ApiPart {
  const collection = assetCollection(assets);
  return collectionPart(assetReads, collection, 'name', clock, [
    {
      operation: putAsset,
      handle: async ({ exchange, parameters, query }) => {
        const name = parameters.get('name') ?? '';
        const digest = readDigest(exchange);
        if (!digest.ok) return digest;
        const terms = readPutTerms(exchange, query);
        if (!terms.ok) return terms;
        const said = readAssetHeaders(exchange.headers);
        if (!said.ok) return fail({ problem: said.error });
        if (!exchange.headers.has('content-length')) {
          const text =
            'Content-Length is missing: assets are not taken in chunks of unknown number';
          return fail({ problem: { kind: 'length-missing', text } });
        }
        const sha256 = digest.value ?? said.value.sha256;
        const put = await assets.put(
          { name, ...said.value, sha256 },
          exchange.body.stream(),
          actorOf(exchange, serverName),
          terms.value,
        );
        if (!put.ok) return fail({ problem: missingIfMatch(exchange, put.error) });
        const { id, isNew, revision } = put.value;
        const status = isNew ? 201 : 200;
        const { contentType, sizeBytes, options } = said.value;
        const found = collection.find(name);
        const row = found.ok ? found.value : undefined;
        if (row !== undefined && row.value.id === id) {
          const etag = `"${row.revision}"`;
          return ok({ ...json(collection.toJson(row, clock.now()), { etag }), status });
        }
        const asked: AssetV2 = {
          name,
          revision: revision ?? '0',
          id: id ?? '0',
          contentType,
          date: '',
          sizeBytes,
          sha256: sha256 ?? '',
          options: Object.fromEntries(options),
          servers: [],
          here: hereJson({ state: 'missing', why: 'nothing was sent' }),
        };
        return ok({ ...json(asked), status });
      },
    },
    deletion(assets, serverName),
  ]);
}

function deletion(assets: AssetDesk, serverName: string): Endpoint {
  return {
    operation: deleteAsset,
    handle: async ({ exchange, parameters, query }) => {
      const terms = readDeleteTerms(exchange, query);
      if (!terms.ok) return terms;
      const name = parameters.get('name') ?? '';
      const gone = await assets.remove(name, actorOf(exchange, serverName), terms.value);
      return gone.ok ? ok(emptyAnswer(204)) : fail({ problem: gone.error });
    },
  };
}

export function assetCollection(assets: AssetDesk): Collection<Row> {
  return recordCollection<Asset, Row>({
    noun: 'assets',
    copy: 'the copy of the asset index',
    records: assets.records,
    made: (kept) => [...kept.values()],
    columns,
    nameOf: ({ value }) => value.name,
    revisionOf: ({ revision }) => revision,
    stampOf: ({ revision }) => revision,
    toJson: ({ value, revision }): AssetV2 => ({
      name: value.name,
      revision,
      id: value.id,
      contentType: value.contentType,
      date: value.date,
      sizeBytes: value.sizeBytes === 0 ? null : value.sizeBytes,
      sha256: value.sha256,
      options: Object.fromEntries(value.options ?? []),
      servers: serversIn(value.urls),
      here: hereJson(assets.here(value)),
    }),
  });
}
