import { describe, expect, it } from 'vitest';
import { type Ipv4, parseIpv4, parseMac } from '../../src/base/addresses.ts';
import { createFence } from '../../src/base/fence.ts';
import { createTransact } from '../../src/base/transact.ts';
import type { Role, Serial } from '../../src/inventory/machine.ts';
import { createDiscoveries } from '../../src/pxe/discoveries.ts';
import { factsBytesMax, macsMax } from '../../src/pxe/discovery.ts';
import { defaultDiscoverySettings } from '../../src/pxe/discovery-settings.ts';
import type { BookedLease } from '../../src/pxe/lease-book.ts';
import { actor, bring, desks, must } from '../inventory/desks.ts';
import { seededChance } from '../support/clock.ts';
import { aDhcpSighting } from '../support/sightings.ts';
import { silentLog } from '../support/silent-log.ts';

const uuids = { own: '11111111-1111-1111-1111-111111111111', other: '2222-2222' };
const bytes = (text: string) => new TextEncoder().encode(text);
/** In rack 0 and in rack 1 of the plan. */
const [inRack0, alsoInRack0, inRack1] = ['10.69.0.40', '10.69.0.41', '10.69.0.232'] as const;
const macOf = (number: number) => `52:54:00:00:00:${number.toString(16).padStart(2, '0')}`;
const idOf = (number: number) => macOf(number).replaceAll(':', '-');

/** Machine `s-1` is registered in rack 0; addresses are lent as a test says. */
async function aServer() {
  const { store, clock, one: inventory } = await desks();
  const world = { clock, chance: seededChance(2), log: silentLog };
  const spec = { labels: new Map(), rack: 0, role: 'cs' as Role, bmcType: 'none' };
  must(await inventory.register([{ serial: 's-1' as Serial, ...spec }], actor));
  const leases = new Map<Ipv4, BookedLease>();
  const session = store.session();
  const discoveries = createDiscoveries({
    fence: createFence(silentLog, 'a fault'),
    ...{ store: session, transact: createTransact(session, world), world, inventory },
    leases: { find: (address) => leases.get(address) },
    networkOf: () => ({ name: 'racks', discovery: 'ask' }),
    bootUrl: 'http://10.69.0.3/api/v1/boot',
    serverName: 'server-1',
    settings: defaultDiscoverySettings,
  });
  must(await discoveries.start());
  const lend = (address: string, number: number): void => {
    const expiresAt = clock.now() + 3_600_000;
    const lease = { mac: must(parseMac(macOf(number))), expiresAt } as unknown as BookedLease;
    leases.set(must(parseIpv4(address)), lease);
  };
  const settle = () => clock.run(1_000);
  /** The card asks for the script of the machine that its firmware says it is. */
  const script = async (number: number, address: string, serial: string) => {
    lend(address, number);
    const said = discoveries.script({ serial, remoteAddress: address, query: new Map() });
    await settle();
    return said;
  };
  const knock = async (number: number, address: string, serial: string, uuid: string) => {
    lend(address, number);
    const query = new Map([
      ['serial', serial],
      ['uuid', uuid],
    ]);
    const said = discoveries.knock({ serial, remoteAddress: address, query }) ?? '';
    await settle();
    return said;
  };
  /** Its network card and UUID are known from now on. */
  const bootsOnce = () => knock(1, inRack0, 's-1', uuids.own);
  return { discoveries, clock, inventory, lend, script, knock, bootsOnce };
}

const goesOnAs = (serial: string) => `/coreos/ipxe/${serial}`;

