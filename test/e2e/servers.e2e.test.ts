import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ipamConfigToJson } from '../../src/inventory/ipam-config.ts';
import { startTestEtcd } from '../support/etcd.ts';
import { ipamWide } from '../support/machines.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { startTetsuServer, type TetsuServer } from '../support/tetsu.ts';

type Etcd = Awaited<ReturnType<typeof startTestEtcd>>;
type Page = {
  readonly items: readonly { readonly serial: string; readonly revision: string }[];
  readonly revision: string;
  readonly next: string | null;
};

const machines = 2_000;

describe('two servers on one etcd', () => {
  let etcd: Etcd;
  let servers: readonly [TetsuServer, TetsuServer];
  /** Between the first one and etcd. */
  let proxy: TcpProxy;

  const ask = async (server: TetsuServer, what: string, body?: unknown, headers = {}) => {
    const [method = '', path = ''] = what.split(' ');
    const answer = await request(`${server.url}${path}`, {
      method: method as 'GET',
      headers: { 'content-type': 'application/json', ...headers },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, json: text === '' ? undefined : JSON.parse(text), text };
  };
  const must = async (...asked: Parameters<typeof ask>) => {
    const answer = await ask(...asked);
    expect(answer.status, answer.text).toBeLessThan(300);
    return answer.json;
  };

  beforeAll(async () => {
    etcd = await startTestEtcd();
    proxy = await startTcpProxy(etcd.members[0]?.clientPort ?? 0);
    servers = [
      await startTetsuServer({ etcd: [proxy.url], name: 'boot-0' }),
      await startTetsuServer({ etcd: etcd.endpoints, name: 'boot-1' }),
    ];
    const [first] = servers;
    await must(first, 'PUT /api/v1/config/ipam', ipamConfigToJson(ipamWide));
    for (let from = 0; from < machines; from += 1_000) {
      const body = Array.from({ length: 1_000 }, (_, at) => {
        const number = from + at;
        return {
          serial: `m${String(number).padStart(5, '0')}`,
          rack: Math.floor(number / 25),
          role: 'cs',
          bmc: { type: 'none' },
        };
      });
      await must(first, 'POST /api/v1/machines', body);
    }
  });

  afterAll(async () => {
    for (const server of servers) server.signal('SIGKILL');
    await Promise.all(servers.map(({ ended }) => ended));
    await proxy.close();
    await etcd.stop();
  });

  it('a list goes on at either of them, all pages of one moment, while machines change', async () => {
    const [first, second] = servers;
    let isOver = false;
    const writer = (async () => {
      for (let at = 0; !isOver; at += 1) {
        const serial = `m${String((at * 37) % machines).padStart(5, '0')}`;
        const to = at % 2 === 0 ? first : second;
        await ask(to, `PUT /api/v1/labels/${serial}/turn`, at);
      }
    })();
    for (const sort of ['', '&sort=-rack']) {
      const seen: string[] = [];
      const moments = new Set<string>();
      let newest = '0';
      let next: string | null = '';
      for (let at = 0; next !== null; at += 1) {
        const cursor: string = next === '' ? '' : `&cursor=${next}`;
        const server = at % 2 === 0 ? first : second;
        const page: Page = await must(server, `GET /api/v2/machines?limit=250${sort}${cursor}`);
        seen.push(...page.items.map(({ serial }) => serial));
        for (const { revision } of page.items) {
          if (Number(revision) > Number(newest)) newest = revision;
        }
        moments.add(page.revision);
        next = page.next;
      }
      expect([seen.length, new Set(seen).size]).toEqual([machines, machines]);
      // No object is younger than the list.
      const [moment = '0'] = [...moments].sort((a, b) => Number(a) - Number(b));
      expect(Number(newest)).toBeLessThanOrEqual(Number(moment));
    }
    isOver = true;
    await writer;
  });

  it('what a server was at when it was killed is called interrupted by the other', async () => {
    const [first, second] = servers;
    const patch = { spec: { labels: { checked: 'yes' } } };
    const asked = { select: { all: true }, expect: machines, patch };
    // It comes as far as some hundred machines, however long it takes to be killed.
    proxy.stallAfter(200_000);
    const { id } = await must(first, 'POST /api/v2/bulk/machines', asked, {
      prefer: 'respond-async',
    });
    first.signal('SIGKILL');
    await first.ended;
    const states: string[] = [];
    await expect
      .poll(
        async () => {
          const { state } = await must(second, `GET /api/v2/operations/${id}`);
          if (states.at(-1) !== state) states.push(state);
          return state;
        },
        { timeout: 240_000, interval: 100 },
      )
      .not.toBe('running');
    expect(states).toEqual(['running', 'interrupted']);
    // Part of it is done, each machine whole; the rest can be asked for again.
    const { total } = await must(second, 'GET /api/v2/machines?labelSelector=checked!=yes&limit=1');
    expect(total).toBeGreaterThan(0);
    const rest = { ...asked, select: { labelSelector: 'checked!=yes' }, expect: total };
    expect((await must(second, 'POST /api/v2/bulk/machines', rest)).changed).toBe(total);
  }, 600_000);
});
