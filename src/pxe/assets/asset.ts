/** An asset as stored and published (Sabakan 3.1.9): any file, under a name, whose versions have ids. */

import { compareKeys } from '../../base/key-order.ts';
import { fail, ok, type Result } from '../../base/result.ts';

export type Asset = {
  readonly name: string;
  /** Decimal; shared by all assets and never used twice. */
  readonly id: string;
  readonly contentType: string;
  /** RFC 3339, when it was uploaded. */
  readonly date: string;
  /** 0 in records of old Sabakan versions, which did not keep it. */
  readonly sizeBytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  /** Where servers can get it from. */
  readonly urls: readonly string[];
  /** Undefined in records of old Sabakan versions. */
  readonly options: ReadonlyMap<string, string> | undefined;
  /** The record as it was read: members that we do not know are kept when it is written again. */
  readonly record: AssetRecord;
};

export type AssetRecord = Readonly<Record<string, unknown>>;

/** As the API shows it, members in Sabakan's order. */
export type PublishedAsset = {
  readonly name: string;
  readonly id: string;
  readonly 'content-type': string;
  readonly date: string;
  readonly size: number;
  readonly sha256: string;
  readonly urls: readonly string[] | null;
  /** Whether the answering server has it. */
  readonly exists: boolean;
  readonly options: Readonly<Record<string, string>> | null;
};

export const assetKeys = {
  /** The id given last, decimal. Not below `prefix`. */
  lastId: 'assets',
  prefix: 'assets/',
  record: (name: string): string => `assets/${name}`,
} as const;

/** Sabakan's limit, 4 GiB. */
export const assetBytesMax = 4_294_967_296;
/** Of a new name, in UTF-8: what a file name may have. */
export const nameBytesMax = 255;
export const urlsPerAssetMax = 10;

/** For new assets. Records under other names, which Sabakan took, stay readable and can be deleted. */
export function parseAssetName(name: string): Result<string, string> {
  if (name === '') return fail('the name of an asset is missing');
  if (name === '.' || name === '..' || name.includes('/') || hasControls(name)) {
    return fail(`${JSON.stringify(name.slice(0, 100))} is no asset name: no slashes, no controls`);
  }
  const bytes = new TextEncoder().encode(name).length;
  return bytes <= nameBytesMax
    ? ok(name)
    : fail(`the asset name has ${bytes} bytes, more than ${nameBytesMax}`);
}

export function isAssetId(text: string): boolean {
  return /^[1-9][0-9]{0,14}$/.test(text);
}

/** The record of a new version, which only its first server has. */
export function newRecord(
  asset: Omit<Asset, 'record' | 'options'> & { readonly options: ReadonlyMap<string, string> },
): PublishedAsset {
  return {
    name: asset.name,
    id: asset.id,
    'content-type': asset.contentType,
    date: asset.date,
    size: asset.sizeBytes,
    sha256: asset.sha256,
    urls: asset.urls,
    exists: false,
    options: inOrder(asset.options),
  };
}

export function encodeRecord(record: AssetRecord): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(record));
}

/** @returns the asset, or what is wrong with its record. */
export function decodeAsset(name: string, bytes: Uint8Array): Result<Asset, string> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return fail('the record of the asset is not JSON');
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return fail('the record of the asset is not a JSON object');
  }
  const record = json as AssetRecord;
  const text = (member: string): string | undefined => {
    const value = record[member];
    return typeof value === 'string' ? value : undefined;
  };
  const [id, sha256] = [text('id'), text('sha256')];
  if (id === undefined || !isAssetId(id)) return fail('id is no decimal number in quotes');
  if (sha256 === undefined || !/^[0-9a-f]{64}$/.test(sha256)) {
    return fail('sha256 is not 64 hexadecimal digits');
  }
  const size = record['size'];
  return ok({
    name,
    id,
    contentType: text('content-type') ?? '',
    date: text('date') ?? '',
    sizeBytes: typeof size === 'number' && size > 0 ? size : 0,
    sha256,
    urls: textsOf(record['urls']),
    options: optionsOf(record['options']),
    record,
  });
}

export function publishedAsset(asset: Asset, exists: boolean): PublishedAsset {
  const { name, id, date, sha256, urls, options, record } = asset;
  return {
    name,
    id,
    'content-type': asset.contentType,
    date,
    size: asset.sizeBytes,
    sha256,
    // Go shows a list that was never set as null.
    urls: Array.isArray(record['urls']) ? urls : null,
    exists,
    options: options === undefined ? null : inOrder(options),
  };
}

/** Each URL once, in order, none empty; undefined when the list is as it should be or full. */
export function urlsWith(urls: readonly string[], own: string): readonly string[] | undefined {
  const others = [...new Set(urls)].filter((url) => url !== '' && url !== own);
  const next = others.length < urlsPerAssetMax ? [...others, own].sort() : others.sort();
  const isSame = next.length === urls.length && next.every((url, at) => url === urls[at]);
  return isSame ? undefined : next.slice(0, urlsPerAssetMax);
}

/** A name as one segment of a URL's path, escaped as Go does it, so that two servers spell a URL alike. */
export function escapedName(name: string): string {
  return encodeURIComponent(name)
    .replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%(24|26|2B|2C|3A|3B|3D|40)/g, decodeURIComponent);
}

/** Go writes the members of a map in order. */
function inOrder(options: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  return Object.fromEntries([...options].sort(([a], [b]) => compareKeys(a, b)));
}

function hasControls(text: string): boolean {
  return [...text].some(
    (character) => character < ' ' || (character >= '\x7f' && character < '\xa0'),
  );
}

function textsOf(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly unknown[]).filter((text) => typeof text === 'string');
}

function optionsOf(value: unknown): ReadonlyMap<string, string> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return new Map(
    Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}
