/** Asset records of a database that is taken over (Sabakan 3.1.9: `assets/<name>`, and `assets` as the last id). */

import { isJsonObject, parseJson } from '../../base/exact-json.ts';
import type { Entry } from '../../base/store.ts';
import { parseRfc3339 } from '../../base/time.ts';
import type { Finding, Records } from '../../inventory/takeover.ts';
import { urlMistakes } from './url-check.ts';

const lastId = 'assets';
const prefix = 'assets/';
/** What paths, headers and lists of names are cut at, and what looks like nothing. */
const unsafeInName = /[\p{Cc}\p{Cf}\p{Cs}/\\]/u;

export function isAssetKey(key: string): boolean {
  return key === lastId || key.startsWith(prefix);
}

export function checkAssets(records: Records): readonly Finding[] {
  const findings: Finding[] = [];
  const counter = records.get(lastId);
  const last = counter === undefined ? '0' : new TextDecoder().decode(counter.value);
  if (!/^\d{1,19}$/.test(last)) {
    findings.push({
      key: lastId,
      weight: 'problem',
      what: `is not the last asset id, a decimal number, but ${JSON.stringify(last.slice(0, 80))}`,
      does: 'takes no asset upload and leaves the record as it is',
      remedy: 'put the highest id of all assets there',
    });
  }
  const owners = new Map<string, string>();
  for (const entry of records.under(prefix)) {
    const problem = problemOf(entry);
    if (problem !== undefined) findings.push(problem);
    else findings.push(...noticesOf(entry, last, owners));
  }
  return findings;
}

type AssetJson = Readonly<Record<string, unknown>>;

function problemOf({ key, value }: Entry): Finding | undefined {
  const json = parseJson(value);
  const what = isJsonObject(json)
    ? whyBroken(json, key.slice(prefix.length))
    : 'is not a JSON object';
  if (what === undefined) return undefined;
  return {
    key,
    weight: 'problem',
    what,
    does: 'shows and serves no such asset, and leaves the record as it is',
    remedy: 'delete it and upload the asset anew',
  };
}

function whyBroken(json: AssetJson, name: string): string | undefined {
  const { id, size, sha256, urls } = json;
  if (json['name'] !== name) return `is the record of ${JSON.stringify(json['name'])}`;
  if (typeof id !== 'string' || !/^\d{1,19}$/.test(id)) return 'id is not a decimal number as text';
  if (!Number.isSafeInteger(size) || (size as number) < 0) return 'size is not a number of bytes';
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/i.test(sha256)) {
    return 'sha256 is not 64 hexadecimal digits';
  }
  if (typeof json['content-type'] !== 'string') return 'content-type is not a text';
  if (urls !== null && urls !== undefined && !isTexts(urls)) return 'urls is not a list of texts';
  return undefined;
}

function noticesOf(
  { key, value }: Entry,
  last: string,
  owners: Map<string, string>,
): readonly Finding[] {
  const json = parseJson(value) as AssetJson;
  const id = String(json['id']);
  const name = key.slice(prefix.length);
  const mistakes = [...urlMistakes((json['urls'] ?? []) as readonly string[])];
  const owner = owners.get(id);
  if (owner !== undefined) mistakes.push(`has the id ${id}, and so has ${owner}`);
  owners.set(id, key);
  if (/^\d+$/.test(last) && BigInt(id) > BigInt(last)) {
    mistakes.push(`has the id ${id}, above the last one in ${lastId}, ${last}`);
  }
  if (name === '' || name === '.' || name === '..' || unsafeInName.test(name)) {
    mistakes.push('has a name that could not be uploaded today');
  }
  if (typeof json['date'] !== 'string' || !parseRfc3339(json['date']).ok) {
    mistakes.push('has no date of its upload');
  }
  return mistakes.map((what) => ({
    key,
    weight: 'notice',
    what,
    does: 'serves the asset all the same',
    remedy: 'upload it anew under a proper name when it is convenient',
  }));
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}
