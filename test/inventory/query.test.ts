import { describe, expect, it } from 'vitest';
import { instantOf, type Rfc3339 } from '../../src/base/time.ts';
import { type MachineQuery, matches, parseRestQuery } from '../../src/inventory/query.ts';
import { aMachine } from '../support/machines.ts';

const now = instantOf('2026-11-21T06:00:00Z' as Rfc3339);
const machine = aMachine({
  serial: 's1',
  rack: 1,
  index: 4,
  role: 'cs',
  state: 'unhealthy',
  labels: { datacenter: 'ty3', product: 'R630' },
  // 60 days and 23 hours from now.
  retireDate: '2027-01-21T05:00:00Z',
  bmcType: 'iDRAC-9',
});
const ty3 = { name: 'datacenter', value: 'ty3' };
const r630 = { name: 'product', value: 'R630' };
const other = { name: 'product', value: 'R730' };

describe('GraphQL semantics', () => {
  it.each<[string, MachineQuery, boolean]>([
    ['no condition', {}, true],
    [
      'empty lists',
      { having: { labels: [], racks: [], states: [] }, notHaving: { labels: [], roles: [] } },
      true,
    ],
    ['having one label', { having: { labels: [ty3] } }, true],
    ['having both labels', { having: { labels: [ty3, r630] } }, true],
    ['having a label with another value', { having: { labels: [ty3, other] } }, false],
    ['having the rack among others', { having: { racks: [0, 1] } }, true],
    ['having another rack', { having: { racks: [0] } }, false],
    ['having the role among others', { having: { roles: ['boot', 'cs'] } }, true],
    ['having another role', { having: { roles: ['ss'] } }, false],
    ['having the state among others', { having: { states: ['healthy', 'unhealthy'] } }, true],
    ['having another state', { having: { states: ['healthy'] } }, false],
    ['having one of two conditions', { having: { racks: [1], roles: ['ss'] } }, false],
    ['at least 50 days', { having: { minDaysBeforeRetire: 50 } }, true],
    ['at least 60 days', { having: { minDaysBeforeRetire: 60 } }, true],
    ['at least 61 days', { having: { minDaysBeforeRetire: 61 } }, false],
    ['not at least 50 days', { notHaving: { minDaysBeforeRetire: 50 } }, false],
    ['not at least 60 days', { notHaving: { minDaysBeforeRetire: 60 } }, false],
    ['not at least 90 days', { notHaving: { minDaysBeforeRetire: 90 } }, true],
    ['not having one of two labels', { notHaving: { labels: [other, ty3] } }, false],
    ['not having other labels', { notHaving: { labels: [other] } }, true],
    ['not having the rack', { notHaving: { racks: [1] } }, false],
    ['not having the role', { notHaving: { roles: ['boot', 'cs'] } }, false],
    ['not having the state', { notHaving: { states: ['unhealthy'] } }, false],
    ['not having any of several others', { notHaving: { racks: [2], roles: ['boot'] } }, true],
    ['not having one of several', { notHaving: { racks: [1], roles: ['boot'] } }, false],
    ['both sides', { having: { racks: [1] }, notHaving: { roles: ['boot'] } }, true],
  ])('%s', (_, query, expected) => {
    expect(matches(query, machine, now)).toBe(expected);
  });

  it('days are cut toward zero on both sides of today', () => {
    const gone = aMachine({ retireDate: '2026-11-20T07:00:00Z' });
    expect(matches({ having: { minDaysBeforeRetire: 0 } }, gone, now)).toBe(true);
    expect(matches({ having: { minDaysBeforeRetire: 1 } }, gone, now)).toBe(false);
  });
});

describe('REST query strings', () => {
  const found = (text: string) => {
    const query = parseRestQuery(new Map(new URLSearchParams(text)));
    if (!query.ok) return query.error.kind;
    return !query.value.unknownOnly && matches(query.value.query, machine, now);
  };

  it.each<[string, boolean | string]>([
    ['', true],
    ['serial=s1', true],
    ['serial=s0,s1', true],
    ['serial=s0', false],
    ['without-serial=s0,s1', false],
    ['rack=1', true],
    ['rack=01', false],
    ['rack=x', false],
    ['without-rack=1,2', false],
    ['role=cs,ss', true],
    ['without-role=cs', false],
    ['ipv4=10.69.0.196', true],
    ['ipv4=10.69.1.68', true],
    ['ipv4=10.72.17.36', false],
    ['without-ipv4=10.69.0.196', false],
    ['ipv6=fd00::1', false],
    ['without-ipv6=fd00::1', true],
    ['bmc-type=iDRAC-9', true],
    ['without-bmc-type=iDRAC-9', false],
    ['state=unhealthy', true],
    ['state=UNHEALTHY', false],
    ['without-state=healthy', true],
    ['labels=datacenter=ty3', true],
    ['labels=datacenter=ty3,product=R630', true],
    ['labels=datacenter=ty3,product=R730', false],
    ['without-labels=datacenter=ty3,product=R630', false],
    ['without-labels=datacenter=ty3,product=R730', true],
    ['labels=datacenter', 'labels-malformed'],
    ['rack=1&role=cs', true],
    ['rack=1&role=ss', false],
    ['rack=1&without-rack=2', 'contradiction'],
    ['rack=1&without-rack=', true],
    ['foo=bar', false],
    ['foo=bar&rack=1', true],
    ['foo=', true],
    [
      'serial=&rack=1&role=&ipv4=&ipv6=&bmc-type=&state=&labels=&without-serial=&without-rack=&without-role=&without-ipv4=&without-ipv6=&without-bmc-type=&without-state=&without-labels=',
      true,
    ],
  ])('%s', (text, expected) => {
    expect(found(text)).toBe(expected);
  });

  it('a contradiction is told in the words clients know', () => {
    const query = parseRestQuery(
      new Map([
        ['role', 'a'],
        ['without-role', 'b'],
      ]),
    );
    expect(query).toMatchObject({
      error: { text: "'with' and 'without' options about the same things are specified." },
    });
  });
});
