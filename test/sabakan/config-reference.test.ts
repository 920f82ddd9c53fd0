import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { flagNames } from '../../src/sabakan/config.ts';
import { meanings } from '../../src/sabakan/config-meanings.ts';
import { withReference } from '../../src/sabakan/config-page.ts';
import { configMembers } from '../../src/sabakan/config-reference.ts';

const members = configMembers();
const memberAt = (path: string) => members.find((member) => member.path === path);

describe('the reference of the configuration', () => {
  it('says of every member what it is for', () => {
    expect(members.filter(({ meaning }) => meaning === '').map(({ path }) => path)).toEqual([]);
  });

  it('explains no member that the reader does not ask for', () => {
    expect([...meanings.keys()].filter((path) => memberAt(path) === undefined)).toEqual([]);
  });

  it('takes defaults and what a member may be from the reader', () => {
    expect(memberAt('etcd.max-txn-ops')).toMatchObject({
      otherwise: '`128`',
      holds: 'a whole number from 16 to 100000',
    });
    expect(memberAt('log-level')).toMatchObject({
      otherwise: '`info`',
      holds: 'one of debug, info, warn, error',
    });
    expect(memberAt('health.crowd.rack-share')?.otherwise).toBe('`0.5`');
    expect(memberAt('cluster.excluded-roles')?.otherwise).toBe('`[boot]`');
  });

  it("has a member for each of Sabakan's flags", () => {
    const paths = flagNames.map((flag) =>
      flag.startsWith('etcd-tls-')
        ? `etcd.${flag.slice('etcd-'.length)}-file`
        : flag.replace(/^etcd-/, 'etcd.'),
    );
    expect(paths.filter((path) => memberAt(path) === undefined)).toEqual([]);
  });

  it('is what docs/configuration.md says (npm run docs writes it)', () => {
    const page = readFileSync('docs/configuration.md', 'utf8');
    expect(page).toBe(withReference(page));
  });
});
