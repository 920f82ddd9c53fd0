import { describe, expect, it } from 'vitest';
import { Failure, failureText } from '../../src/cli/failure.ts';
import { eachOf, mustAllBeDone } from '../../src/cli/many.ts';

const refused = (details: readonly string[]) => ({
  status: 400,
  kind: 'bad-request',
  said: details.join('; '),
  errors: details.map((detail, at) => ({ at: `/${at}`, detail })),
});

describe('what a command ends with', () => {
  it.each([
    [new Failure('no', ''), 'tetsu: no\n'],
    [new Failure('no', 'do this'), 'tetsu: no\nhint: do this\n'],
    [new Failure('S answered 400: a', '', 2, refused(['a'])), 'tetsu: S answered 400: a\n'],
    [
      new Failure('S answered 400: a; b', 'mend', 2, refused(['a', 'b'])),
      'tetsu: S answered 400:\n  /0: a\n  /1: b\nhint: mend\n',
    ],
    [new Failure('a\u001B[31mb', ''), 'tetsu: a\u{FFFD}[31mb\n'],
  ])('%s is told to people', (failure, text) => {
    expect(failureText(failure, false)).toBe(text);
  });

  it('is JSON for programs', () => {
    const failure = new Failure('S answered 400: a', 'mend', 2, refused(['a']));
    expect(JSON.parse(failureText(failure, true))).toEqual({
      error: {
        message: 'S answered 400: a',
        hint: 'mend',
        exitCode: 2,
        status: 400,
        kind: 'bad-request',
        errors: [{ at: '/0', detail: 'a' }],
      },
    });
  });
});

describe('a change of several', () => {
  const counted = () => {
    const seen: string[] = [];
    const progress = { step: () => seen.push('step'), done: () => seen.push('done') };
    return { seen, progress };
  };
  const names = ['a', 'b', 'c'];
  const failing = (bad: readonly string[]) => async (name: string) => {
    if (bad.includes(name)) throw new Failure(`${name} is bad`, 'h', 4);
    return name;
  };

  it('is done when all are, and says how far it is', async () => {
    const { seen, progress } = counted();
    const outcomes = await eachOf(names, progress, failing([]));
    expect(seen).toEqual(['step', 'step', 'step', 'done']);
    expect(() => mustAllBeDone(outcomes, 'machine', 'labelled')).not.toThrow();
  });

  it.each([
    [['b'], 8, /^2 of 3 machines were labelled, 1 were not:\n {2}b: b is bad$/],
    [names, 4, /^0 of 3 machines/],
  ])('that fails for %j ends with %i', async (bad, exitCode, message) => {
    const outcomes = await eachOf(names, counted().progress, failing(bad));
    expect(outcomes.map(({ name }) => name)).toEqual(names);
    const ends = () => mustAllBeDone(outcomes, 'machine', 'labelled');
    expect(ends).toThrow(message);
    expect(ends).toThrow(expect.objectContaining({ exitCode }));
  });

  it('of one that fails is that failure', async () => {
    const outcomes = await eachOf(['a'], counted().progress, failing(['a']));
    expect(() => mustAllBeDone(outcomes, 'machine', 'labelled')).toThrow('a is bad');
  });
});
