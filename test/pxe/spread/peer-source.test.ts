import { describe, expect, it } from 'vitest';
import { fail, ok } from '../../../src/base/result.ts';
import { createPeerSource } from '../../../src/pxe/spread/peer-source.ts';
import type { PeerDownload } from '../../../src/pxe/spread/spreadable.ts';
import { pieces, utf8 } from '../../support/tar.ts';

const content = 'the whole content of the blob';

type Peer = {
  /** Bytes sent before the connection breaks. */
  readonly breaksAfter?: number;
  readonly status?: number;
  /** Whether it sends from the byte asked for. */
  readonly knowsRanges?: boolean;
  readonly rangeHeader?: string;
  readonly content?: string;
  readonly isAway?: boolean;
};

/** A world of peers by URL; remembers who was asked for what, and which connections are open. */
function peersOf(peers: Readonly<Record<string, Peer>>) {
  const asked: string[] = [];
  let open = 0;
  const download: PeerDownload = async (url, fromByte) => {
    asked.push(`${url}@${fromByte}`);
    const peer = peers[url] ?? {};
    if (peer.isAway) return fail('connection refused');
    const isPart = peer.knowsRanges === true && fromByte > 0;
    const bytes = utf8(peer.content ?? content).subarray(isPart ? fromByte : 0);
    const sent = peer.breaksAfter ?? bytes.length;
    async function* chunks() {
      yield* pieces(bytes.subarray(0, sent), 4);
      if (sent < bytes.length) throw new Error('reset');
    }
    open += 1;
    const range = peer.rangeHeader ?? `bytes ${fromByte}-28/29`;
    return ok({
      status: peer.status ?? (isPart ? 206 : 200),
      headers: new Map(isPart ? [['content-range', range]] : []),
      chunks: chunks(),
      close: () => {
        open -= 1;
      },
    });
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

const check = async (peers: Readonly<Record<string, Peer>>) => {
  const world = peersOf(peers);
  const { download } = world;
  const source = createPeerSource({
    download,
    peers: Object.keys(peers),
    accepts: () => undefined,
  });
  const text = await read(source.chunks);
  expect(world.open()).toBe(0);
  return { text, asked: world.asked, from: source.from() };
};

describe('a blob from other servers', () => {
  it('comes from the first that has it', async () => {
    expect(await check({ a: {}, b: {} })).toEqual({ text: content, asked: ['a@0'], from: 'a' });
  });

  it('goes on at another one where the first broke off', async () => {
    expect(await check({ a: { breaksAfter: 10 }, b: { knowsRanges: true } })).toEqual({
      text: content,
      asked: ['a@0', 'b@10'],
      from: 'b',
    });
  });

  it('is put together the same when the other one sends all again', async () => {
    const { text } = await check({ a: { breaksAfter: 10 }, b: {} });
    expect(text).toBe(content);
  });

  it('survives several breaks and servers that are away', async () => {
    const { text, asked } = await check({
      a: { isAway: true },
      b: { breaksAfter: 8 },
      c: { status: 404 },
      d: { knowsRanges: true, breaksAfter: 4 },
      e: { knowsRanges: true },
    });
    expect(text).toBe(content);
    expect(asked).toEqual(['a@0', 'b@0', 'c@8', 'd@8', 'e@12']);
  });

  it.each<[string, Readonly<Record<string, Peer>>, RegExp]>([
    ['nobody has it', {}, /no other server offers it/],
    ['all are away', { a: { isAway: true } }, /a: connection refused/],
    ['it is an error page', { a: { status: 500 } }, /a: HTTP 500/],
    ['it is elsewhere', { a: { status: 302 } }, /a: HTTP 302/],
    ['it breaks off for good', { a: { breaksAfter: 4 } }, /a: broke off at byte 4: reset/],
    [
      'another part comes than was asked for',
      { a: { breaksAfter: 4 }, b: { knowsRanges: true, rangeHeader: 'bytes 0-28/29' } },
      /b: sent "bytes 0-28\/29" instead of 4-/,
    ],
    [
      'the next one has a shorter blob',
      { a: { breaksAfter: 10 }, b: { content: 'short' } },
      /b: broke off at byte 10: it is 5 bytes shorter/,
    ],
  ])('ends with an error when %s', async (_, peers, why) => {
    expect((await check(peers)).text).toMatch(why);
  });

  it('is not taken from a server that has another version', async () => {
    const { download, open } = peersOf({ a: {} });
    const accepts = () => 'it has version 8';
    const source = createPeerSource({ download, peers: ['a'], accepts });
    expect(await read(source.chunks)).toBe('error: a: it has version 8');
    expect([open(), source.from()]).toEqual([0, undefined]);
  });

  it('is asked for when it is read, and its connection ends when it is called off', async () => {
    const { download, asked, open } = peersOf({ a: {}, b: {} });
    const source = createPeerSource({ download, peers: ['a', 'b'], accepts: () => undefined });
    expect(asked).toEqual([]);
    const iterator = source.chunks[Symbol.asyncIterator]();
    await iterator.next();
    expect(open()).toBe(1);
    source.abort();
    expect(open()).toBe(0);
  });
});
