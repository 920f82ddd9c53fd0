import { describe, expect, it } from 'vitest';
import { explainConfig } from '../../../src/cli/commands/explain-config.ts';
import { configMembers } from '../../../src/sabakan/config-reference.ts';

const members = configMembers();

describe('tetsu explain config', () => {
  it('says of a member what it is for, what it may be and its default', () => {
    expect(explainConfig(members, 'etcd.max-txn-ops')).toBe(
      [
        'etcd.max-txn-ops',
        "  etcd's --max-txn-ops; one change takes far more operations than this ([how](adr/0005-big-commits.md))",
        '  it is a whole number from 16 to 100000',
        '  default: 128',
      ].join('\n'),
    );
  });

  it('says of a member that holds others all of those', () => {
    const names = explainConfig(members, 'tftp')
      .split('\n')
      .filter((line) => !line.startsWith(' '));
    expect(names.filter(Boolean)).toEqual(['tftp.enabled', 'tftp.listen', 'tftp.root']);
  });

  it('names the member that was meant', () => {
    expect(() => explainConfig(members, 'etcd.timout')).toThrow(
      expect.objectContaining({ hint: 'did you mean etcd.timeout?', exitCode: 3 }),
    );
  });
});