describe('a machine that says a registered serial number', () => {
  it('is that machine when it stands in its rack and nothing else is known of it', async () => {
    const { discoveries, script } = await aServer();
    expect(await script(1, inRack0, 's-1')).toBeUndefined();
    expect(discoveries.find(idOf(1))).toBeUndefined();
  });

  it('waits when it shows another UUID, however often it asks', async () => {
    const { discoveries, script, knock, bootsOnce } = await aServer();
    await bootsOnce();
    expect(await script(2, alsoInRack0, 's-1')).toContain('/discovery');
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await knock(2, alsoInRack0, 's-1', uuids.other)).not.toContain(goesOnAs('s-1'));
    }
    const found = discoveries.find(idOf(2));
    expect(found?.state).toBe('waiting');
    expect(found && discoveries.view(found).conflict?.kind).toBe('serial-registered');
  });

  it('waits when it stands in another rack, though it shows the UUID', async () => {
    const { discoveries, knock, bootsOnce } = await aServer();
    await bootsOnce();
    expect(await knock(2, inRack1, 's-1', uuids.own)).not.toContain(goesOnAs('s-1'));
    const found = discoveries.find(idOf(2));
    expect(found && discoveries.view(found).conflict?.text).toContain('seen in rack 1');
  });

  it('is told what it is by its network card, whatever its firmware says', async () => {
    const { inventory, script, bootsOnce } = await aServer();
    const spec = { labels: new Map(), rack: 0, role: 'cs' as Role, bmcType: 'none' };
    must(await inventory.register([{ serial: 's-2' as Serial, ...spec }], actor));
    await bootsOnce();
    expect(await script(1, inRack0, 's-2')).toContain(goesOnAs('s-1'));
  });

  it('goes on with a new network card in its rack, and that is told', async () => {
    const { discoveries, knock, bootsOnce } = await aServer();
    await bootsOnce();
    expect(await knock(2, alsoInRack0, 's-1', uuids.own)).toContain(goesOnAs('s-1'));
    const told = discoveries.find(idOf(2));
    expect(told).toMatchObject({ state: 'approved', decision: { by: 'server', serial: 's-1' } });
    expect(told?.decision?.text).toContain(`new network card, ${macOf(2)}; it had ${macOf(1)}`);
  });

  it(`waits with its card after the ${macsMax}th: nobody's list of cards grows by itself`, async () => {
    const { discoveries, knock, bootsOnce } = await aServer();
    await bootsOnce();
    for (let number = 2; number <= macsMax; number += 1) {
      expect(await knock(number, alsoInRack0, 's-1', uuids.own)).toContain(goesOnAs('s-1'));
    }
    const more = await knock(macsMax + 1, alsoInRack0, 's-1', uuids.own);
    expect(more).not.toContain(goesOnAs('s-1'));
    expect(discoveries.find(idOf(macsMax + 1))?.state).toBe('waiting');
  });

  it('is adopted by a person who says so, and only so', async () => {
    const { discoveries, knock, bootsOnce } = await aServer();
    await bootsOnce();
    await knock(2, inRack1, 's-1', uuids.other);
    const plain = await discoveries.approve(idOf(2), { role: 'cs' }, {}, actor);
    expect(plain).toMatchObject({ ok: false, error: { kind: 'discovery-conflict' } });
    must(await discoveries.approve(idOf(2), { adopt: true }, {}, actor));
    expect(await knock(2, inRack1, 's-1', uuids.other)).toContain(goesOnAs('s-1'));
    expect(discoveries.find(idOf(2))?.decision?.text).toContain('s-1, with another network card');
  });

  it('is not adopted when no machine of that serial number is registered', async () => {
    const { discoveries, knock } = await aServer();
    await knock(2, inRack0, 'stranger', uuids.other);
    const done = await discoveries.approve(idOf(2), { adopt: true }, {}, actor);
    expect(done).toMatchObject({ ok: false, error: { kind: 'discovery-conflict' } });
    expect(discoveries.find(idOf(2))?.state).toBe('waiting');
  });

  it('is a stranger again once its machine is removed', async () => {
    const { discoveries, clock, inventory, knock, bootsOnce } = await aServer();
    await bootsOnce();
    await bring(inventory, 's-1', 'retired');
    must(await inventory.remove('s-1' as Serial, actor));
    await clock.run(1_000);
    expect(await knock(1, inRack0, 's-1', uuids.own)).not.toContain(goesOnAs('s-1'));
    expect(discoveries.find(idOf(1))?.state).toBe('waiting');
  });
});

describe('the screen of a machine that waits', () => {
  it('says who it is and how to approve it, from the first answer after DHCP noticed it', async () => {
    const { discoveries, clock, lend, knock } = await aServer();
    lend(inRack0, 2);
    const mac = must(parseMac(macOf(2)));
    for (const message of ['discover', 'selecting'] as const) {
      discoveries.note(aDhcpSighting({ mac, message, address: inRack0 }));
    }
    await clock.run(1_000);
    expect(discoveries.find(idOf(2))).toMatchObject({ signs: ['dhcp'], claims: {} });
    const said = await knock(2, inRack0, 'stranger', uuids.other);
    expect(said).toContain(`id ${idOf(2)}`);
    expect(said).toContain('stranger');
    expect(said).toContain(`tetsu approve ${idOf(2)} --role ROLE`);
  });

  it('has no line that a terminal of eighty columns breaks, when nothing is in the way', async () => {
    const { knock } = await aServer();
    await knock(2, inRack0, 'stranger', uuids.other);
    const said = await knock(2, inRack0, 'stranger', uuids.other);
    const echoed = said.split('\n').filter((line) => line.startsWith('echo '));
    expect(echoed.length).toBeGreaterThan(2);
    expect(echoed.filter((line) => line.length > 'echo '.length + 80)).toEqual([]);
  });
});

