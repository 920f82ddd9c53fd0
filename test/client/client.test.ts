import { describe, expect, it } from 'vitest';
import { type Client, clientOf } from '../../src/client/client.ts';
import { linkOf } from '../../src/client/options.ts';
import { ProblemError } from '../../src/client/problem.ts';
import type { TransportRequest } from '../../src/client/transport.ts';
import type { WatchNews } from '../../src/client/watch.ts';

type Said = {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** In this many pieces of one character each, so that nothing depends on where a body is cut. */
  readonly text?: string;
};

/** A server that says these things, one for each request; an error is a connection that breaks. */
function scripted(...script: readonly (Said | Error)[]) {
  const asked: TransportRequest[] = [];
  const pauses: number[] = [];
  const link = linkOf(
    { server: 'http://boot-0:10080/', token: 'secret' },
    async (request) => {
      asked.push(request);
      const said = script[asked.length - 1];
      if (said === undefined) return new Promise<never>(() => {});
      if (said instanceof Error) throw said;
      const text = said.text ?? (said.body === undefined ? '' : JSON.stringify(said.body));
      return {
        status: said.status ?? 200,
        header: (name) => said.headers?.[name],
        pieces: lettersOf(text),
      };
    },
    {
      pause: async (ms) => void pauses.push(ms),
      chance: () => 0,
      deadline: () => ({ signal: new AbortController().signal, stop: () => {} }),
    },
  );
  const client: Client = clientOf(link);
  return { client, asked, pauses, paths: () => asked.map(({ url }) => url.split('/api/v2')[1]) };
}

async function* lettersOf(text: string): AsyncGenerator<Uint8Array> {
  for (const octet of new TextEncoder().encode(text)) yield Uint8Array.of(octet);
}

const problem = (status: number, kind: string, more: object = {}): Said => ({
  status,
  body: { type: `urn:tetsukan:problem:${kind}`, detail: `it is ${kind}`, ...more },
});

async function failureOf(call: Promise<unknown>): Promise<ProblemError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ProblemError) return error;
  throw new Error(`no ProblemError, but ${String(error)}`);
}

describe('a call', () => {
  it('puts path, query, condition, body and token where they belong', async () => {
    const { client, asked } = scripted({ body: { serial: 'a/b' } });
    const machine = await client.patchMachine(
      { serial: 'a/b', dryRun: true, ifMatch: '12', body: { spec: { labels: { x: 'ü' } } } },
      { idempotencyKey: 'k' },
    );
    expect(machine.serial).toBe('a/b');
    expect(asked).toMatchObject([
      {
        method: 'PATCH',
        url: 'http://boot-0:10080/api/v2/machines/a%2Fb?dryRun=true',
        body: '{"spec":{"labels":{"x":"ü"}}}',
        headers: {
          authorization: 'Bearer secret',
          'if-match': '"12"',
          'content-type': 'application/merge-patch+json',
          'idempotency-key': 'k',
        },
      },
    ]);
  });

  it('that is refused is a typed error with every mistake', async () => {
    const errors = [{ pointer: '/0/spec/rack', detail: 'must be a number' }];
    const { client } = scripted(problem(400, 'invalid', { errors, requestId: 'r-1' }));
    const error = await failureOf(client.registerMachines({ body: [] }));
    expect(error).toMatchObject({ kind: 'invalid', status: 400, errors, requestId: 'r-1' });
    expect(error.message).toBe('it is invalid');
  });

  it('knows what a proxy says without a problem document', async () => {
    const { client } = scripted({ status: 401, text: '<html>' });
    expect(await failureOf(client.getStatus())).toMatchObject({
      kind: 'token-missing',
      status: 401,
    });
  });

  it('that only reads is tried again, as late as the server asks', async () => {
    const busy = {
      ...problem(503, 'not-live', { retryable: true }),
      headers: { 'retry-after': '2' },
    };
    const { client, pauses } = scripted(new Error('ECONNRESET'), busy, { body: { rack: 3 } });
    expect(await client.getRack({ rack: 3 })).toEqual({ rack: 3 });
    expect(pauses).toEqual([250, 2000]);
  });

  it('that writes is not, unless it has an idempotency key', async () => {
    const { client, asked } = scripted(new Error('ECONNRESET'), new Error('ECONNRESET'), {
      body: { items: [] },
    });
    const error = await failureOf(client.registerMachines({ body: [] }));
    expect(error).toMatchObject({ kind: 'unreachable', status: undefined });
    expect(asked).toHaveLength(1);
    await client.registerMachines({ body: [] }, { idempotencyKey: 'k' });
    expect(asked).toHaveLength(3);
  });

  it('is given up after three tries', async () => {
    const broken = new Error('ECONNREFUSED');
    const { client, asked } = scripted(broken, broken, broken, { body: {} });
    expect((await failureOf(client.getStatus())).message).toMatch(
      /cannot reach http:\/\/boot-0:10080/,
    );
    expect(asked).toHaveLength(3);
  });

  it('that lacks a parameter of its path asks nobody', async () => {
    const { client, asked } = scripted({ body: {} });
    await expect(client.getMachine({ serial: '' })).rejects.toThrow(/needs serial/);
    expect(asked).toEqual([]);
  });
});

