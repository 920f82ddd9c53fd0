import { describe, expect, it } from 'vitest';
import type { Rfc3339 } from '../../../src/base/time.ts';
import { checkDhcp } from '../../../src/sabakan/doctor/dhcp-check.ts';

const at = '2026-11-21T05:00:00Z' as Rfc3339;
const quiet = { unserved: [], others: [] };
const seen = { messages: 1, firstAt: at, lastAt: at, via: 'interface eth1' };

describe('the doctor on DHCP', () => {
  it.each([
    ['is off', undefined, [], ['ok']],
    ['answers nowhere', quiet, [], ['warning']],
    ['is switched off on all networks', quiet, [{ name: 'a', mode: 'off' }], ['warning']],
    ['answers on a network', quiet, [{ name: 'a', mode: 'proxy' }], ['ok']],
  ] as const)('says that it %s', (_, dhcp, networks, levels) => {
    expect(checkDhcp(dhcp, networks).map(({ level }) => level)).toEqual(levels);
  });

  it('names who asks in vain, and who answers beside us', () => {
    const looks = checkDhcp(
      {
        unserved: [
          {
            ...{ network: '10.1.2.0/24', via: 'relay 10.1.2.1', machines: 2, requests: 3 },
            ...{ firstAt: at, lastAt: at, text: 'the sentence' },
          },
        ],
        others: [
          { ...seen, address: '10.69.0.2', dhcp: true, pxe: false, bootFile: undefined },
          { ...seen, address: '10.69.0.9', dhcp: false, pxe: true, bootFile: 'pxelinux.0' },
        ],
      },
      [{ name: 'a', mode: 'server' }],
    );
    expect(looks.slice(1)).toMatchObject([
      { level: 'warning', subject: 'network 10.1.2.0/24', found: 'the sentence' },
      { subject: 'other server 10.69.0.2', found: expect.stringContaining('lends addresses on') },
      { subject: 'other server 10.69.0.9', found: expect.stringContaining('"pxelinux.0"') },
    ]);
  });
});
