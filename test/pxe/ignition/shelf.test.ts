import { expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/base/memory-store.ts';
import { createTransact } from '../../../src/base/transact.ts';
import { parseRole } from '../../../src/inventory/machine.ts';
import { policyKeys } from '../../../src/pxe/boot-policy.ts';
import { createTemplateShelf } from '../../../src/pxe/ignition/shelf.ts';
import { must } from '../../inventory/desks.ts';
import { manualClock, seededChance } from '../../support/clock.ts';
import { ipamG } from '../../support/machines.ts';
import { quietWatch } from '../../support/quiet-watch.ts';
import { silentLog } from '../../support/silent-log.ts';

const role = must(parseRole('cs'));
const actor = { user: 'ops', ip: '127.0.0.1', host: 'one' };
const template = {
  version: '2.3',
  template: { ignition: { version: '2.3.0' } },
  meta: null,
} as const;

async function aShelf() {
  const clock = manualClock();
  const store = quietWatch(createMemoryStore({ clock }));
  const world = { clock, chance: seededChance(), log: silentLog };
  const transact = createTransact(store, world);
  const urls = { advertiseUrl: 'http://one', advertiseUrlHttps: 'https://one' };
  const shelf = createTemplateShelf({ store, transact, world, urls });
  must(await shelf.start());
  const write = async (key: string, text: string) =>
    must(await store.commit([], [{ kind: 'put', key, value: new TextEncoder().encode(text) }]));
  return { shelf, write, clock };
}

it('a template that cannot be read is named and listed, and nothing boots with it', async () => {
  const { shelf, write, clock } = await aShelf();
  must(await shelf.put(role, '1.0.0', template, ipamG, actor));
  const key = 'ignitions/cs/1.1.0';
  await write(key, '{');
  await clock.run(0);
  expect([...shelf.broken().keys()]).toEqual([key]);
  expect(shelf.ids(role)).toEqual(['1.0.0', '1.1.0']);
  expect([shelf.get(role, '1.1.0'), shelf.latest(role)?.id]).toEqual([undefined, '1.0.0']);
});

it('the removal of a template is tried without waiting for a later change of rules', async () => {
  const { shelf, write } = await aShelf();
  must(await shelf.put(role, '1.0.0', template, ipamG, actor));
  await write(`${policyKeys.channels}stable`, '{"templates":{"ss":"1.0.0"}}');
  must(await shelf.remove(role, '1.0.0', actor, { dryRun: true }));
  expect([shelf.ids(role), shelf.freshness()]).toEqual([['1.0.0'], { kind: 'live' }]);
});
