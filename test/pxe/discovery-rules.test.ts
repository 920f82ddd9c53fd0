import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type DiscoveryRule,
  firstMatch,
  globMatches,
  inOrder,
  parseRule,
  ruleToJson,
} from '../../src/pxe/discovery-rules.ts';

const rule = (name: string, json: object): DiscoveryRule => {
  const parsed = parseRule(name, { approve: { role: 'cs' }, ...json });
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

describe('a pattern', () => {
  it.each([
    ['ABC*', 'ABC123', true],
    ['ABC*', 'XABC123', false],
    ['*123', 'ABC123', true],
    ['A?C1*3', 'ABC12223', true],
    ['A?C', 'AC', false],
    ['', '', true],
    ['*', '', true],
    ['a.c', 'abc', false],
    ['*ab', 'aab', true],
  ])('%j of %j: %s', (glob, text, expected) => {
    expect(globMatches(glob, text)).toBe(expected);
  });

  it('means what the regular expression of the same meaning does', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 12 });
    fc.assert(
      fc.property(text, text, (glob, subject) => {
        const same = glob.replaceAll(/[*?]/g, (sign) => (sign === '*' ? '.*' : '.'));
        expect(globMatches(glob, subject.replaceAll(/[*?]/g, 'c'))).toBe(
          new RegExp(`^${same}$`).test(subject.replaceAll(/[*?]/g, 'c')),
        );
      }),
    );
  });

  it('of many stars is done after steps that grow with both texts alone', () => {
    expect(globMatches(`${'*a'.repeat(60)}b`, 'a'.repeat(128))).toBe(false);
  });
});

describe('rules', () => {
  const subject = { serial: 'ABC1', mac: '52:54:00:00:00:01', manufacturer: 'Dell Inc.', rack: 3 };

  it('are asked by order, then by name; the first that matches decides', () => {
    const rules = inOrder([
      rule('z', { order: 1, match: { serial: '*' } }),
      rule('a', { order: 2, match: { serial: '*' } }),
      rule('b', { order: 1, match: { manufacturer: 'Dell*' } }),
    ]);
    expect(rules.map(({ name }) => name)).toEqual(['b', 'z', 'a']);
    expect(firstMatch(rules, subject)?.name).toBe('b');
    expect(firstMatch(rules, { ...subject, manufacturer: undefined })?.name).toBe('z');
  });

  it.each([
    [{ serial: 'ABC*', rack: 3 }, true],
    [{ serial: 'ABC*', rack: 4 }, false],
    [{ macPrefix: '52:54:00' }, true],
    [{ macPrefix: '52-54-01' }, false],
    [{ product: '*' }, true],
    [{ product: '?*' }, false],
    [{ network: 'racks' }, false],
  ])('all of %j must match: %s', (match, expected) => {
    expect(firstMatch([rule('a', { match })], subject) !== undefined).toBe(expected);
  });

  it.each([
    [{ match: {} }, 'match is empty'],
    [{ match: { serial: '' } }, 'match.serial must be'],
    [{ match: { serial: 'x'.repeat(129) } }, 'match.serial must be'],
    [{ match: { color: 'red' } }, 'match.color is unknown'],
    [{ match: { macPrefix: '52:5' } }, 'match.macPrefix must be'],
    [{ match: { serial: '*' }, reject: { reason: 'no' } }, 'one of approve and reject'],
    [{ match: { serial: '*' }, approve: { role: '!' } }, 'approve.role must be'],
    [{ match: { serial: '*' }, order: 1.5 }, 'order must be'],
  ])('%j is refused: %s', (json, text) => {
    const parsed = parseRule('a', { approve: { role: 'cs' }, ...json });
    expect(parsed.ok ? '' : parsed.error).toContain(text);
  });

  it('come back as they were stored', () => {
    const one = rule('a', {
      order: 7,
      match: { rack: 1 },
      approve: { role: 'cs', labels: { a: 'b' } },
    });
    expect(parseRule('a', JSON.parse(JSON.stringify(ruleToJson(one))))).toEqual({
      ok: true,
      value: one,
    });
  });
});
