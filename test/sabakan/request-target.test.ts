import { describe, expect, it } from 'vitest';
import { parseTarget } from '../../src/sabakan/request-target.ts';

describe('a request target', () => {
  const check = (target: string, path: string | undefined, query: readonly string[][] = []) => {
    const parsed = parseTarget(target);
    expect(parsed.ok ? parsed.value : undefined).toEqual(
      path === undefined ? undefined : { path, query: new Map(query as [string, string][]) },
    );
  };

  it('is decoded once and otherwise left as it is', () => {
    check('/a/./b/../c//d', '/a/./b/../c//d');
    check('/a%2fb%252e', '/a/b%2e');
    check('/%e3%82%b5', '/サ');
    check('http://host:1/a?b=c', '/a', [['b', 'c']]);
    check('http://host?b=c', '', [['b', 'c']]);
    check('*', '*');
  });

  it('is refused when it does not decode', () => {
    for (const target of ['/%', '/%f', '/%zz', '/%ff', '/%c0%af', '/a%00b']) {
      check(target, undefined);
    }
  });

  it('keeps the first value of each parameter', () => {
    check('/?a=1&a=2&b=x%2Cy+z&c', '/', [
      ['a', '1'],
      ['b', 'x,y z'],
      ['c', ''],
    ]);
    check('/?__proto__=1', '/', [['__proto__', '1']]);
    check('/?a=%zz', '/', [['a', '%zz']]);
  });
});