describe('a decision', () => {
  it('that is made twice is refused the second time, and names the first', async () => {
    const { discoveries, inventory, knock } = await aServer();
    await knock(2, inRack0, 'stranger', uuids.other);
    must(await discoveries.approve(idOf(2), { role: 'cs' }, {}, actor));
    expect(inventory.find('stranger' as Serial)?.spec.rack).toBe(0);
    for (const again of [
      await discoveries.approve(idOf(2), { role: 'ss' }, {}, actor),
      await discoveries.reject(idOf(2), { reason: 'no' }, {}, actor),
      await discoveries.edit(idOf(2), { role: 'ss' }, {}, actor),
    ]) {
      expect(again).toMatchObject({ ok: false, error: { kind: 'discovery-settled' } });
      expect(JSON.stringify(again)).toContain('registered as stranger, role cs, rack 0');
    }
  });

  it('in a dry run changes nothing', async () => {
    const { discoveries, inventory, knock } = await aServer();
    await knock(2, inRack0, 'stranger', uuids.other);
    must(await discoveries.approve(idOf(2), { role: 'cs' }, { dryRun: true }, actor));
    expect(discoveries.find(idOf(2))?.state).toBe('waiting');
    expect(inventory.find('stranger' as Serial)).toBeUndefined();
  });

  it.each([
    [{}, 'role is missing'],
    [{ role: 'a/b' }, 'role'],
    [{ role: 'cs', labels: new Map([['-', 'x']]) }, 'label'],
  ])('of %j is refused, and says %s', async (asked, text) => {
    const { discoveries, knock } = await aServer();
    await knock(2, inRack0, 'stranger', uuids.other);
    const done = await discoveries.approve(idOf(2), asked, {}, actor);
    expect(done).toMatchObject({ ok: false, error: { kind: 'discovery-invalid' } });
    expect(JSON.stringify(done)).toContain(text);
  });

  it('about a machine that nobody saw is refused', async () => {
    const { discoveries } = await aServer();
    const done = await discoveries.reject(idOf(9), { reason: 'no' }, {}, actor);
    expect(done).toMatchObject({ ok: false, error: { kind: 'discovery-unknown' } });
  });
});

describe('posted facts', () => {
  const statusOf = (done: { ok: true } | { ok: false; error: { status: number } }) =>
    done.ok ? 200 : done.error.status;

  it('are taken from the address that is leased to a machine that was discovered', async () => {
    const { discoveries, clock, knock } = await aServer();
    await knock(2, inRack0, 'stranger', uuids.other);
    expect(statusOf(discoveries.facts(inRack0, bytes('{"memoryKiB":1024}')))).toBe(200);
    await clock.run(1_000);
    expect(discoveries.find(idOf(2))?.facts?.json).toEqual({ memoryKiB: 1024 });
    expect(discoveries.find(idOf(2))?.signs).toContain('facts');
  });

  it('are refused from any other address, and of a machine that was not discovered', async () => {
    const { discoveries, lend, knock } = await aServer();
    await knock(2, inRack0, 'stranger', uuids.other);
    lend(alsoInRack0, 3);
    for (const address of [inRack1, alsoInRack0, 'fe80::1', '']) {
      expect(statusOf(discoveries.facts(address, bytes('{}')))).toBe(403);
    }
  });

  it.each([
    ['no JSON', 'cpu: 4', 400],
    ['a list', '[]', 400],
    ['a text', '"x"', 400],
    ['null', 'null', 400],
    ['too long', `{"x":"${'x'.repeat(factsBytesMax)}"}`, 413],
  ])('are refused that are %s', async (_, text, status) => {
    const { discoveries, knock } = await aServer();
    await knock(2, inRack0, 'stranger', uuids.other);
    expect(statusOf(discoveries.facts(inRack0, bytes(text)))).toBe(status);
  });

  it('are taken once in ten seconds', async () => {
    const { discoveries, clock, knock } = await aServer();
    await knock(2, inRack0, 'stranger', uuids.other);
    expect(statusOf(discoveries.facts(inRack0, bytes('{}')))).toBe(200);
    expect(statusOf(discoveries.facts(inRack0, bytes('{}')))).toBe(429);
    await clock.run(10_000);
    expect(statusOf(discoveries.facts(inRack0, bytes('{}')))).toBe(200);
  });
});
