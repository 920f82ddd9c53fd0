import { describe, expect, it } from 'vitest';
import { fail, ok } from '../../../src/base/result.ts';
import { createPeerSource } from '../../../src/pxe/spread/peer-source.ts';
import type { PeerDownload } from '../../../src/pxe/spread/spreadable.ts';
import { manualClock } from '../../support/clock.ts';
import { pieces, utf8 } from '../../support/tar.ts';

const content = 'the whole content of the blob';

type Peer = {
  /** Bytes sent before the connection breaks, by attempt. */
  readonly breaksAfter?: readonly number[];
  readonly status?: number;
  readonly location?: string;
  /** Attempts that find nobody. */
  readonly isAway?: (attempt: number) => boolean;
  readonly content?: string;
  /** Default: one that all peers share. `''`: none, and no ranges, as a real Sabakan has it. */
  readonly etag?: string;
};

/** Peers by URL; remembers who was asked for what, and which connections are open. */
function peersOf(peers: Readonly<Record<string, Peer>>) {
  const asked: string[] = [];
  const attempts = new Map<string, number>();
  let open = 0;
  const download: PeerDownload = async (url, { fromByte, ifRange }) => {
    asked.push(`${url}@${fromByte}`);
    const attempt = attempts.get(url) ?? 0;
    attempts.set(url, attempt + 1);
    const peer = peers[url] ?? {};
    if (peer.isAway?.(attempt)) return fail('connection refused');
    const etag = peer.etag ?? '"same"';
    const whole = utf8(peer.content ?? content);
    const isPart = fromByte > 0 && etag !== '' && (ifRange === undefined || ifRange === etag);
    const bytes = whole.subarray(isPart ? fromByte : 0);
    const sent = Math.min(peer.breaksAfter?.[attempt] ?? bytes.length, bytes.length);
    async function* chunks() {
      yield* pieces(bytes.subarray(0, sent), 4);
      if (sent < bytes.length) throw new Error('reset');
    }
    open += 1;
    const headers = new Map<string, string>();
    if (etag !== '') headers.set('etag', etag).set('content-length', String(bytes.length));
    if (isPart)
      headers.set('content-range', `bytes ${fromByte}-${whole.length - 1}/${whole.length}`);
    if (peer.location !== undefined) headers.set('location', peer.location);
    let isOpen = true;
    const close = () => {
      if (isOpen) open -= 1;
      isOpen = false;
    };
    return ok({ status: peer.status ?? (isPart ? 206 : 200), headers, chunks: chunks(), close });
  };
  return { download, asked, open: () => open };
}

async function read(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  try {
    for await (const chunk of chunks) text += new TextDecoder().decode(chunk);
  } catch (error) {
    return `error: ${(error as Error).message}`;
  }
  return text;
}

function aSource(
  peers: Readonly<Record<string, Peer>>,
  first = Object.keys(peers),
  more: Partial<Parameters<typeof createPeerSource>[0]> = {},
) {
  const clock = manualClock();
  const { download, asked, open } = peersOf(peers);
  const isOwn = (url: string) => url.startsWith('http://own/');
  const deps = { clock, download, peers: first, isOwn, bytesMax: 100 };
  return { source: createPeerSource({ ...deps, ...more }), clock, asked, open };
}

const check = async (
  peers: Readonly<Record<string, Peer>>,
  first?: readonly string[],
  more?: Partial<Parameters<typeof createPeerSource>[0]>,
) => {
  const { source, clock, asked, open } = aSource(peers, first && [...first], more);
  const reading = read(source.chunks);
  await clock.run(200_000);
  const text = await reading;
  expect(open()).toBe(0);
  return { text, asked: asked.join(' '), senders: source.senders().join(' ') };
};

const once = (attempt: number) => attempt === 0;

