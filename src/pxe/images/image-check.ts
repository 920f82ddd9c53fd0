/** Image records of a database that is taken over: what does not decode, what could not be written today. */

import { parseJson } from '../../base/exact-json.ts';
import type { Entry } from '../../base/store.ts';
import { parseRfc3339 } from '../../base/time.ts';
import type { Finding, Records } from '../../inventory/takeover.ts';
import { decodeIndex, type Image, imageKeys, imagesMax } from './image-json.ts';
import { urlMistakes } from './url-check.ts';

export function checkImages(records: Records): readonly Finding[] {
  return records.under(imageKeys.prefix).flatMap((entry) => {
    if (entry.key.endsWith('/deleted')) return checkDeleted(entry);
    return [...checkIndex(entry), ...otherSystem(entry)];
  });
}

function checkIndex({ key, value }: Entry): readonly Finding[] {
  const index = decodeIndex(value);
  if (!index.ok) {
    return [
      {
        key,
        weight: 'problem',
        what: index.error,
        does: 'boots nothing, takes no image and leaves the record as it is',
        remedy: 'delete it and upload the images anew, or put it right with etcdctl',
      },
    ];
  }
  const ids = index.value.map(({ id }) => id);
  const mistakes = index.value.flatMap((image, at) => [
    ...mistakesOf(image),
    ...(ids.indexOf(image.id) < at ? [`image ${image.id} is in it twice`] : []),
  ]);
  if (ids.length > imagesMax) mistakes.push(`has ${ids.length} images; ${imagesMax} are kept`);
  return mistakes.map((what) => ({
    key,
    weight: 'notice',
    what,
    does: 'serves the image all the same, from this server or one that has it',
    remedy: 'none needed; upload the image again should no server have its files',
  }));
}

function mistakesOf({ id, date, urls }: Image): readonly string[] {
  return [
    ...urlMistakes(urls).map((mistake) => `image ${id} ${mistake}`),
    ...(parseRfc3339(date).ok ? [] : [`image ${id} has no date of its upload`]),
  ];
}

function checkDeleted({ key, value }: Entry): readonly Finding[] {
  const json = parseJson(value);
  const isList = Array.isArray(json) && json.every((id) => typeof id === 'string');
  if (json === null || isList) return [];
  return [
    {
      key,
      weight: 'problem',
      what: 'is not a list of image ids',
      does: 'takes it as empty: an id that was deleted can be uploaded again',
      remedy: 'delete it',
    },
  ];
}

function otherSystem({ key }: Entry): readonly Finding[] {
  if (key === imageKeys.index) return [];
  return [
    {
      key,
      weight: 'notice',
      what: 'images of another operating system than coreos',
      does: 'leaves them as they are and serves none of them, as Sabakan does',
      remedy: 'delete the record when nobody needs it',
    },
  ];
}
