import { describe, expect, it } from 'vitest';
import { meantDiscoveries } from '../../../src/cli/commands/discovery.ts';
import { exitCodes, Failure } from '../../../src/cli/failure.ts';
import { strangerIds, twoStrangers } from '../../support/discoveries.ts';
import { aFace } from '../../support/face.ts';

const [one, two] = strangerIds;

async function meant(
  names: readonly string[],
  selector?: string,
  serials: readonly [string, string] = ['A-1', 'A-2'],
) {
  const face = await aFace();
  await twoStrangers(face, serials);
  const get = async (path: string) => {
    const answer = await face.ask(`GET ${path}`);
    return { status: answer.statusCode, body: answer.json() };
  };
  return meantDiscoveries(get, names, selector).then(
    (found) => found.map(({ id }) => id),
    (failure: unknown) => {
      if (!(failure instanceof Failure)) throw failure;
      return `${failure.exitCode}: ${failure.message}`;
    },
  );
}

describe('the machines that tetsu approve and tetsu reject mean', () => {
  it.each<[readonly string[], readonly string[]]>([
    [['A-2'], [two]],
    [['52-54-00-00-00-01'], [one]],
    [['52:54:00:00:00:01'], [one]],
    [['5254.0000.0002'], [two]],
    [
      ['A-1', '52:54:00:00:00:01', 'A-2'],
      [one, two],
    ],
  ])('by %j are %j', async (names, ids) => expect(await meant(names)).toEqual(ids));

  it('are never all of them because none is named', async () => {
    expect(await meant([])).toBe(
      `${exitCodes.usage}: no discovery is named: a decision is never about all of them by default`,
    );
  });

  it('are all that a selector takes', async () => {
    expect(await meant([], 'state=waiting')).toEqual([one, two]);
    expect(await meant([], 'state=rejected')).toEqual([]);
  });

  it('are none that nobody saw', async () => {
    expect(await meant(['a-1'])).toBe(
      `${exitCodes.notFound}: no discovered machine is called "a-1"`,
    );
  });

  it('are not one of two that say the same serial number: both ids are told', async () => {
    expect(await meant(['A-1'], undefined, ['A-1', 'A-1'])).toBe(
      `${exitCodes.conflict}: 2 machines say that they are A-1: ${one}, ${two}`,
    );
  });
});
