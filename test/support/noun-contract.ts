/** One object of a noun on a real server and etcd: whoever is asked says the same of it. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { ipamConfigToJson } from '../../src/inventory/ipam-config.ts';
import { startTestEtcd, type TestEtcd } from './etcd.ts';
import { ipamG } from './machines.ts';
import { runTetsu, startTetsuServer, type TetsuServer } from './tetsu.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes.
export type Json = any;

export type NounContract = {
  /** As in paths and on the command line. */
  readonly noun: string;
  /** Or how it is found out once the object is made, where the server names it. */
  readonly name: string | ((server: TetsuServer) => Promise<string>);
  /** Makes the object, which the watch must tell of. */
  readonly make: (server: TetsuServer, etcdEndpoint: string) => Promise<unknown>;
  /** More lines of the server's configuration. */
  readonly more?: string;
  /** Members that change by time alone, or that lists leave out. */
  readonly without?: readonly string[];
  /** What other APIs say of it, and what of version 2's object it must equal. */
  readonly others: readonly (readonly [
    title: string,
    said: (server: TetsuServer) => Promise<unknown>,
    of: (object: Json) => unknown,
  ])[];
};

export function saysTheSame(about: NounContract): void {
  const { noun, name: named, make, more, without = [], others } = about;
  let etcd: TestEtcd;
  let server: TetsuServer;
  let name: string;
  let told: Json;
  let object: Json;
  const plain = (given: Json): Json => {
    const copy = structuredClone(given);
    for (const path of without) {
      const members = path.split('.');
      const last = members.pop() ?? '';
      delete members.reduce((inner, member) => inner?.[member], copy)?.[last];
    }
    return copy;
  };

  beforeAll(async () => {
    etcd = await startTestEtcd();
    const options = { etcd: etcd.endpoints, ...(more === undefined ? {} : { more }) };
    server = await startTetsuServer(options);
    await put(server, '/api/v1/config/ipam', JSON.stringify(ipamConfigToJson(ipamG)));
    const { revision } = await getJson(server, `/api/v2/${noun}`);
    await make(server, etcd.endpoints[0] ?? '');
    name = typeof named === 'string' ? named : await named(server);
    object = await getJson(server, `/api/v2/${noun}/${encodeURIComponent(name)}`);
    told = await lastTold(server, noun, name, revision, object.revision);
  });
  afterAll(async () => {
    server.signal('SIGTERM');
    await server.ended;
    await etcd.stop();
  });

  it('is the same by its name and in the list', async () => {
    const { items } = await getJson(server, `/api/v2/${noun}`);
    expect(items.map(plain)).toContainEqual(plain(object));
  });
  it('is the same in the watch', () => {
    expect(plain(told)).toEqual(plain(object));
  });
  it('is the same on the command line', async () => {
    const { code, out, err } = await runTetsu(
      ['get', noun, name, '-o', 'json', '--server', server.url],
      {},
    );
    expect([code, err]).toEqual([0, '']);
    expect(plain(JSON.parse(out))).toEqual(plain(object));
  });
  it('is described on the command line', async () => {
    const { code, err } = await runTetsu(['describe', noun, name, '--server', server.url]);
    expect([code, err]).toEqual([0, '']);
  });
  it.each(others)('is the same in %s', async (_, said, of) => {
    expect(await said(server)).toEqual(of(object));
  });
}

export async function getJson({ url }: Pick<TetsuServer, 'url'>, path: string): Promise<Json> {
  const answer = await fetch(url + path);
  if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

export async function put(
  { url }: Pick<TetsuServer, 'url'>,
  path: string,
  body: string,
): Promise<void> {
  const answer = await fetch(url + path, { method: 'PUT', body });
  if (!answer.ok) throw new Error(`PUT ${path}: ${answer.status} ${await answer.text()}`);
}

/** What the watch said of it last, up to the revision of the object. */
export async function lastTold(
  { url }: Pick<TetsuServer, 'url'>,
  noun: string,
  name: string,
  from: string,
  upTo: string,
): Promise<Json> {
  const answer = await fetch(`${url}/api/v2/watch/${noun}?from=${from}`, {
    signal: AbortSignal.timeout(120_000),
  });
  const decoder = new TextDecoder();
  let text = '';
  let found: Json;
  for await (const piece of answer.body ?? []) {
    text += decoder.decode(piece, { stream: true });
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events.filter((one) => one.includes('event: changes'))) {
      const data = JSON.parse(/^data: (.*)$/m.exec(event)?.[1] ?? '{}');
      found = data.changes.find((change: Json) => change.name === name)?.object ?? found;
      if (BigInt(data.revision) < BigInt(upTo)) continue;
      return found;
    }
  }
  return found;
}