const page = (items: readonly string[], next: string | null, revision = '7'): Said => ({
  body: { items, revision, total: 3, next },
});

describe('a list', () => {
  it('is walked page by page', async () => {
    const { client, paths } = scripted(page(['a', 'b'], 'c1'), page(['c'], null));
    const seen: unknown[] = [];
    for await (const { items, isAnew } of client.listMachines({
      fieldSelector: 'rack=3',
      limit: 2,
    }))
      seen.push([items, isAnew]);
    expect(seen).toEqual([
      [['a', 'b'], false],
      [['c'], false],
    ]);
    expect(paths()[1]).toBe('/machines?fieldSelector=rack%3D3&limit=2&cursor=c1');
  });

  it('begins anew when its moment is gone, and all() has nothing twice', async () => {
    const script = [
      page(['a'], 'c1'),
      problem(410, 'cursor-gone'),
      page(['b'], 'c2', '9'),
      page(['c'], null, '9'),
    ];
    const { client } = scripted(...script);
    const all = await client.listMachines().all();
    expect(all).toEqual({ items: ['b', 'c'], revision: '9', missing: [] });
  });

  it('of what can be read says what it lacks', async () => {
    const missing = [{ key: 'lease-usages/10.69.0.96', text: 'left out', todo: 'mend it' }];
    const body = { items: ['a'], revision: '7', total: 1, next: null, missing };
    const { client, paths } = scripted({ body });
    const all = await client.listLeases({ partial: true }).all();
    expect([all.items, all.missing, paths()]).toEqual([['a'], missing, ['/leases?partial=true']]);
  });

  it('that never ends before it is gone is a typed error', async () => {
    const script = Array.from({ length: 20 }, (_, at) =>
      at % 2 ? problem(410, 'cursor-gone') : page(['a'], 'c'),
    );
    const { client } = scripted(...script);
    expect(await failureOf(client.listMachines().all())).toMatchObject({ kind: 'cursor-gone' });
  });
});

const changes = (id: string) =>
  `id: ${id}\nevent: changes\ndata: ${JSON.stringify({ revision: id, changes: [{ kind: 'modified', name: 'a', object: { grüße: id } }] })}\n\n`;
const bookmark = (id: string) => `id: ${id}\nevent: bookmark\ndata: {}\n\n`;
const streamError = (status: number) =>
  `event: error\ndata: ${JSON.stringify({ status, detail: 'why' })}\n\n`;

async function watched(
  client: Client,
  count: number,
  onBreak: (problem: ProblemError) => void = () => {},
): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const news of client.watchMachines({ from: '5' }, { onBreak })) {
    ids.push(`${news.kind} ${news.id}`);
    if (ids.length === count) return ids;
  }
  return ids;
}

describe('a watch', () => {
  it('goes on with the last id, whatever broke', async () => {
    const { client, asked } = scripted(
      { text: changes('6') + bookmark('8') + changes('9').slice(0, -1) },
      new Error('ECONNREFUSED'),
      problem(503, 'not-live'),
      { text: changes('9') + streamError(429) },
      { text: changes('10') },
    );
    const breaks: string[] = [];
    const seen = await watched(client, 4, ({ kind }) => breaks.push(kind));
    expect(seen).toEqual(['changes 6', 'bookmark 8', 'changes 9', 'changes 10']);
    expect(asked.map(({ headers }) => headers['last-event-id'])).toEqual(['5', '8', '8', '8', '9']);
    expect(breaks).toEqual(['unreachable', 'not-live', 'too-slow']);
  });

  it.each([
    ['its history is gone', problem(410, 'history-gone'), 'history-gone'],
    ['its history is gone in the middle', { text: streamError(410) }, 'history-gone'],
    ['its token has ended', problem(401, 'token-wrong'), 'token-wrong'],
    ['too many watch', problem(429, 'watchers-busy'), 'watchers-busy'],
  ])('ends with a typed error when %s', async (_, said, kind) => {
    const { client } = scripted(said);
    expect(await failureOf(watched(client, 1))).toMatchObject({ kind });
  });

  it('ends without an error when its signal says so', async () => {
    const { client } = scripted({ text: changes('6') });
    const controller = new AbortController();
    const seen: WatchNews<unknown>[] = [];
    for await (const news of client.watchMachines({}, { signal: controller.signal })) {
      seen.push(news);
      controller.abort();
    }
    expect(seen).toMatchObject([{ kind: 'changes', changes: [{ object: { grüße: '6' } }] }]);
  });
});

describe('what a client is made with', () => {
  it('must be a URL of a server', () => {
    expect(() => linkOf({ server: 'boot-0:10080' }, never, never as never)).toThrow(/is no http/);
  });
});

const never = () => new Promise<never>(() => {});
