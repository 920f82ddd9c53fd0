/** Asset records of a database that is taken over: what does not decode, what could not be written today. */

import { parseRfc3339 } from '../../base/time.ts';
import type { Finding, Records } from '../../inventory/takeover.ts';
import { urlMistakes } from '../images/url-check.ts';
import { type Asset, assetKeys, decodeAsset, isAssetId, parseAssetName } from './asset.ts';

export function isAssetKey(key: string): boolean {
  return key === assetKeys.lastId || key.startsWith(assetKeys.prefix);
}

export function checkAssets(records: Records): readonly Finding[] {
  const findings: Finding[] = [];
  const counter = records.get(assetKeys.lastId);
  const last = counter === undefined ? '0' : new TextDecoder().decode(counter.value).trim();
  const isCounted = last === '0' || isAssetId(last);
  if (!isCounted) {
    findings.push({
      key: assetKeys.lastId,
      weight: 'problem',
      what: `is not the last asset id, a decimal number, but ${JSON.stringify(last.slice(0, 80))}`,
      does: 'takes no asset upload and leaves the record as it is',
      remedy: 'put the highest id of all assets there',
    });
  }
  const owners = new Map<string, string>();
  for (const { key, value } of records.under(assetKeys.prefix)) {
    const asset = decodeAsset(key.slice(assetKeys.prefix.length), value);
    if (!asset.ok) {
      findings.push({
        key,
        weight: 'problem',
        what: asset.error,
        does: 'shows and serves no such asset, and leaves the record as it is',
        remedy: 'delete the asset (sabactl assets delete) and upload it anew',
      });
      continue;
    }
    const { id } = asset.value;
    const above = isCounted && Number(id) > Number(last) ? [aboveLast(id, last)] : [];
    const owner = owners.get(id);
    const shared = owner === undefined ? [] : [`has the id ${id}, and so has ${owner}`];
    owners.set(id, key);
    findings.push(
      ...[...mistakesOf(asset.value), ...above, ...shared].map((what) => odd(key, what)),
    );
  }
  return findings;
}

function aboveLast(id: string, last: string): string {
  return `has the id ${id}, above the last one given, ${last}`;
}

function mistakesOf({ name, date, urls, record }: Asset): readonly string[] {
  const mistakes = [...urlMistakes(urls)];
  const safe = parseAssetName(name);
  if (!safe.ok) mistakes.push(`could not be uploaded under this name today: ${safe.error}`);
  if (record['name'] !== name) mistakes.push(`calls itself ${JSON.stringify(record['name'])}`);
  if (!parseRfc3339(date).ok) mistakes.push('has no date of its upload');
  return mistakes;
}

function odd(key: string, what: string): Finding {
  return {
    key,
    weight: 'notice',
    what,
    does: 'serves the asset all the same, by its name',
    remedy: 'upload it anew, under a proper name, when it is convenient',
  };
}
