import { describe, expect, it } from 'vitest';
import {
  decodeAsset,
  encodeRecord,
  escapedName,
  newRecord,
  parseAssetName,
  publishedAsset,
  urlsWith,
} from '../../../src/pxe/assets/asset.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const sha256 = 'ab'.repeat(32);

describe('asset names', () => {
  it.each(['a', 'foo.tar.gz', 'with space', 'ü', 'a:b@c', '...', 'meta', 'x'.repeat(255)])(
    '%j is one',
    (name) => expect(parseAssetName(name)).toEqual({ ok: true, value: name }),
  );

  it.each(['', '.', '..', 'a/b', 'a\nb', '\u0000', 'a\u0085', 'x'.repeat(256), 'ü'.repeat(128)])(
    '%j is none for a new asset',
    (name) => expect(parseAssetName(name).ok).toBe(false),
  );

  it.each([
    ['foo', 'foo'],
    ['a b', 'a%20b'],
    ['a?b#c%d', 'a%3Fb%23c%25d'],
    ["$&+,:;=@!'()*~", '$&+,:;=@%21%27%28%29%2A~'],
    ['ü', '%C3%BC'],
  ])('%j is spelled %s in a URL, as Go does', (name, escaped) => {
    expect(escapedName(name)).toBe(escaped);
  });
});

describe('asset records', () => {
  const record = newRecord({
    name: 'foo',
    id: '7',
    contentType: 'text/plain',
    date: '2026-11-21T06:00:00Z',
    sizeBytes: 3,
    sha256,
    urls: ['http://a/foo'],
    options: new Map([
      ['b', '1'],
      ['a', ''],
    ]),
  });

  it("have Sabakan's members in its order", () => {
    expect(new TextDecoder().decode(encodeRecord(record))).toBe(
      `{"name":"foo","id":"7","content-type":"text/plain","date":"2026-11-21T06:00:00Z","size":3,` +
        `"sha256":"${sha256}","urls":["http://a/foo"],"exists":false,"options":{"a":"","b":"1"}}`,
    );
  });

  it('come back as they were', () => {
    const asset = decodeAsset('foo', encodeRecord(record));
    expect(asset.ok && publishedAsset(asset.value, false)).toEqual(record);
    expect(asset.ok && asset.value.record).toEqual(record);
  });

  it.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['null', 'null'],
    ['no id', `{"sha256":"${sha256}"}`],
    ['an id that is a path', `{"id":"../1","sha256":"${sha256}"}`],
    ['an id that is a number', `{"id":1,"sha256":"${sha256}"}`],
    ['the id 0', `{"id":"0","sha256":"${sha256}"}`],
    ['no checksum', '{"id":"1"}'],
    ['half a checksum', '{"id":"1","sha256":"abcd"}'],
  ])('with %s cannot be read', (_, text) => {
    expect(decodeAsset('foo', utf8(text)).ok).toBe(false);
  });
});

describe('the URLs of an asset', () => {
  const many = (count: number) => Array.from({ length: count }, (_, at) => `http://${at}/`);

  it.each<[string, readonly string[], readonly string[] | undefined]>([
    ['nothing', [], ['own']],
    ['another', ['p'], ['own', 'p']],
    ['it already', ['own', 'p'], undefined],
    ['it twice', ['own', 'own'], ['own']],
    ['no order', ['p', 'own'], ['own', 'p']],
    ['an empty one', ['', 'own'], ['own']],
    ['nine others', many(9), [...many(9), 'own']],
    ['ten others', many(10), undefined],
    ['eleven others', many(11), many(11).sort().slice(0, 10)],
  ])('that have %s', (_, urls, expected) => {
    expect(urlsWith(urls, 'own')).toEqual(expected);
  });
});
