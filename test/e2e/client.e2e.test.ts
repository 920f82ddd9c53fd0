/** The typed client against a real server: over TLS, without a right, through `fetch`, over a server that comes back. */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../../src/client/main.ts';
import { ProblemError } from '../../src/client/problem.ts';
import { createClient as createWebClient } from '../../src/client/web/main.ts';
import { ipamConfigToJson } from '../../src/inventory/ipam-config.ts';
import { ipamG } from '../support/machines.ts';
import { freePorts } from '../support/ports.ts';
import { startTetsuServer, type TetsuServer } from '../support/tetsu.ts';
import { selfSign } from '../support/tls.ts';

let folder: string;
let secured: string;
let server: TetsuServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tetsukan-client-'));
  const [cert, key] = [join(folder, 'one.crt'), join(folder, 'one.key')];
  await selfSign(cert, key);
  const [port = 0] = await freePorts(1);
  secured = `https://127.0.0.1:${port}`;
  server = await startTetsuServer({
    etcd: undefined,
    more: `api-https: { listen: "127.0.0.1:${port}", cert: ${cert}, key: ${key} }`,
  });
  const body = JSON.stringify(ipamConfigToJson(ipamG));
  await fetch(`${server.url}/api/v1/config/ipam`, { method: 'PUT', body });
});

afterAll(async () => {
  server?.signal('SIGTERM');
  await server?.ended;
  await rm(folder, { recursive: true, force: true });
});

async function failureOf(call: Promise<unknown>): Promise<ProblemError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ProblemError);
  return error as ProblemError;
}

describe('the typed client', () => {
  it('trusts the authority it is given, and no other', async () => {
    const ca = await readFile(join(folder, 'one.crt'), 'utf8');
    const client = createClient({ server: secured, ca });
    expect((await client.listMachines().all()).items).toEqual([]);
    const stranger = createClient({ server: secured, timeoutMs: 60_000 });
    const error = await failureOf(stranger.getStatus());
    expect(error).toMatchObject({ kind: 'unreachable', status: undefined });
    expect(error.message).toMatch(/self-signed/);
  });

  it('with a wrong token is refused by kind', async () => {
    const client = createClient({ server: server.url, token: 'tetsu_nobody_nothing' });
    expect(await failureOf(client.getStatus())).toMatchObject({ status: 401, kind: 'token-wrong' });
  });

  it.each([
    ['node:http', createClient],
    ['fetch', createWebClient],
  ])(
    'by %s registers, reads, changes on condition, lists in pages and watches',
    async (name, create) => {
      const client = create({ server: server.url });
      const serials = ['a', 'b', 'c'].map((letter) => `${name}-${letter}`.replace(':', '_'));
      const [serial = ''] = serials;
      const rack = name === 'fetch' ? 2 : 1;
      const spec = { rack, role: 'cs', bmc: { type: 'iDRAC-9' } };
      const { revision } = await client.listMachines().all();
      await client.registerMachines({ body: serials.map((one) => ({ serial: one, spec })) });

      const machine = await client.getMachine({ serial });
      const labelled = { serial, body: { spec: { labels: { greeting: 'yes' } } } };
      const wrong = await failureOf(client.patchMachine({ ...labelled, ifMatch: '1' }));
      expect(wrong).toMatchObject({ status: 412, currentRevision: machine.revision });
      const changed = await client.patchMachine({ ...labelled, ifMatch: machine.revision });
      expect(changed.spec.labels).toEqual({ greeting: 'yes' });

      const pages: number[] = [];
      const selected = { fieldSelector: `rack=${rack}`, limit: 2 };
      for await (const { items } of client.listMachines(selected)) pages.push(items.length);
      expect(pages).toEqual([2, 1]);

      const seen: string[] = [];
      for await (const news of client.watchMachines({ from: revision })) {
        if (news.kind === 'changes')
          seen.push(...news.changes.map((one) => `${one.kind} ${one.name}`));
        if (seen.length >= 4) break;
      }
      expect(seen).toEqual([...serials.map((one) => `added ${one}`), `modified ${serial}`]);
    },
  );

  it('says that the history is gone where a watch cannot go on', async () => {
    const client = createClient({ server: server.url });
    const watch = async () => {
      for await (const _ of client.watchMachines({ from: '1' })) return;
    };
    expect(await failureOf(watch())).toMatchObject({ status: 410, kind: 'history-gone' });
  });

  it('tells of a mistyped parameter what would be right', async () => {
    const client = createClient({ server: server.url });
    const error = await failureOf(client.listMachines({ sort: 'height' }).all());
    expect(error).toMatchObject({ status: 400, errors: [{ parameter: 'sort' }] });
  });
});
