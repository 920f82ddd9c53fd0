import { describe, expect, it } from 'vitest';
import { bootNoun } from '../../src/cli/nouns/boot.ts';
import { matcherOf } from '../../src/cli/selection.ts';

const range = (...names: readonly string[]) => ({
  names,
  racks: [],
  isOne: names.length === 1,
  without: { names: [], racks: [] },
});
const boot = { id: '525400000001-1795283345', serial: 'S1', mac: '52:54:00:00:00:01' };

describe('what is watched by name', () => {
  it.each([
    ['S1', true],
    ['52:54:00:00:00:01', true],
    ['52:54:00:00:00:01'.toUpperCase(), true],
    ['525400000001-1795283345', true],
    ['S2', false],
    ['525400000001-1795283346', false],
  ])('of boots, %s: %s', (name, isMeant) => {
    expect(matcherOf(bootNoun, range(name))(boot)).toBe(isMeant);
  });
});
