import { describe, expect, it } from 'vitest';
import { compareKeys } from '../../src/base/key-order.ts';
import { absent, type Entry, type Revision } from '../../src/base/store.ts';
import { type Finding, planTakeover, recordsOf, schemaOf } from '../../src/inventory/takeover.ts';
import { inventoryTakeover } from '../../src/inventory/takeover-own.ts';
import { type OldDatabase, sabakan3 } from '../support/old-database.ts';

function entriesOf(database: OldDatabase): readonly Entry[] {
  return Object.entries(database)
    .map(([key, value]) => ({
      key,
      value: new TextEncoder().encode(value),
      modRevision: '1' as Revision,
      createRevision: absent,
    }))
    .sort((a, b) => compareKeys(a.key, b.key));
}

const inventorys = (key: string): boolean => inventoryTakeover.owns(key) || key === 'version';

/** The inventory's records of a Sabakan 3, with some changed; '' takes one out. */
function findings(changed: OldDatabase): readonly Finding[] {
  const database = Object.fromEntries(
    Object.entries({ ...sabakan3, ...changed }).filter(
      ([key, value]) => (key in changed || inventorys(key)) && value !== '',
    ),
  );
  return planTakeover(recordsOf(entriesOf(database)), [inventoryTakeover]).findings;
}

const machineA = sabakan3['machines/1234abcd'] ?? '';
const machineB = sabakan3['machines/5678efgh'] ?? '';

describe('the records of a Sabakan 3', () => {
  it('are all understood', () => {
    expect(findings({})).toEqual([]);
  });

  it.each<[string, OldDatabase, readonly (readonly [Finding['weight'], string, string])[]]>([
    [
      'a machine that is no JSON',
      { 'machines/x': '{' },
      [['problem', 'machines/x', 'the record is not JSON']],
    ],
    [
      'a machine in an unknown state, whose slot stays its own',
      { 'machines/5678efgh': machineB.replace('uninitialized', 'dead') },
      [['problem', 'machines/5678efgh', 'status.state']],
    ],
    [
      'a machine with a serial that breaks paths',
      { 'machines/a/b': machineB.replace('5678efgh', 'a/b'), 'machines/5678efgh': '' },
      [['notice', 'machines/a/b', 'serial must not contain a slash']],
    ],
    [
      'a machine whose BMC has no type',
      { 'machines/5678efgh': machineB.replace('IPMI-2.0', '') },
      [['notice', 'machines/5678efgh', 'BMC type is empty']],
    ],
    [
      'a machine in a slot that is not its own',
      { 'machines/5678efgh': machineB.replaceAll('10.69.1.68', '10.69.1.69') },
      [
        [
          'notice',
          'machines/5678efgh',
          'spec.ipv4 is 10.69.0.196, 10.69.1.4, 10.69.1.69; the IPAM configuration gives 10.69.0.196, 10.69.1.4, 10.69.1.68 for rack 1, index 4',
        ],
      ],
    ],
    [
      'a machine with the gateway of another plan',
      { 'machines/5678efgh': machineB.replace('10.69.0.193', '10.69.0.254') },
      [['notice', 'machines/5678efgh', 'info.network.ipv4 is 10.69.0.196/26 by 10.69.0.254, ']],
    ],
    [
      'two machines in one slot',
      { 'machines/twin': machineB.replace('5678efgh', 'twin') },
      [
        [
          'problem',
          'machines/twin',
          'has 10.69.0.196, 10.69.1.4, 10.69.1.68, 10.72.17.36, and so has machines/5678efgh',
        ],
      ],
    ],
    [
      'an IPAM configuration that is none',
      { ipam: '{}' },
      [['problem', 'ipam', 'max-nodes-in-rack']],
    ],
    [
      'a DHCP configuration that is none',
      { dhcp: 'x' },
      [['problem', 'dhcp', 'must be a JSON object']],
    ],
    [
      'machines without a plan',
      { ipam: '' },
      [['problem', 'ipam', 'is missing, though there are machines (machines/1234abcd)']],
    ],
    [
      'a rack that does not know its machine',
      { 'node-indices/1': '[5,5]' },
      [
        ['notice', 'node-indices/1', 'lists 5 more than once'],
        ['notice', 'node-indices/1', 'lists 5, which no machine of the rack has'],
        ['problem', 'node-indices/1', 'does not list 4, which machines/5678efgh has'],
      ],
    ],
    [
      'a rack with machines and no list',
      { 'node-indices/1': '' },
      [['problem', 'node-indices/1', 'does not list 4']],
    ],
    [
      'a list that is none',
      { 'node-indices/1': '{"4":1}' },
      [['problem', 'node-indices/1', 'is not a list of indices']],
    ],
    [
      'a rack that is none',
      { 'node-indices/one': '[]' },
      [['problem', 'node-indices/one', 'belongs to nothing']],
    ],
    [
      'disk keys of a machine that is gone',
      { 'crypts/gone/a': 'k', 'crypts/gone/b': 'k' },
      [['notice', 'crypts/gone/', '2 disk keys of a machine that is not registered']],
    ],
    [
      'a disk key in no folder',
      { 'crypts/1234abcd': 'k' },
      [['problem', 'crypts/1234abcd', 'belongs to nothing']],
    ],
    [
      'audit records that are none',
      {
        'audit/20181220/000000000000002f': '[]',
        'audit/today': '{}',
        audit: '{}',
      },
      [
        ['problem', 'audit', 'is not the time'],
        ['problem', 'audit/20181220/000000000000002f', 'is not an audit record'],
        ['problem', 'audit/today', 'belongs to nothing'],
      ],
    ],
    [
      'the lock of an upgrade',
      { 'schema-lock//1': 'x' },
      [['notice', 'schema-lock//1', 'a server holds or awaits the lock']],
    ],
    ['keys of Tetsukan', { 'tetsukan/leader': 'x' }, []],
  ])('with %s: it is said, with its key', (_, changed, says) => {
    const found = findings(changed);
    expect(found.map(({ weight, key, what }) => [weight, key, what])).toEqual(
      says.map(([weight, key, what]) => [weight, key, expect.stringContaining(what)]),
    );
    for (const { does, remedy } of found) {
      expect(does).not.toBe('');
      expect(remedy).not.toBe('');
    }
  });

  it('keeps the labels a machine has, however many, but says so', () => {
    const labels = Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`l${at}`, 'x']));
    const json = JSON.parse(machineA);
    json.spec.labels = labels;
    expect(findings({ 'machines/1234abcd': JSON.stringify(json) })).toMatchObject([
      { weight: 'notice', what: expect.stringContaining('65 labels') },
    ]);
  });
});