describe('a blob from other servers', () => {
  it('comes from the first that has it', async () => {
    expect(await check({ a: {}, b: {} })).toEqual({ text: content, asked: 'a@0', senders: 'a' });
  });

  it('goes on at another one where the first broke off', async () => {
    expect(await check({ a: { breaksAfter: [10] }, b: {} })).toEqual({
      text: content,
      asked: 'a@0 b@10',
      senders: 'a b',
    });
  });

  it('goes on at the same one, also when that is away for a while', async () => {
    const restarts = {
      breaksAfter: [10],
      isAway: (attempt: number) => [1, 2, 3].includes(attempt),
    };
    expect(await check({ a: restarts })).toEqual({
      text: content,
      asked: 'a@0 a@10 a@10 a@10 a@10',
      senders: 'a',
    });
  });

  it('survives many breaks and servers that are away', async () => {
    const { text, asked } = await check({
      a: { isAway: once, breaksAfter: [0, 4] },
      b: { breaksAfter: [8, 4] },
      c: { status: 404 },
      d: { breaksAfter: [4, 1, 2] },
    });
    expect(text).toBe(content);
    expect(asked).toMatch(/^a@0 b@0 c@8 d@8 a@12 b@16 /);
  });

  it('is begun nowhere else without a proof that it is the same', async () => {
    const sabakan = { etag: '', breaksAfter: [10] };
    const { text, asked } = await check({ a: sabakan, b: {} });
    expect([text, asked]).toEqual([
      'error: a: broke off at byte 10: reset; it cannot be gone on with: the answer had no ETag',
      'a@0',
    ]);
  });

  it('of which headers name the version goes on at servers without tags', async () => {
    const accepts = () => undefined;
    const peers = { a: { etag: '', breaksAfter: [10] }, b: { etag: '' } };
    const { text, asked } = await check(peers, undefined, { accepts });
    expect([text, asked]).toEqual([content, 'a@0 b@10']);
  });

  it('goes on only with the content that it began with', async () => {
    const { text, asked } = await check({
      a: { breaksAfter: [10, 5] },
      b: { etag: '"other"', content: content.toUpperCase() },
    });
    expect([text, asked]).toEqual([content, 'a@0 b@10 a@10 a@15']);
  });

  it('is followed to where a server sends us', async () => {
    const peers = { 'http://a/': { status: 302, location: '/b' }, 'http://a/b': {} };
    expect(await check(peers, ['http://a/'])).toEqual({
      text: content,
      asked: 'http://a/@0 http://a/b@0',
      senders: 'http://a/',
    });
  });

  it('that keeps breaking off after few bytes is given up at last', async () => {
    const long = 'x'.repeat(90);
    const breaksAfter = Array.from({ length: 90 }, () => 1);
    const { text, asked } = await check({ a: { breaksAfter, content: long } });
    expect(text).toMatch(/^error: a: broke off at byte 40: reset$/);
    expect(asked.split(' ').length).toBe(40);
  });

  it.each<[string, Readonly<Record<string, Peer>>, string, string]>([
    ['nobody has it', {}, 'no other server offers it', ''],
    ['all are away', { a: { isAway: () => true } }, 'a: connection refused', 'a@0'],
    ['it is an error page', { a: { status: 500 } }, 'a: HTTP 500', 'a@0'],
    [
      'we are sent to ourselves',
      { 'http://a/': { status: 302, location: 'http://own/blob' } },
      'http://a/: sent us back to ourselves',
      'http://a/@0',
    ],
    [
      'it breaks off and nobody comes back',
      { a: { breaksAfter: [4], isAway: (attempt) => attempt > 0 } },
      'a: connection refused',
      'a@0 a@4 a@4 a@4 a@4 a@4 a@4',
    ],
    [
      'more comes than it can have',
      { a: { content: 'x'.repeat(101), etag: '' } },
      'a: broke off at byte 100: sent more than the 100 bytes that it may be; it cannot be gone on with: the answer had no ETag',
      'a@0',
    ],
    [
      'more is announced than it can have',
      { a: { content: 'x'.repeat(101) } },
      'a: offers 101 bytes, more than the 100 that it may be',
      'a@0',
    ],
  ])('ends with an error when %s', async (_, peers, why, asked) => {
    expect(await check(peers)).toMatchObject({ text: `error: ${why}`, asked });
  });

  it('is not followed in circles', async () => {
    const to = (location: string): Peer => ({ status: 302, location });
    const peers = { 'http://a/': to('http://b/'), 'http://b/': to('http://a/') };
    const { text, asked } = await check(peers, ['http://a/']);
    expect(text).toBe('error: http://a/: sent us on more than 3 times');
    expect(asked.split(' ').length).toBe(4);
  });

  it('is asked for when it is read, and its connection ends when it is called off', async () => {
    const { source, asked, open } = aSource({ a: {}, b: {} });
    expect(asked).toEqual([]);
    const iterator = source.chunks[Symbol.asyncIterator]();
    await iterator.next();
    expect(open()).toBe(1);
    source.abort();
    expect(open()).toBe(0);
  });

  it('that waits for a server to come back ends at once when it is called off', async () => {
    const { source, clock } = aSource({ a: { breaksAfter: [4], isAway: (at) => at > 0 } });
    const reading = read(source.chunks);
    await clock.run(500);
    source.abort();
    expect(await reading).toBe('error: a: broke off at byte 4: reset; called off');
  });
});
