/** What network boot converts and checks of its own records when a Sabakan's database is taken over. */

import { parseIpv4 } from '../base/addresses.ts';
import { isJsonObject, parseJson } from '../base/exact-json.ts';
import { formatInstant } from '../base/time.ts';
import type { Finding, Records, TakeoverPart } from '../inventory/takeover.ts';
import { checkAssets, isAssetKey } from './assets/asset-check.ts';
import { strayRows } from './dhcp/lease-rows.ts';
import { leasePrefix, openLeaseTable } from './dhcp/leases.ts';
import { convertTemplates } from './ignition/old-template.ts';
import { checkTemplates } from './ignition/template-check.ts';
import { checkImages } from './images/image-check.ts';
import { decodeIndex, imageKeys } from './images/image-json.ts';
import { imageFileNames } from './images/shelf.ts';
import { areKernelParams } from './ipxe/word.ts';
import { isOsId, kernelParamsBytesMax } from './kernel-params.ts';

const kernelParamsPrefix = 'kernel-params/';

export const pxeTakeover: TakeoverPart = {
  owns: (key) => {
    const [area, first = '', second, ...more] = key.split('/');
    switch (area) {
      case 'lease-usages':
        return second === undefined && parseIpv4(first).ok;
      case 'images':
        return isOsId(first) && (second ?? 'deleted') === 'deleted' && more.length === 0;
      case 'ignitions':
        return first !== '' && second !== undefined && second !== '' && more.length === 0;
      case 'kernel-params':
        return isOsId(first) && second === undefined;
      default:
        return isAssetKey(key);
    }
  },
  convert: { '2': convertTemplates },
  check: (records) => [
    ...checkLeases(records),
    ...checkImages(records),
    ...checkAssets(records),
    ...checkTemplates(records),
    ...checkKernelParams(records),
  ],
};

/** A file that a record speaks of, relative to a server's data directory. */
export type ExpectedFile = {
  readonly key: string;
  readonly of: string;
  readonly path: string;
  /** Where servers offer it, as the record says. */
  readonly urls: readonly string[];
};

/** What a server that has everything has (Sabakan 3.1.9: `images/coreos/<id>/…`, `assets/<id>`). */
export function expectedFiles(records: Records): readonly ExpectedFile[] {
  const index = decodeIndex(records.get(imageKeys.index)?.value);
  const images = (index.ok ? index.value : []).flatMap(({ id, urls }) =>
    imageFileNames.map((name) => ({
      key: imageKeys.index,
      of: `image ${id}`,
      path: `images/coreos/${id}/${name}`,
      urls,
    })),
  );
  const assets = records.under('assets/').flatMap(({ key, value }): readonly ExpectedFile[] => {
    const json = parseJson(value);
    const id = isJsonObject(json) ? json['id'] : undefined;
    // Others are no file names; the check of the record says so.
    if (typeof id !== 'string' || !/^\d+$/.test(id)) return [];
    const listed = isJsonObject(json) ? json['urls'] : undefined;
    const urls = Array.isArray(listed) ? listed.filter((url) => typeof url === 'string') : [];
    return [{ key, of: `asset ${key.slice('assets/'.length)}`, path: `assets/${id}`, urls }];
  });
  return [...images, ...assets];
}

function checkLeases(records: Records): readonly Finding[] {
  return records.under(leasePrefix).flatMap(({ key, value }): readonly Finding[] => {
    const table = openLeaseTable(value);
    if (!table.ok) {
      return [
        {
          key,
          weight: 'problem',
          what: table.error,
          does: 'lends no address of this range, and leaves the record as it is',
          remedy:
            'delete it when the machines of this network have ended their leases, or reboot them',
        },
      ];
    }
    const rows = table.value.entries();
    const json = parseJson(value);
    const foreign = isJsonObject(json) ? Object.keys(json).filter((name) => !rows.has(name)) : [];
    const strays = strayRows(value);
    return foreign.map((name) => {
      const end = strays.ok ? strays.value.get(name)?.end : undefined;
      const shown = JSON.stringify(name);
      if (end === undefined) {
        return {
          key,
          weight: 'notice',
          what: `the member ${shown} is no lease`,
          does: 'keeps it word for word, and lends as if it were not there',
          remedy: 'remove this member',
        };
      }
      const until = Number.isFinite(end) ? `until ${formatInstant(end)}` : 'for ever';
      return {
        key,
        weight: 'problem',
        what: `the lease of ${shown} has no index, so nobody knows which address it is`,
        does: `renews the leases of this range and gives no new one ${until}: any free address may be in use`,
        remedy:
          'reboot that machine, whose new lease takes its place; or when it is off remove this member (docs/operating.md)',
      };
    });
  });
}

function checkKernelParams(records: Records): readonly Finding[] {
  return records.under(kernelParamsPrefix).flatMap(({ key, value }): readonly Finding[] => {
    const text = new TextDecoder().decode(value);
    const remedy = 'set them anew (sabactl kernel-params set)';
    if (!areKernelParams(text)) {
      return [
        {
          key,
          weight: 'problem',
          what: `no kernel parameters, or not only: ${JSON.stringify(text.slice(0, 80))}`,
          does: 'gives machines no boot script, since nobody knows what iPXE would make of it',
          remedy: `${remedy}: letters, digits, spaces and - . , / : ; < = > ? @ [ \\ ] ^ _`,
        },
      ];
    }
    if (text.length <= kernelParamsBytesMax) return [];
    return [
      {
        key,
        weight: 'notice',
        what: `${text.length} characters; at most ${kernelParamsBytesMax} can be set today`,
        does: 'boots machines with them all the same',
        remedy,
      },
    ];
  });
}
