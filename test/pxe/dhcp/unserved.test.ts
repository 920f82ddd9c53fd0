import { describe, expect, it } from 'vitest';
import { parseCidr } from '../../../src/base/addresses.ts';
import { createUnserved, machinesMax, unservedMax } from '../../../src/pxe/dhcp/unserved.ts';
import { manualClock } from '../../support/clock.ts';
import { type LogLine, rememberingLog } from '../../support/silent-log.ts';
import { aBed, ip, message } from './bed.ts';

const nowhere = () => undefined;

describe('a network that nobody enabled', () => {
  it('is not answered, and is told of once, with what enables it', async () => {
    const one = aBed({ networkOf: nowhere });
    for (const mac of [1, 2, 2]) {
      expect(await one.ask(message('discover', { mac, giaddr: '10.1.2.1' }))).toBeUndefined();
    }
    expect(one.responder.counters()).toMatchObject({ notEnabled: 3, offered: 0 });
    expect(one.responder.unserved()).toMatchObject([
      {
        network: '10.1.2.0/24',
        via: 'relay 10.1.2.1',
        machines: 2,
        requests: 3,
        text: 'DHCP request from a network that is not enabled: 10.1.2.0/24 via relay 10.1.2.1, 2 machines; enable it with: tetsu network set NAME --cidr 10.1.2.0/24 --mode server',
      },
    ]);
    const told = one.lines.filter(({ message: text }) => text.includes('not enabled'));
    expect(told).toHaveLength(1);
  });

  it('is called by the network of the interface where a link is served directly', async () => {
    const one = aBed({ networkOf: nowhere });
    const cidr = parseCidr('10.69.1.0/26');
    const linkNetwork = cidr.ok ? cidr.value : undefined;
    await one.ask(message('discover'), { interface: 'eth1', linkNetwork });
    expect(one.responder.unserved()).toMatchObject([
      { network: '10.69.1.0/26', via: 'interface eth1', machines: 1 },
    ]);
  });

  it('is nothing anybody asked for before there is a configuration', async () => {
    const one = aBed({ ipam: undefined });
    expect(await one.ask(message('discover'))).toBeUndefined();
    expect(one.responder.unserved()).toHaveLength(1);
  });
});

describe('what is remembered', () => {
  it('is bounded, and what was not heard of for a day makes room', () => {
    const clock = manualClock();
    const lines: LogLine[] = [];
    const unserved = createUnserved({ clock, log: rememberingLog(lines) });
    const hear = (place: string, mac: string) =>
      unserved.hear({
        mac,
        place: ip(place),
        isRelayed: true,
        interface: undefined,
        linkNetwork: undefined,
      });
    for (let at = 0; at < machinesMax + 5; at += 1) hear('10.0.0.1', `m${at}`);
    expect(unserved.list()[0]?.text).toContain(`${machinesMax} or more machines`);
    for (let at = 1; at <= unservedMax; at += 1) hear(`10.0.${at}.1`, 'm');
    expect([unserved.list().length, lines.length]).toEqual([unservedMax, unservedMax]);
    clock.advance(25 * 60 * 60 * 1_000);
    hear('10.9.9.1', 'm');
    expect(unserved.list().at(-1)?.network).toBe('10.9.9.0/24');
    expect(unserved.list()).toHaveLength(unservedMax);
  });
});
