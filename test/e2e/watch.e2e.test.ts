import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ipamConfigToJson } from '../../src/inventory/ipam-config.ts';
import { ipamG } from '../support/machines.ts';
import { startTetsuServer, type TetsuServer } from '../support/tetsu.ts';

/** Reads until what it has read holds this; a watch has no end of its own. */
async function readUntil(chunks: AsyncIterator<unknown>, text: string): Promise<string> {
  let read = '';
  while (!read.includes(text)) {
    const next = await chunks.next();
    if (next.done === true) throw new Error(`ended before ${text}: ${read}`);
    read += String(next.value);
  }
  return read;
}

describe('a watch on a real server', () => {
  let server: TetsuServer;
  const put = (path: string, body: string) =>
    request(`${server.url}${path}`, { method: 'PUT', body }).then(({ body: rest }) => rest.dump());
  const register = async (serial: string) => {
    const machine = { serial, rack: 0, role: 'cs', bmc: { type: 'none' } };
    const { statusCode, body } = await request(`${server.url}/api/v1/machines`, {
      method: 'POST',
      body: JSON.stringify([machine]),
    });
    await body.dump();
    expect(statusCode).toBe(201);
  };
  const watch = async (query: string, headers: Record<string, string> = {}) => {
    const answer = await request(`${server.url}/api/v2/watch/machines${query}`, { headers });
    expect(answer.statusCode).toBe(200);
    answer.body.setEncoding('utf8');
    return { body: answer.body, chunks: answer.body[Symbol.asyncIterator]() };
  };

  beforeAll(async () => {
    server = await startTetsuServer({ etcd: undefined });
    await put('/api/v1/config/ipam', JSON.stringify(ipamConfigToJson(ipamG)));
  });
  afterAll(async () => {
    server.signal('SIGKILL');
    await server.ended;
  });

  it('tells what happens, and goes on after a cut with what came meanwhile', async () => {
    const first = await watch('');
    await readUntil(first.chunks, 'event: bookmark');
    await register('w-1');
    const told = await readUntil(first.chunks, '"name":"w-1"');
    first.body.destroy();
    await register('w-2');
    await put('/api/v1/state/w-1', 'healthy');
    const [, id = ''] = /^id: (\d+)\nevent: changes\n/m.exec(told) ?? [];
    expect(id).not.toBe('');
    const second = await watch('', { 'last-event-id': id });
    const rest = await readUntil(second.chunks, '"healthy"');
    expect(rest.match(/"name":"[^"]+"/g)).toEqual(['"name":"w-2"', '"name":"w-1"']);
    second.body.destroy();
  });

  it('holds up no server that stops', async () => {
    const open = await watch('');
    await readUntil(open.chunks, 'event: bookmark');
    server.signal('SIGTERM');
    // It has an end of its own: after ten seconds to drain it would be cut, which is an error.
    let last = '';
    for (let next = await open.chunks.next(); next.done !== true; next = await open.chunks.next()) {
      last += String(next.value);
    }
    expect(last).toContain('event: bookmark');
    expect((await server.ended).code).toBe(0);
  });
});
