import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/io/system-clock.ts';
import { peerDownload } from '../../src/pxe/io/peer-download.ts';
import { createPeerSource } from '../../src/pxe/spread/peer-source.ts';
import { sha256Hex } from '../support/digest.ts';

const content = Buffer.alloc(3_000_000, 'all the bytes of a blob, ');
const whole = { fromByte: 0, ifRange: undefined };
const servers: Server[] = [];

/** Headers tell these servers' contents to be the same. */
const sourceOf = (peers: readonly string[]) =>
  createPeerSource({
    clock: systemClock,
    download: peerDownload,
    peers,
    isOwn: () => false,
    bytesMax: content.length,
    accepts: () => undefined,
  });

async function aServer(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/blob`;
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** Announces all and ends the connection in the middle. */
const breaking: RequestListener = (_, response) => {
  response.writeHead(200, { 'content-length': content.length, 'x-id': '7' });
  response.write(content.subarray(0, 1_000_000), () => response.destroy());
};

const resuming: RequestListener = (request, response) => {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const range = `bytes ${start}-${content.length - 1}/${content.length}`;
  response.writeHead(start > 0 ? 206 : 200, { 'content-range': range });
  response.end(content.subarray(start));
};

describe('a download from another server', () => {
  it('has its status, its headers and its bytes', async () => {
    const url = await aServer(resuming);
    const opened = await peerDownload(url, { fromByte: 2_999_990, ifRange: undefined });
    if (!opened.ok) throw new Error(opened.error);
    expect(opened.value.status).toBe(206);
    expect(opened.value.headers.get('content-range')).toBe('bytes 2999990-2999999/3000000');
    const chunks: Uint8Array[] = [];
    for await (const chunk of opened.value.chunks) chunks.push(chunk);
    expect(Buffer.concat(chunks)).toEqual(content.subarray(2_999_990));
  });

  it('does not follow a redirect, which may lead in circles', async () => {
    const url = await aServer((_, response) => {
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    const opened = await peerDownload(url, whole);
    expect(opened.ok && opened.value.status).toBe(302);
    if (opened.ok) opened.value.close();
  });

  it('that breaks off is continued at the next server, byte for byte', async () => {
    const less: RequestListener = (_, response) => {
      response.writeHead(200, { 'content-length': content.length, 'x-id': '7' });
      response.write(content.subarray(0, 100), () => response.destroy());
    };
    const peers = [await aServer(breaking), await aServer(less), await aServer(resuming)];
    const source = sourceOf(peers);
    const chunks: Uint8Array[] = [];
    for await (const chunk of source.chunks) chunks.push(chunk);
    expect(sha256Hex(Buffer.concat(chunks))).toBe(sha256Hex(content));
    // The second one had nothing beyond what the first one sent.
    expect(source.senders()).toEqual([peers[0], peers[2]]);
  });

  it('is an error, not an end, when nobody else has it', async () => {
    let asked = 0;
    const once: RequestListener = (request, response) => {
      asked += 1;
      if (asked === 1) breaking(request, response);
      else response.writeHead(404).end();
    };
    const peers = [await aServer(once)];
    const source = sourceOf(peers);
    const read = async () => {
      for await (const chunk of source.chunks) expect(chunk.length).toBeGreaterThan(0);
    };
    await expect(read()).rejects.toThrow(/HTTP 404/);
  });

  it('ends at once when it is called off', async () => {
    const url = await aServer((_, response) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 1_000));
    });
    const source = sourceOf([url]);
    const iterator = source.chunks[Symbol.asyncIterator]();
    await iterator.next();
    const next = iterator.next();
    source.abort();
    await expect(next).rejects.toThrow(/called off/);
  });

  it('says that nobody is there', async () => {
    const opened = await peerDownload('http://127.0.0.1:1/blob', whole);
    expect(opened).toMatchObject({ ok: false, error: expect.stringContaining('ECONNREFUSED') });
  });
});
