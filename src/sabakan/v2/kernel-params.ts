/** Kernel parameters: the noun and its writes. */

import type { Kept } from '../../base/records.ts';
import { fail, ok } from '../../base/result.ts';
import type { Clock } from '../../base/world.ts';
import type { OsParams } from '../../pxe/kernel-params.ts';
import type { Pxe } from '../../pxe/pxe.ts';
import {
  deleteKernelParams,
  type KernelParamsV2,
  kernelParamsReads,
  type NewKernelParamsV2,
  putKernelParams,
} from '../contract/kernel-params.ts';
import { emptyAnswer } from '../exchange.ts';
import { actorOf } from '../rest/noun.ts';
import { type ApiPart, collectionPart } from './api-part.ts';
import type { Collection } from './collection.ts';
import { json } from './collection-endpoints.ts';
import { missingIfMatch, readDeleteTerms, readPutTerms } from './put-terms.ts';
import { recordCollection } from './record-collection.ts';

export type KernelParamsPartDeps = {
  readonly clock: Clock;
  readonly serverName: string;
  readonly pxe: Pick<Pxe, 'kernelParams'>;
};

export function kernelParamsPart({ clock, serverName, pxe }: KernelParamsPartDeps): ApiPart {
  const { kernelParams } = pxe;
  const collection = kernelParamsCollection(kernelParams);
  return collectionPart(kernelParamsReads, collection, 'os', clock, [
    {
      operation: putKernelParams,
      handle: async ({ exchange, parameters, query, body }) => {
        const os = parameters.get('os') ?? '';
        const { params } = body as NewKernelParamsV2;
        const terms = readPutTerms(exchange, query);
        if (!terms.ok) return terms;
        const put = await kernelParams.put(os, params, actorOf(exchange, serverName), terms.value);
        if (!put.ok) return fail({ problem: missingIfMatch(exchange, put.error) });
        const { revision } = put.value;
        const now: KernelParamsV2 = { os, revision, params };
        return ok(json(now, { etag: `"${revision}"` }));
      },
    },
    {
      operation: deleteKernelParams,
      handle: async ({ exchange, parameters, query }) => {
        const terms = readDeleteTerms(exchange, query);
        if (!terms.ok) return terms;
        const os = parameters.get('os') ?? '';
        const gone = await kernelParams.remove(os, actorOf(exchange, serverName), terms.value);
        return gone.ok ? ok(emptyAnswer(204)) : fail({ problem: gone.error });
      },
    },
  ]);
}

function kernelParamsCollection({ records }: Pxe['kernelParams']): Collection<Kept<OsParams>> {
  return recordCollection<OsParams, Kept<OsParams>>({
    noun: 'kernel-params',
    copy: 'the copy of kernel parameters',
    records,
    made: (kept) => [...kept.values()],
    nameOf: ({ value }) => value.os,
    revisionOf: ({ revision }) => revision,
    stampOf: ({ revision }) => revision,
    columns: {
      os: { text: ({ value }) => value.os },
      params: { text: ({ value }) => value.params },
    },
    toJson: ({ value, revision }): KernelParamsV2 => ({ ...value, revision }),
  });
}
