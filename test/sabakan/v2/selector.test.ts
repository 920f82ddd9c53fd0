import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSelector, selects } from '../../../src/sabakan/v2/selector.ts';

const object = new Map([
  ['state', 'healthy'],
  ['rack', '2'],
  ['empty', ''],
]);

const answer = (text: string): boolean | string => {
  const parsed = parseSelector(text);
  if (!parsed.ok) return `${parsed.error.at}: ${parsed.error.text}`;
  return selects(parsed.value, (key) => object.get(key));
};

describe('a selector', () => {
  it.each([
    ['', true],
    ['  ', true],
    ['state=healthy', true],
    ['state==healthy', true],
    ['state = healthy', true],
    ['state=healthy,rack=2', true],
    ['state=healthy, rack=3', false],
    ['state!=healthy', false],
    ['state!=retired', true],
    ['nobody!=x', true],
    ['nobody=x', false],
    ['state in (healthy,retired)', true],
    ['state in ( retired , healthy )', true],
    ['state in (retired)', false],
    ['state notin (retired,retiring)', true],
    ['state notin (healthy)', false],
    ['nobody notin (x)', true],
    ['rack', true],
    ['nobody', false],
    ['!nobody', true],
    ['!rack', false],
    ['empty=', true],
    ['empty', true],
    ['state=', false],
    ['empty in ()', true],
    ['in in (x)', false],
    ['rack,state,!nobody', true],
  ])('%s is %s', (text, expected) => expect(answer(text)).toBe(expected));

  it.each([
    [',', 0],
    ['state=healthy,', 14],
    ['=x', 0],
    ['state=a b', 8],
    ['state like x', 6],
    ['state inside (x)', 6],
    ['state in x', 9],
    ['state in (a', 11],
    ['state in (a b)', 12],
    ['!', 1],
    ['state=healthy;rack=2', 13],
    ['étage=1', 0],
    ['a'.repeat(5000), 4096],
    [Array.from({ length: 65 }, (_, at) => `l${at}`).join(','), 246],
  ])('%s is refused at character %i', (text, at) => {
    expect(answer(text)).toMatch(new RegExp(`^${at}: `));
  });

  it('says what it expected, what it found, and shows the grammar', () => {
    expect(answer('state in healthy')).toBe(
      '9: expected ( after "state in", found "healthy"; as in: state=healthy,rack in (1,2),role!=boot,product,!broken',
    );
  });

  it('is read or refused for any text, and never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab=!,() in'.split('')) }), (text) => {
        expect(['boolean', 'string']).toContain(typeof answer(text));
      }),
    );
  });
});