describe('the schema version', () => {
  const entry = (value: string): Entry => entriesOf({ key: value })[0] as Entry;

  it.each<[string | undefined, boolean, ReturnType<typeof schemaOf>]>([
    [undefined, false, 'fresh'],
    [undefined, true, '1'],
    ['2', true, '2'],
    ['3', true, '3'],
    ['3', false, '3'],
    ['3\n', true, '3'],
    ['1', true, '1'],
    ['4', true, { unknown: '4' }],
    ['', true, { unknown: '' }],
  ])('%o, with IPAM configuration: %o, is %o', (version, hasIpam, found) => {
    expect(
      schemaOf(
        version === undefined ? undefined : entry(version),
        hasIpam ? entry('{}') : undefined,
      ),
    ).toEqual(found);
  });

  it('that is unknown is the only thing that is said', () => {
    expect(findings({ version: '4', 'machines/x': '{' })).toMatchObject([{ key: 'version' }]);
  });
});

describe('records', () => {
  it('are found by key and by what keys begin with', () => {
    const records = recordsOf(entriesOf({ a: '1', 'a/': '2', 'a/b': '3', b: '4' }));
    expect(records.get('a/')?.key).toBe('a/');
    expect(records.get('aa')).toBeUndefined();
    expect(records.under('a/').map(({ key }) => key)).toEqual(['a/', 'a/b']);
    expect(records.under('c')).toEqual([]);
    expect(records.under('')).toHaveLength(4);
  });
});
