import { describe, expect, it } from 'vitest';
import { addressKey, createBuckets } from '../../../src/sabakan/who/buckets.ts';

describe('buckets', () => {
  it('give a burst, then one at a time', () => {
    const buckets = createBuckets({ perSecond: 2, burst: 3, keysMax: 10 });
    const takes = [0, 0, 0, 0, 250, 500, 500, 1000].map((ms) => buckets.take('a', ms));
    expect(takes).toEqual([undefined, undefined, undefined, 500, 250, undefined, 500, undefined]);
  });

  it('are apart from one another', () => {
    const buckets = createBuckets({ perSecond: 1, burst: 1, keysMax: 10 });
    buckets.take('a', 0);
    expect([buckets.take('a', 0), buckets.take('b', 0)]).toEqual([1000, undefined]);
  });

  it('never hold more keys than they may, and forget who was silent longest', () => {
    const buckets = createBuckets({ perSecond: 1, burst: 1, keysMax: 3 });
    for (const key of ['a', 'b', 'c']) buckets.take(key, 0);
    buckets.take('a', 1);
    buckets.take('d', 2);
    expect(buckets.keys()).toBe(3);
    expect(['a', 'b'].map((key) => buckets.wait(key, 2))).toEqual([998, undefined]);
  });

  it('are not emptied by a clock that steps back', () => {
    const buckets = createBuckets({ perSecond: 1, burst: 2, keysMax: 3 });
    buckets.take('a', 5000);
    expect(buckets.take('a', 0)).toBeUndefined();
  });
});

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::1', '0:0:0:0::/64'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:1:2::6', '2001:db8:1:2::/64'],
  ['2001:db8::6', '2001:db8:0:0::/64'],
  ['fe80::1', 'fe80:0:0:0::/64'],
])('%s is limited as %s', (address, key) => {
  expect(addressKey(address)).toBe(key);
});
