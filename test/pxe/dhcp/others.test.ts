import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/base/memory-store.ts';
import { createFleetServers } from '../../../src/pxe/dhcp/fleet-servers.ts';
import { createOthers, othersMax } from '../../../src/pxe/dhcp/others.ts';
import { manualClock } from '../../support/clock.ts';
import { type LogLine, rememberingLog, silentLog } from '../../support/silent-log.ts';
import { aBed, ip, message } from './bed.ts';

const ours = ip('10.69.0.3');
const via = 'interface eth1';

function aListener(isOurs = (address: number) => address === ours) {
  const clock = manualClock();
  const lines: LogLine[] = [];
  return { clock, lines, others: createOthers({ clock, log: rememberingLog(lines) }, isOurs) };
}

type Parts = { readonly server?: string; readonly yiaddr?: string; readonly file?: string };

/** What a server broadcasts. */
function reply(type: number, { server, yiaddr, file }: Parts): Uint8Array {
  const octets = (text: string) => text.split('.').map(Number);
  const options = server === undefined ? [] : [[54, Uint8Array.from(octets(server))] as const];
  const bytes = message('discover', { options });
  bytes[0] = 2;
  bytes[242] = type;
  if (yiaddr !== undefined) bytes.set(octets(yiaddr), 16);
  if (file !== undefined) bytes.set(new TextEncoder().encode(file), 108);
  return bytes;
}

describe('other servers', () => {
  it.each([
    ['an OFFER', 2, { yiaddr: '10.69.0.40' }, { dhcp: true, pxe: false }],
    ['an ACK with a boot file', 5, { yiaddr: '10.69.0.40', file: 'x' }, { dhcp: true, pxe: true }],
    ['a NAK', 6, {}, { dhcp: true, pxe: false }],
    [
      'a proxy offer',
      2,
      { file: 'pxelinux.0' },
      { pxe: true, dhcp: false, bootFile: 'pxelinux.0' },
    ],
  ] as const)('are known by %s', (_, type, parts, found) => {
    const { others } = aListener();
    others.hearReply(reply(type, { server: '10.69.0.9', ...parts }), via);
    expect(others.list()).toMatchObject([{ address: '10.69.0.9', via, messages: 1, ...found }]);
  });

  it.each([
    ['our own answers', reply(2, { server: '10.69.0.3' })],
    ['messages of clients', message('discover')],
    ['messages without a server', reply(2, {})],
    ['junk', new Uint8Array(300).fill(2)],
    ['nothing', new Uint8Array()],
  ])('are not taken from %s', (_, payload) => {
    const { others } = aListener();
    others.hearReply(payload, via);
    expect(others.list()).toEqual([]);
  });

  it('are known by clients that choose them, also behind a relay', async () => {
    const chosen: unknown[] = [];
    const one = aBed({ server: '10.69.0.3', hearChoice: (...given) => chosen.push(given) });
    const wants = '10.69.0.40';
    await one.ask(message('request', { wants, server: '10.69.0.9' }), { interface: 'eth1' });
    await one.ask(message('request', { wants, server: '10.69.0.9', giaddr: '10.69.0.1' }));
    await one.ask(message('request', { wants, server: '10.69.0.3' }));
    expect(chosen).toEqual([
      [ip('10.69.0.9'), 'interface eth1'],
      [ip('10.69.0.9'), 'relay 10.69.0.1'],
    ]);
  });

  it('are told once a day, not before it is clear that they are none of ours', () => {
    const fleet = new Set([ours]);
    const { clock, lines, others } = aListener((address) => fleet.has(address as typeof ours));
    others.hearReply(reply(2, { server: '10.69.0.4', yiaddr: '10.69.0.40' }), via);
    others.hearReply(reply(2, { server: '10.69.0.9', yiaddr: '10.69.0.40' }), via);
    fleet.add(ip('10.69.0.4'));
    others.look();
    others.look();
    expect(lines.map(({ fields }) => fields?.['address'])).toEqual(['10.69.0.9']);
    expect(others.list()).toHaveLength(1);
    clock.advance(25 * 60 * 60 * 1_000);
    others.look();
    expect(others.list()).toEqual([]);
  });

  it(`are at most ${othersMax}`, () => {
    const { others } = aListener();
    for (let at = 0; at < othersMax + 5; at += 1) others.hearChoice(ip(`10.0.1.${at}`), via);
    expect(others.list()).toHaveLength(othersMax);
  });
});

describe('servers on one store', () => {
  it('know one another by the addresses each writes, and write them when they change', async () => {
    const store = createMemoryStore({ clock: manualClock() });
    const world = { clock: manualClock(), log: silentLog };
    const [one, two] = ['a:1', 'b:1'].map((name) => createFleetServers({ store, world, name }));
    if (one === undefined || two === undefined) throw new Error('two were made');
    for (const server of [one, two]) await server.start();
    await one.tell([ip('10.69.0.3')]);
    expect([two.has(ip('10.69.0.3')), two.has(ip('10.69.0.4'))]).toEqual([true, false]);
    await one.tell([ip('10.69.0.4')]);
    expect([two.has(ip('10.69.0.3')), two.has(ip('10.69.0.4'))]).toEqual([false, true]);
  });
});
