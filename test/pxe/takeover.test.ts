import { describe, expect, it } from 'vitest';
import { compareKeys } from '../../src/base/key-order.ts';
import { absent, type Revision } from '../../src/base/store.ts';
import { type Finding, type Records, recordsOf } from '../../src/inventory/takeover.ts';
import { expectedFiles, pxeTakeover } from '../../src/pxe/takeover.ts';
import { type OldDatabase, sabakan3 } from '../support/old-database.ts';

function records(database: OldDatabase): Records {
  return recordsOf(
    Object.entries(database)
      .filter(([, value]) => value !== '')
      .map(([key, value]) => ({
        key,
        value: new TextEncoder().encode(value),
        modRevision: '1' as Revision,
        createRevision: absent,
      }))
      .sort((a, b) => compareKeys(a.key, b.key)),
  );
}

const findings = (changed: OldDatabase): readonly Finding[] =>
  pxeTakeover.check(records({ ...sabakan3, ...changed }));

const image = (more: string): string =>
  `[{"id":"1855.4.0","date":"2018-12-20T02:03:04Z","size":1,"exists":false,${more}}]`;
const asset = (sabakan3['assets/cybozu-debian.tar'] ?? '').replace('"urls":[', '"urls":[%');
const assetUrls = (urls: string): string => asset.replace(/\[%[^\]]*\]/, urls);
const template = (version: string, source: string): string =>
  JSON.stringify({
    version,
    template: { systemd: { units: [{ name: 'a.service', contents: source }] } },
    meta: null,
  });

