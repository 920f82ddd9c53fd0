import { describe, expect, it } from 'vitest';
import { listAll, notWhole } from '../../../src/cli/commands/list.ts';
import { exitCodes } from '../../../src/cli/failure.ts';
import { leaseNoun } from '../../../src/cli/nouns/lease.ts';
import { machineNoun } from '../../../src/cli/nouns/machine.ts';

const missing = [
  {
    key: 'lease-usages/10.69.0.96',
    text: 'the range from 10.69.0.96 is left out',
    todo: 'mend it',
  },
  {
    key: 'lease-usages/10.69.1.32',
    text: 'the range from 10.69.1.32 is left out',
    todo: 'mend it',
  },
];

/** A server that lists one object, and lacks these where it is asked for a part. */
function listing() {
  const asked: string[] = [];
  const get = async (path: string) => {
    asked.push(path);
    const lacks = path.includes('partial=true') ? { missing } : {};
    return { status: 200, body: { items: ['one'], next: null, revision: '7', ...lacks } };
  };
  return { get, asked };
}

describe('a list of what can be read', () => {
  it('is asked for by those who tell what it lacks, of nouns that have one', async () => {
    const { get, asked } = listing();
    const told: unknown[] = [];
    const onMissing = (lacks: unknown) => told.push(lacks);
    expect((await listAll(get, leaseNoun, { onMissing })).objects).toEqual(['one']);
    await listAll(get, leaseNoun);
    await listAll(get, machineNoun, { onMissing });
    expect(asked.map((path) => path.includes('partial'))).toEqual([true, false, false]);
    expect(told).toEqual([missing]);
  });

  it('ends the command as one that was done in part', () => {
    const failure = notWhole(leaseNoun, missing);
    expect([failure.exitCode, failure.message]).toEqual([
      exitCodes.partial,
      'not all leases could be listed: the range from 10.69.0.96 is left out; and 1 more',
    ]);
    expect(failure.hint).toContain('mend it');
    expect(failure.errors.map(({ at }) => at)).toEqual(missing.map(({ key }) => key));
  });
});
