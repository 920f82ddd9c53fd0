import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ipamConfigToJson } from '../../../src/inventory/ipam-config.ts';
import { ipamG } from '../../support/machines.ts';
import { getJson, type Json, lastTold, put } from '../../support/noun-contract.ts';
import { runTetsu, startTetsuServer, type TetsuServer } from '../../support/tetsu.ts';

describe('an event', () => {
  let server: TetsuServer;
  let event: Json;
  let from: string;

  beforeAll(async () => {
    server = await startTetsuServer({ etcd: undefined });
    await put(server, '/api/v1/config/ipam', JSON.stringify(ipamConfigToJson(ipamG)));
    ({ revision: from } = await getJson(server, '/api/v2/events'));
    const machine = { serial: 'm-1', rack: 1, role: 'cs', bmc: { type: 'none' } };
    await fetch(`${server.url}/api/v1/machines`, {
      method: 'POST',
      body: JSON.stringify([machine]),
    });
    const { items } = await getJson(server, '/api/v2/events?category=machines');
    event = items[0];
  });
  afterAll(async () => {
    server.signal('SIGTERM');
    await server.ended;
  });

  it('is the same by its id', async () => {
    expect(await getJson(server, `/api/v2/events/${event.id}`)).toEqual(event);
  });
  it('is the same in the watch', async () => {
    expect(await lastTold(server, 'events', event.id, from, event.revision)).toEqual(event);
  });
  it('is the same on the command line', async () => {
    const asked = ['events', '--category', 'machines', '-o', 'json', '--server', server.url];
    const { code, out, err } = await runTetsu(asked, {});
    expect([code, err]).toEqual([0, '']);
    expect(JSON.parse(out)).toEqual(event);
  });
  it('is the same in version 1', async () => {
    const answer = await fetch(`${server.url}/api/v1/logs`);
    const records = (await answer.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const { user, ip, host, category, instance, action } = event;
    expect(records).toContainEqual(
      expect.objectContaining({ user, ip, host, category, instance, action, rev: event.revision }),
    );
  });
});