describe("network boot's records of a Sabakan 3", () => {
  it('are all understood', () => {
    expect(findings({})).toEqual([]);
    const ours = Object.keys(sabakan3).filter((key) =>
      /^(images|assets|ignitions|kernel-params|lease-usages)/.test(key),
    );
    expect(ours).toHaveLength(8);
    for (const key of ours) expect([key, pxeTakeover.owns(key)]).toEqual([key, true]);
  });

  it.each([
    'images',
    'images/',
    'images/coreos/other',
    'images/coreos/deleted/x',
    'ignitions/cs',
    'ignitions/templates/cs/1.0.0',
    'ignitions//1.0.0',
    'kernel-params/coreos/x',
    'kernel-params/UPPER',
    'lease-usages/10.69.0',
    'lease-usages/10.69.0.32/x',
    'machines/x',
  ])('do not lie under %s', (key) => {
    expect(pxeTakeover.owns(key)).toBe(false);
  });

  it.each<[string, OldDatabase, readonly (readonly [Finding['weight'], string, string])[]]>([
    [
      'a lease table that is none',
      { 'lease-usages/10.69.0.32': '[' },
      [['problem', 'lease-usages/10.69.0.32', 'the lease table is not JSON']],
    ],
    [
      'a lease without an index',
      { 'lease-usages/10.69.0.32': '{"52:54:00:12:34:56":{"lease":"2019-01-05T10:00:00Z"}}' },
      [['problem', 'lease-usages/10.69.0.32', 'the lease of "52:54:00:12:34:56" has no index']],
    ],
    ['an empty lease table', { 'lease-usages/10.69.0.32': 'null' }, []],
    [
      'an image index that is none',
      { 'images/coreos': '{}' },
      [['problem', 'images/coreos', 'list']],
    ],
    ['an empty image index', { 'images/coreos': 'null' }, []],
    [
      'an image called ..',
      { 'images/coreos': '[{"id":".."}]' },
      [['problem', 'images/coreos', 'has no id']],
    ],
    [
      'an image with empty and doubled URLs',
      { 'images/coreos': image('"urls":["","http://a/","http://a/","x"]') },
      [
        ['notice', 'images/coreos', 'image 1855.4.0 has an empty URL'],
        ['notice', 'images/coreos', 'image 1855.4.0 has the URL http://a/ more than once'],
        ['notice', 'images/coreos', 'image 1855.4.0 has "x", which is no URL'],
      ],
    ],
    [
      'an image without URLs',
      { 'images/coreos': image('"urls":null') },
      [['notice', 'images/coreos', 'has no URL']],
    ],
    [
      'deleted ids that are none',
      { 'images/coreos/deleted': '"x"' },
      [['problem', 'images/coreos/deleted', 'is not a list of image ids']],
    ],
    [
      'images of another system',
      { 'images/other': '[]' },
      [['notice', 'images/other', 'another operating system']],
    ],
    ['an asset that is no JSON', { 'assets/a': 'x' }, [['problem', 'assets/a', 'not JSON']]],
    [
      'an asset without a checksum',
      { 'assets/a': '{"name":"a","id":"1"}' },
      [['problem', 'assets/a', 'sha256']],
    ],
    [
      'an asset with an empty and a doubled URL',
      { 'assets/cybozu-debian.tar': assetUrls('["http://a/","","http://a/"]') },
      [
        ['notice', 'assets/cybozu-debian.tar', 'has an empty URL'],
        ['notice', 'assets/cybozu-debian.tar', 'has the URL http://a/ more than once'],
      ],
    ],
    [
      'an asset with a path for a name, and the id of another',
      { 'assets/a/../b': asset.replace('"cybozu-debian.tar"', '"a/../b"').replace('[%', '[') },
      [
        ['notice', 'assets/a/../b', 'could not be uploaded under this name today'],
        ['notice', 'assets/cybozu-debian.tar', 'has the id 2, and so has assets/a/../b'],
      ],
    ],
    [
      'a lost count of assets',
      { assets: '' },
      [['notice', 'assets/cybozu-debian.tar', 'has the id 2, above the last one given, 0']],
    ],
    ['a broken count of assets', { assets: 'two' }, [['problem', 'assets', 'but "two"']]],
    [
      'a template of another version',
      { 'ignitions/cs/1.0.0': '{"version":"1.0","template":{},"meta":null}' },
      [['problem', 'ignitions/cs/1.0.0', 'version must be one of']],
    ],
    [
      'a newest template that does not render for a machine of its role',
      { 'ignitions/cs/2.0.0': template('2.3', '{{ Metadata "none" }}') },
      [
        [
          'problem',
          'ignitions/cs/2.0.0',
          'does not render for machine 5678efgh: template: systemd',
        ],
      ],
    ],
    [
      'an older template that does not render',
      { 'ignitions/cs/0.9.0': template('2.3', '{{ .Spec.None }}') },
      [['notice', 'ignitions/cs/0.9.0', 'does not render for machine 5678efgh']],
    ],
    [
      'a template of a role without machines that does not render',
      { 'ignitions/ss/1.0.0': template('2.3', '{{ .Spec.None }}') },
      [['problem', 'ignitions/ss/1.0.0', 'does not render for an example machine']],
    ],
    [
      'a template whose id is no version',
      { 'ignitions/cs/latest.one!': template('2.3', '') },
      [['notice', 'ignitions/cs/latest.one!', '"latest.one!" is no version']],
    ],
    [
      'kernel parameters with a quote',
      { 'kernel-params/coreos': 'a="b"' },
      [['problem', 'kernel-params/coreos', 'no kernel parameters']],
    ],
    [
      'very long kernel parameters',
      { 'kernel-params/coreos': 'a'.repeat(4_097) },
      [['notice', 'kernel-params/coreos', '4097 characters; at most 4096']],
    ],
  ])('with %s: it is said, with its key', (_, changed, says) => {
    expect(findings(changed).map(({ weight, key, what }) => [weight, key, what])).toEqual(
      says.map(([weight, key, what]) => [weight, key, expect.stringContaining(what)]),
    );
  });

  it('speak of these files in the data directory', () => {
    expect(expectedFiles(records(sabakan3)).map(({ path }) => path)).toEqual([
      'images/coreos/1855.4.0/kernel',
      'images/coreos/1855.4.0/initrd.gz',
      'assets/2',
    ]);
  });
});
